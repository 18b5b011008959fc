import { describe, expect, test } from "vitest";
import { dropOldest } from "../../../client/log/held-rows.ts";
import { DeviceRetention } from "../../../client/log/device-retention.ts";
import type { TopicRetention } from "../../../client/log/rows.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Offset } from "../../../shared/brands.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { batchOfRecords, epoch, ReplicaLab } from "./replica-lab.ts";
import { Tab } from "../log/log-fixture.ts";

const NEVER = new AbortController().signal;

function at(now: number): Clock {
  return { now: () => now, sleep: () => Promise.resolve() };
}

async function filled(retention: TopicRetention): Promise<ReplicaLab> {
  const lab = await ReplicaLab.open({ retention });
  for (let row = 0; row < 5; row += 1) {
    const timestamp = 1_000 * (row + 1);
    await lab.put({ value: `a${row}`, timestamp }, { value: `b${row}`, timestamp });
  }
  return lab;
}

async function retain(
  lab: ReplicaLab,
  now = 6_000,
  retention = new DeviceRetention({ store: lab.tab.store, clock: at(now) }),
): Promise<number> {
  return await retention.apply(await lab.topicRow(), lab.ref, NEVER);
}

describe("retention on the device", () => {
  test("by time: rows whose newest record is too old go, whole and oldest first", async () => {
    const lab = await filled({ ms: 3_500 });
    expect(await retain(lab)).toBeGreaterThan(0);
    expect(await lab.read()).toBe("4:-=a2 5:-=b2 6:-=a3 7:-=b3 8:-=a4 9:-=b4");
    expect(await lab.partition()).toMatchObject({ heldFrom: 4, logStartOffset: 0, replicatedTo: 10 });
  });

  test("by records: at least as many stay", async () => {
    const lab = await filled({ records: 3 });
    await retain(lab);
    expect(await lab.read()).toBe("6:-=a3 7:-=b3 8:-=a4 9:-=b4");
  });

  test("by bytes: at least as many stay, and what comes later is counted with it", async () => {
    const lab = await filled({ bytes: 1 });
    const retention = new DeviceRetention({ store: lab.tab.store, clock: at(6_000) });
    const dropped = await retain(lab, 6_000, retention);
    expect(await lab.read()).toBe("8:-=a4 9:-=b4");
    await lab.put({ value: "a5" }, { value: "b5" });
    expect(await retain(lab, 6_000, retention)).toBe(dropped / 4);
    expect(await lab.read()).toBe("10:-=a5 11:-=b5");
  });

  test("all may be too old: what comes next goes on where the replica ended", async () => {
    const lab = await filled({ ms: 1 });
    await retain(lab, 1e9);
    expect(await lab.read()).toBe("");
    expect(await lab.partition()).toMatchObject({ heldFrom: 10, replicatedTo: 10, replicatedCrc: 1 });
    await lab.put({ value: "next" });
    expect(await lab.read()).toBe("10:-=next");
  });

  test("tells a reader from below where the device begins, and does not lie about the edge's log", async () => {
    const lab = await filled({ records: 2 });
    await retain(lab);
    const result = await lab.tab.log.replica.read(lab.ref, 1 as Offset, 1e6);
    expect(result).toMatchObject({ logStartOffset: 0, heldFrom: 8, nextOffset: 10 });
  });

  test("never drops what is not synced, nor what is not readable yet", async () => {
    const lab = await filled({ ms: 1 });
    await lab.tab.append("orders-0: mine");
    await lab.change({ replicatedTo: 9 as Offset });
    await retain(lab, 1e9);
    expect(await lab.tab.pending("orders-0")).toBe("0: mine");
    await lab.change({ replicatedTo: 10 as Offset });
    expect(await lab.read()).toBe("8:-=a4 9:-=b4");
  });

  test("without a policy nothing goes", async () => {
    const lab = await filled({});
    expect(await retain(lab, 1e12)).toBe(0);
    expect((await lab.read()).split(" ")).toHaveLength(10);
  });

  test("begins anew with a log that was truncated", async () => {
    const lab = await filled({ records: 2 });
    await retain(lab);
    const empty = { restart: true, from: 3 as Offset, firstOffset: 3 as Offset, nextOffset: 3 as Offset };
    await lab.putBatch(batchOfRecords([{ value: "x" }]), { ...empty, bytes: new Uint8Array(), leaderEpoch: epoch(2) });
    expect(await lab.partition()).toMatchObject({ heldFrom: 3, replicatedTo: 3 });
    await lab.putBatch(batchOfRecords([{ value: "other" }]), { leaderEpoch: epoch(2) });
    expect(await lab.read()).toBe("3:-=other");
  });

  test("moves the start of a topic that is the device's alone, and appends go on", async () => {
    const tab = await Tab.open(new MemoryStore(), { localPartitionCount: 1 });
    for (const value of ["a", "b", "c"]) await tab.append(`notes-0: ${value}`);
    const ref = await tab.ref("notes-0");
    await dropOldest(tab.store, ref, (row) => row.baseOffset < 2, { local: true });
    const result = await tab.log.replica.read(ref, 0 as Offset, 1e6);
    expect(result).toMatchObject({ logStartOffset: 2, heldFrom: 2, nextOffset: 3 });
    expect(await tab.append("notes-0: d")).toBe("notes-0~3@3");
    expect(await tab.log.replica.read(ref, 0 as Offset, 1e6)).toMatchObject({ logStartOffset: 2, nextOffset: 4 });
  });
});

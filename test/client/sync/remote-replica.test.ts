/** Reading through at the edge: ahead of the reader, within its memory, and nothing on the device. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import type { PartitionRef } from "../../../client/log/device-log.ts";
import type { RemoteReplica } from "../../../client/sync/remote-replica.ts";
import type { Offset } from "../../../shared/brands.ts";
import { batches, records } from "../../../shared/record-batch-decode.ts";
import { textOf } from "../../../shared/utf8.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

interface Lab {
  readonly world: World;
  readonly writer: SimulatedTab;
  readonly tab: SimulatedTab;
  readonly reader: RemoteReplica;
  readonly news: PartitionRef[];
}

async function lab(partitionCount = 1): Promise<Lab> {
  const world = new World();
  world.edge.makeTopic("orders", partitionCount);
  const writer = await world.open("writer");
  const tab = await world.open("reader");
  await tab.log.catalog.ensure("orders", null);
  void tab.sync.refreshTopics(["orders"], { create: false });
  await world.clock.until("known", async () => (await tab.log.catalog.byName("orders"))?.partitionCount != null);
  const reader = tab.sync.reader();
  const news: PartitionRef[] = [];
  reader.onNews((refs) => news.push(...refs));
  return { world, writer, tab, reader, news };
}

/** As a consumer reads: on at `nextOffset`, from the log's start where that is behind. Values until there are so many. */
async function readOn(
  { world, tab, reader }: Lab,
  place: string,
  { from = 0, count, bytesMax = 1e6 }: { readonly from?: number; readonly count: number; readonly bytesMax?: number },
): Promise<string> {
  const ref = await tab.ref(place);
  const values: string[] = [];
  let offset = from as Offset;
  await world.clock.until(`${count} of ${place}, have ${values.join(" ")}`, async () => {
    const { runs, nextOffset, logStartOffset } = await reader.read(ref, offset, bytesMax);
    for (const run of runs) {
      expect(run.byteLength).toBe(run.buffer.byteLength);
      for (const batch of batches(run))
        for (const record of records(batch))
          if (record.offset >= offset && record.offset < nextOffset)
            values.push(textOf(record.value ?? new Uint8Array()));
    }
    offset = Math.max(nextOffset, nextOffset === offset ? logStartOffset : 0) as Offset;
    // What the read has set going.
    await world.clock.settle();
    return values.length >= count;
  });
  return values.join(" ");
}

function polls({ world }: Lab): number {
  return world.network.of("fetch").filter(({ device }) => device === "reader").length;
}

describe("reading through", () => {
  test("what is there comes in order, what is appended comes while a poll waits, and the device holds nothing", async () => {
    const all = await lab();
    await all.writer.appendEach("orders-0", "a b c");
    await all.writer.drained();
    expect(await readOn(all, "orders-0", { count: 3 })).toBe("a b c");
    await all.world.clock.advance(2_000);
    const asked = polls(all);
    await all.writer.append("orders-0: d");
    await all.writer.drained();
    expect(await readOn(all, "orders-0", { from: 3, count: 1 })).toBe("d");
    expect(polls(all) - asked).toBeLessThanOrEqual(1);
    expect(await all.tab.replica("orders-0")).toBe("");
    expect(all.news.length).toBeGreaterThan(1);
    expect(all.tab.told()).toEqual([]);
  });

  test("rows tell where a log begins and ends, once the edge has told, and bring no records", async () => {
    const all = await lab();
    await all.writer.appendEach("orders-0", "a b c");
    await all.writer.drained();
    all.world.edge.partition("orders-0").dropBelow(1);
    const ref = await all.tab.ref("orders-0");
    expect(await all.reader.rows([ref])).toEqual([undefined]);
    await all.world.clock.until("told", () => all.news.length > 0);
    const [row] = await all.reader.rows([ref]);
    expect(row).toMatchObject({ logStartOffset: 1, highWatermark: 3, leaderEpoch: { counter: 0 } });
    expect(polls(all)).toBe(1);
    expect(await readOn(all, "orders-0", { from: 3, count: 0 })).toBe("");
    await all.writer.append("orders-0: d");
    expect(await readOn(all, "orders-0", { from: 3, count: 1 })).toBe("d");
  });

  test("from before the log's start: goes on where that is, and nothing is told as lost", async () => {
    const all = await lab();
    await all.writer.appendEach("orders-0", "a b c");
    await all.writer.drained();
    all.world.edge.partition("orders-0").dropBelow(2);
    expect(await readOn(all, "orders-0", { count: 1 })).toBe("c");
    expect(all.tab.told()).toEqual([]);
  });

  test("seeks to and fro, over what compaction left out, with small steps", async () => {
    const all = await lab();
    await all.writer.appendEach("orders-0", "a b c d e");
    await all.writer.drained();
    all.world.edge.partition("orders-0").compactAway(1);
    expect(await readOn(all, "orders-0", { from: 3, count: 2, bytesMax: 1 })).toBe("d e");
    expect(await readOn(all, "orders-0", { from: 0, count: 4, bytesMax: 1 })).toBe("a c d e");
    expect(await readOn(all, "orders-0", { from: 4, count: 1 })).toBe("e");
  });

  test("many partitions come with few requests", async () => {
    const all = await lab(40);
    await all.writer.append(...Array.from({ length: 40 }, (_, index) => `orders-${index}: v${index}`));
    await all.writer.drained();
    for (let index = 0; index < 40; index += 1)
      await all.reader.read(await all.tab.ref(`orders-${index}`), 0 as Offset, 1e6);
    for (let index = 0; index < 40; index += 1)
      expect(await readOn(all, `orders-${index}`, { count: 1 })).toBe(`v${index}`);
    expect(polls(all)).toBeLessThan(8);
  });

  test("fetches ahead, and no more than its memory", async () => {
    const all = await lab(2);
    const { world, writer, tab, reader } = all;
    const value = "y".repeat(700_000);
    for (let index = 0; index < 20; index += 1)
      await writer.append(`orders-0: ${index}${value}`, `orders-1: ${index}${value}`);
    await writer.drained();
    let held = 0;
    const refs = [await tab.ref("orders-0"), await tab.ref("orders-1")];
    for (const ref of refs) await reader.read(ref, 0 as Offset, 1);
    await world.clock.advance(20_000);
    held = world.network.received("reader");
    expect(held).toBeGreaterThan(3_000_000);
    expect(held).toBeLessThan(8_388_608);
    const read = await readOn(all, "orders-1", { count: 20, bytesMax: 1 });
    expect(read.split(" ").map((one) => Number.parseInt(one))).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });
});

describe("what goes wrong", () => {
  test("offline: nothing is there, and it goes on by itself", async () => {
    const all = await lab();
    await all.writer.appendEach("orders-0", "a b");
    await all.writer.drained();
    all.world.network.offline.add("reader");
    const ref = await all.tab.ref("orders-0");
    expect(await all.reader.read(ref, 0 as Offset, 1e6)).toMatchObject({ runs: [], nextOffset: 0 });
    await all.world.clock.advance(60_000);
    expect(all.tab.sync.status().lastError?.code).toBe("NETWORK_EXCEPTION");
    all.world.network.offline.delete("reader");
    expect(await readOn(all, "orders-0", { count: 2 })).toBe("a b");
  });

  test("damage is not given to anybody", async () => {
    const all = await lab();
    await all.writer.append("orders-0: a");
    await all.writer.drained();
    const ref = await all.tab.ref("orders-0");
    await all.reader.rows([ref]);
    await all.world.clock.until("told", () => all.news.length > 0);
    const flip = (body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
      body[body.length - 2] = (body[body.length - 2] ?? 0) ^ 1;
      return body;
    };
    all.world.network.script("fetch", { change: (answer) => ({ ...answer, body: flip(answer.body.slice()) }) });
    expect(await readOn(all, "orders-0", { count: 1 })).toBe("a");
    expect(
      all.tab.events.some((event) => event.type === "sync.state" && event.lastError?.code === "CORRUPT_MESSAGE"),
    ).toBe(true);
  });

  test("a log that is another one since: told, and read on", async () => {
    const all = await lab();
    const { world, writer, tab } = all;
    const partition = world.edge.partition("orders-0");
    await writer.append("orders-0: a");
    await writer.drained();
    const restore = partition.backup();
    await writer.append("orders-0: gone");
    expect(await readOn(all, "orders-0", { count: 2 })).toBe("a gone");
    restore();
    partition.leaderEpoch = { counter: 1, random: 9 };
    const other = await world.open("other");
    await other.appendEach("orders-0", "new newer newest");
    await other.drained();
    expect(await readOn(all, "orders-0", { from: 2, count: 2 })).toBe("newer newest");
    expect(tab.told()).toHaveLength(1);
    await world.clock.advance(1_000);
    const asked = polls(all);
    await world.clock.advance(20_000);
    expect(polls(all) - asked).toBeLessThanOrEqual(1);
  });

  test("closed: asks nothing any more", async () => {
    const all = await lab();
    await all.reader.read(await all.tab.ref("orders-0"), 0 as Offset, 1e6);
    await all.world.clock.advance(1_000);
    all.reader.close();
    await all.world.clock.advance(1_000);
    const asked = all.world.network.seen.length;
    await all.writer.append("orders-0: a");
    await all.writer.drained();
    await all.world.clock.advance(60_000);
    expect(all.world.network.seen.slice(asked).filter(({ device }) => device === "reader")).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import type { FetchedRun, PartitionRef } from "../../../client/log/device-log.ts";
import type { Offset, Partition } from "../../../shared/brands.ts";
import { batchBaseOffset } from "../../../shared/record-batch.ts";
import { runAt } from "./fetched-run.ts";
import { Tab, valuesOf } from "./log-fixture.ts";

async function replicated(): Promise<{
  tab: Tab;
  ref: PartitionRef;
  put: (at: number, batches: string[], more?: Partial<FetchedRun>) => Promise<boolean>;
  read: (offset: number, bytesMax?: number) => Promise<string>;
}> {
  const tab = await Tab.open();
  await tab.learn("orders", 1);
  const ref = { topicKey: (await tab.ref("orders-0")).topicKey, partition: 0 as Partition };
  return {
    tab,
    ref,
    put: async (at, batches, more) => (await tab.log.replica.store([runAt(ref, at, batches, more)])).length > 0,
    /** `0: a b|5: c → 6`: the runs with the offset of their first batch, and where to go on. */
    read: async (offset, bytesMax = 1e9) => {
      const { runs, nextOffset } = await tab.log.replica.read(ref, offset as Offset, bytesMax);
      return `${runs.map((run) => `${batchBaseOffset(run, 0)}: ${valuesOf(run)}`).join("|")} → ${nextOffset}`;
    },
  };
}

describe("the replica", () => {
  test("grows run by run and is read from any offset", async () => {
    const { put, read } = await replicated();
    expect(await put(0, ["a b", "c"])).toBe(true);
    expect(await put(3, ["d"])).toBe(true);
    expect(await read(0)).toBe("0: a b c|3: d → 4");
    expect(await read(1)).toBe("0: a b c|3: d → 4");
    expect(await read(3)).toBe("3: d → 4");
    expect(await read(4)).toBe(" → 4");
    expect(await read(0, 10)).toBe("0: a b c → 3");
  });

  test("drops what would leave a gap", async () => {
    const { put, read } = await replicated();
    await put(0, ["a"]);
    expect(await put(5, ["x"], { highWatermark: 1 as Offset })).toBe(false);
    expect(await read(0)).toBe("0: a → 1");
  });

  test("what comes twice, or late, or overlaps is there once", async () => {
    const { put, read } = await replicated();
    await put(0, ["a b", "c d"]);
    expect(await put(0, ["a b", "c d"])).toBe(false);
    expect(await put(0, ["a b"])).toBe(false);
    expect(await put(2, ["c d", "e"])).toBe(true);
    expect(await read(0)).toBe("0: a b c d|4: e → 5");
    expect(await read(3)).toBe("2: c d e → 5");
    expect(await put(0, ["a b", "c d", "e", "f g"])).toBe(true);
    expect(await read(2)).toBe("0: a b c d e f g → 7");
  });

  test("begins where retention left the log", async () => {
    const { put, read, tab, ref } = await replicated();
    await put(0, ["a", "b"]);
    await put(2, ["c", "d"]);
    await put(4, ["e"], { logStartOffset: 3 as Offset });
    expect(await read(0)).toBe("2: c d|4: e → 5");
    await put(50, ["z"], { logStartOffset: 50 as Offset });
    expect(await read(0)).toBe("50: z → 51");
    expect(await tab.log.outbox.row(ref)).toMatchObject({ logStartOffset: 50, replicatedTo: 51 });
  });

  test("begins anew where the log was truncated", async () => {
    const { put, read, tab, ref } = await replicated();
    await put(0, ["a b", "c"], { leaderEpoch: { counter: 1, random: 1 } });
    const anew = { restart: true, highWatermark: 2 as Offset, leaderEpoch: { counter: 2, random: 1 } };
    await tab.log.replica.store([{ ...runAt(ref, 2, [], anew), lastCrc: null }]);
    // What stands below the cut comes again: the edge may have had other records there as well.
    expect(await read(0)).toBe(" → 0");
    expect(await tab.log.outbox.row(ref)).toMatchObject({ replicatedTo: 0, replicatedCrc: null, highWatermark: 2 });
    expect(await put(0, ["late"], { leaderEpoch: { counter: 1, random: 1 } })).toBe(false);
    expect(await put(0, ["a b"], { leaderEpoch: { counter: 2, random: 1 } })).toBe(true);
    expect(await put(2, ["x"], { leaderEpoch: { counter: 2, random: 1 } })).toBe(true);
    expect(await read(0)).toBe("0: a b|2: x → 3");
  });

  test("own batches that were put ahead of it are found when it gets there", async () => {
    const { tab, ref, put, read } = await replicated();
    await tab.log.catalog.follow(ref.topicKey);
    await tab.append("orders-0: mine");
    await tab.commit("orders-0", 1, 2);
    expect(await read(0)).toBe(" → 0");
    await put(0, ["a", "b", "mine", "c"]);
    expect(await read(2)).toBe("0: a b mine c → 4");
    expect(await read(0)).toBe("0: a b mine c → 4");
  });

  test("many small rows are read in runs of the asked size", async () => {
    const tab = await Tab.open(undefined, { localPartitionCount: 1 });
    for (let index = 0; index < 300; index += 1) await tab.append(`notes-0: v${index}`);
    const read = await tab.log.replica.read(await tab.ref("notes-0"), 0 as Offset, 1e6);
    expect(read.runs).toHaveLength(300);
    expect(read.nextOffset).toBe(300);
    const some = await tab.log.replica.read(await tab.ref("notes-0"), 100 as Offset, 700);
    expect(some.nextOffset).toBeGreaterThan(105);
    expect(some.nextOffset).toBeLessThan(115);
  });
});

test("positions are committed together and told by group", async () => {
  const { tab, ref } = await replicated();
  expect(await tab.log.replica.committed("g", ref)).toBeNull();
  await tab.log.replica.commit("g", [{ ref, offset: 7 as Offset }]);
  expect(await tab.log.replica.committed("g", ref)).toBe(7);
  expect(await tab.log.replica.committed("h", ref)).toBeNull();
});

test("a cut log takes the groups beyond it back, which keep where they were until they commit again", async () => {
  const { tab, ref, put } = await replicated();
  await put(0, ["a b", "c d"]);
  const { replica } = tab.log;
  const other = { topicKey: ref.topicKey, partition: 1 as Partition };
  await replica.commit("ahead", [
    { ref, offset: 4 as Offset },
    { ref: other, offset: 9 as Offset },
  ]);
  await replica.commit("behind", [{ ref, offset: 1 as Offset }]);
  await put(2, ["e"], { restart: true });
  const states = await Promise.all(
    (["ahead", "behind"] as const).map(async (group) => [
      await replica.committed(group, ref),
      await replica.cutFrom(group, ref),
    ]),
  );
  expect(states).toEqual([
    [2, 4],
    [1, null],
  ]);
  expect(await replica.committed("ahead", other)).toBe(9);
  await replica.commit("ahead", [{ ref, offset: 3 as Offset }]);
  expect(await replica.cutFrom("ahead", ref)).toBeNull();
});

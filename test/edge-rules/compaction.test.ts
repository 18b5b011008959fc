/** What compaction leaves of a log, as a table; the language is the fixture's. The last row is never touched. */
import { describe, expect, test } from "vitest";
import { cleanRow } from "../../edge/partition/compaction/clean-row.ts";
import { compactionDue } from "../../edge/partition/compaction/compaction-due.ts";
import { Compaction } from "../../edge/partition/compaction/compaction.ts";
import { OffsetMap } from "../../edge/partition/compaction/offset-map.ts";
import { MemoryLog, STEP, compact, readAll, show } from "./compaction-fixture.ts";

interface Case {
  readonly name: string;
  readonly log: string;
  readonly left: string;
}

const CASES: readonly Case[] = [
  { name: "an older record of a key goes", log: "a1 b1 / a2 / c1", left: "_ b1 / a2 / c1" },
  { name: "the last row supersedes nothing yet", log: "a1 / b1 / a2", left: "a1 / b1 / a2" },
  { name: "the last row is not cleaned", log: "a1 / a2 a3", left: "a1 / a2 a3" },
  { name: "a lone row is the last one", log: "a1 a2", left: "a1 a2" },
  { name: "a row supersedes within itself", log: "a1 a2 a3 b1 / c1", left: "_ _ a3 b1 / c1" },
  { name: "and from batch to batch", log: "a1 b1 | a2 / c1", left: "_ b1 | a2 / c1" },
  { name: "a batch with no record left is gone", log: "a1 | b1 | a2 / c1", left: "# | b1 | a2 / c1" },
  { name: "the last batch of a row as well", log: "b1 | a1 / a2 / c1", left: "b1 | # / a2 / c1" },
  { name: "a row with no batch left is empty", log: "a1 | a2 / a3 / c1", left: "() / a3 / c1" },
  { name: "records without a key stay", log: ".1 .1 a1 .- / a2 / .1", left: ".1 .1 _ .- / a2 / .1" },
  { name: "a tombstone supersedes, and stays at first", log: "a1 b1 / a- / c1", left: "_ b1 / a- / c1" },
  { name: "a tombstone is superseded", log: "a- b1 / a2 / c1", left: "_ b1 / a2 / c1" },
  { name: "gzip is opened", log: "gzip: a1 b1 c1 / gzip: a2 d1 / e1", left: "_ b1 c1 / a2 d1 / e1" },
  { name: "what cannot be opened stays", log: "snappy: a1 / a2 / a3 / c1", left: "? / () / a3 / c1" },
  { name: "and supersedes nothing", log: "a1 / snappy: a2 / c1", left: "a1 / ? / c1" },
  { name: "control batches stay", log: "control: a1 / a2 | control: a3 / a4 / c1", left: "? / # | ? / a4 / c1" },
  { name: "a damaged row stays whole", log: "a1 | damaged: b1 / a2 b2 / c1", left: "a1 | ? / a2 b2 / c1" },
  { name: "its keys count for nothing", log: "a1 / a2 | damaged: b1 / c1", left: "a1 / a2 | ? / c1" },
];

describe("what is left", () => {
  test.each(CASES)("$name: $log", async ({ log: script, left }) => {
    const log = new MemoryLog();
    await log.write(script);
    await compact(log);
    expect(await show(log)).toBe(left);
  });

  test.each(CASES)("in slices of a row and maps of a key: $log", async ({ log: script, left }) => {
    const log = new MemoryLog();
    await log.write(script);
    await compact(log, { force: true, limits: { mapKeysMax: 1, sliceRowsMax: 1 } });
    expect(await show(log)).toBe(left);
  });
});

describe("tombstones", () => {
  async function cleanedAt(script: string, nowMs: number): Promise<MemoryLog> {
    const log = new MemoryLog();
    await log.write(script);
    await compact(log, { nowMs });
    return log;
  }

  test("stand for their time from the first cleaning of their row", async () => {
    const log = await cleanedAt("a1 b1 / a- / c1", 500);
    await compact(log, { nowMs: 1_499 });
    expect(await show(log)).toBe("_ b1 / a- / c1");
    expect(log.state.tombstonesSince).toBe(500);
    await compact(log, { nowMs: 1_500 });
    expect(await show(log)).toBe("_ b1 / () / c1");
    expect(log.state.tombstonesSince).toBeNull();
  });

  test("that came later stand longer", async () => {
    const log = await cleanedAt("a- / c1", 500);
    await log.write("b- d1 d2 d3 d4 d5 / c2");
    await compact(log, { nowMs: 1_000 });
    await compact(log, { nowMs: 1_500 });
    expect(await show(log)).toBe("() / c1 / b- _ _ _ _ d5 / c2");
    await compact(log, { nowMs: 2_000 });
    expect(await show(log)).toBe("() / c1 / _ _ _ _ _ d5 / c2");
  });

  test("stay behind what nobody can open: an older record may stand in it", async () => {
    const log = await cleanedAt("b- / snappy: a1 / a- / c1", 0);
    await compact(log, { nowMs: 9_000 });
    expect(await show(log)).toBe("() / ? / a- / c1");
    expect(log.state.tombstonesSince).toBeNull();
    log.dropBelow(2);
    await compact(log, { nowMs: 9_000, force: true });
    await log.write("d1 d2 d3 / c2");
    await compact(log, { nowMs: 9_000 });
    expect(await show(log)).toBe("() / c1 / _ _ d3 / c2");
  });

  test("with no time to stand go in the pass after", async () => {
    const log = new MemoryLog();
    await log.write("a1 / a- / c1");
    await compact(log, { deleteRetentionMs: 0 });
    expect(await show(log)).toBe("() / () / c1");
  });

  test("of a row that the map ended within stand from the pass that covers it", async () => {
    const log = new MemoryLog();
    await log.write("b1 a1 / b2 a- / c1");
    const compaction = new Compaction(log, log, {
      mapKeysMax: 1,
      mapKeyBytesMax: 100,
      sliceBytesMax: 1_000,
      sliceRowsMax: 64,
      dirtyRatioMin: 0.5,
      rowOverheadBytes: 0,
    });
    for (let nowMs = 100; (await compaction.step({ ...STEP, nowMs, force: true })) === "more"; nowMs += 100);
    const [, row] = log.rows;
    expect(await show(log)).toBe("() / b2 a- / c1");
    // Two steps a pass; the third ends before the tombstone, the fourth behind it.
    expect(row?.tombstonesSince).toBe(800);
  });
});

test("a tombstone that the map does not hold stays, however long it stands: nothing was cleared before it", async () => {
  const log = new MemoryLog();
  await log.write("a-");
  const rules = { map: new OffsetMap(), tombstonesDue: true, behindSealed: false };
  expect(await cleanRow(log.rows[0]?.bytes ?? new Uint8Array(), rules)).toMatchObject({
    bytes: null,
    holdsTombstones: true,
  });
});

describe("a map", () => {
  const key = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

  test("is full by keys or by their bytes, and still learns of keys that it has", () => {
    for (const limits of [
      { mapKeysMax: 2, mapKeyBytesMax: 100 },
      { mapKeysMax: 100, mapKeyBytesMax: 5 },
    ]) {
      const map = new OffsetMap(limits);
      expect([map.put(key("aa"), 1), map.put(key("bb"), 2), map.put(key("cc"), 3)]).toEqual([true, true, false]);
      expect([map.put(key("aa"), 4), map.put(key("bb"), 1)]).toEqual([true, true]);
      expect([map.latest(key("aa")), map.latest(key("bb")), map.latest(key("cc")), map.size]).toEqual([4, 2, -1, 2]);
    }
  });

  test("takes one key of any length, or no pass would ever come past it", () => {
    const map = new OffsetMap({ mapKeysMax: 10, mapKeyBytesMax: 5 });
    const [long, other] = [new Uint8Array(100_000).fill(1), new Uint8Array(100_000).fill(1)];
    other[99_999] = 2;
    expect([map.put(long, 1), map.put(other, 2), map.put(key(""), 3)]).toEqual([true, false, false]);
    expect([map.latest(long), map.latest(other)]).toEqual([1, -1]);
  });

  test("knows keys by their bytes", () => {
    const map = new OffsetMap();
    const keys = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    for (const [offset, one] of keys.entries()) map.put(one, offset);
    map.put(new Uint8Array(), 256);
    expect(keys.map((one) => map.latest(one))).toEqual(keys.map((_, offset) => offset));
    expect(map.latest(new Uint8Array())).toBe(256);
  });
});

describe("a pass is due", () => {
  const times = { nowMs: 1_000, deleteRetentionMs: 500 };
  test.each([
    { cleanBytes: 0, dirtyBytes: 0, tombstonesSince: null, due: false },
    { cleanBytes: 0, dirtyBytes: 1, tombstonesSince: null, due: true },
    { cleanBytes: 100, dirtyBytes: 99, tombstonesSince: null, due: false },
    { cleanBytes: 100, dirtyBytes: 100, tombstonesSince: null, due: true },
    { cleanBytes: 100, dirtyBytes: 0, tombstonesSince: 501, due: false },
    { cleanBytes: 100, dirtyBytes: 0, tombstonesSince: 500, due: true },
  ])("$due: $cleanBytes clean, $dirtyBytes dirty, tombstones since $tombstonesSince", ({ due, ...log }) => {
    expect(compactionDue(log, times)).toBe(due);
  });

  test("as often as the log doubles, also when next to nothing is left of it", async () => {
    const log = new MemoryLog();
    let passes = 0;
    for (let count = 0; count < 512; count += 1) {
      await log.write(`a${count}`);
      if (!new Compaction(log, log).due(times)) continue;
      passes += 1;
      await compact(log);
    }
    expect(passes).toBeLessThan(24);
    expect((await readAll(log)).length).toBeLessThan(512);
  });

  test("and is then under way until it is done; force begins one that is not", async () => {
    const log = new MemoryLog();
    await log.write("a1 b1 c1 d1 / a2 / b2");
    const compaction = new Compaction(log, log);
    expect(compaction.due(times)).toBe(true);
    expect(await compaction.step(STEP)).toBe("more");
    expect(compaction.due(times)).toBe(true);
    expect(await compaction.step(STEP)).toBe("done");
    expect(compaction.due(times)).toBe(false);
    await log.write("c2");
    expect(await compaction.step(STEP)).toBe("done");
    expect(log.state.cleanedTo).toBe(5);
    await compact(log, { force: true });
    expect(log.state.cleanedTo).toBe(6);
    expect(await show(log)).toBe("_ _ c1 d1 / a2 / b2 / c2");
  });
});

test("a slice takes no more than its rows and bytes", async () => {
  const log = new MemoryLog();
  await log.write(Array.from({ length: 9 }, (_, index) => `a${index}`).join(" / "));
  const size = log.rows[0]?.size ?? 0;
  // Eight rows are mapped, then cleaned.
  expect(await compact(log, { limits: { sliceRowsMax: 4 } })).toBe(6);
  const wide = new MemoryLog();
  await wide.write(Array.from({ length: 9 }, (_, index) => `a${index}`).join(" / "));
  expect(await compact(wide, { limits: { sliceBytesMax: 8 * size } })).toBe(2);
});

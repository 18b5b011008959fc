/** Producers' states: few rows written, few read, and the same answers whatever memory happens to hold. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RUNS_PER_SNAPSHOT, shardOf, SHARDS } from "../../edge/partition/producer-states.ts";
import { seeded } from "../harness/seeded.ts";
import { idOf, MemoryPartition } from "./producer-rows.ts";

const DAY_MS = 86_400_000;
const PRODUCERS = 40;
const FOREVER = Number.MAX_SAFE_INTEGER;

/** Some in shards of their own and some not, every fourth one of Kafka's. */
const IDS = Array.from({ length: PRODUCERS }, (_, index) =>
  idOf(index, index % 12, index % 4 === 3 ? "kafka" : "device"),
);

type Step =
  | { readonly kind: "run"; readonly producer: number | null; readonly count: number; readonly waitMs: number }
  | { readonly kind: "void"; readonly producer: number }
  | { readonly kind: "delete"; readonly share: number };

const run = fc.record({
  kind: fc.constant("run" as const),
  producer: fc.option(fc.nat(PRODUCERS - 1), { freq: 5 }),
  count: fc.integer({ min: 1, max: 5 }),
  waitMs: fc.oneof(fc.nat(DAY_MS), fc.constant(0), fc.integer({ min: -3_000 * DAY_MS, max: 3_000 * DAY_MS })),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: run },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("void" as const), producer: fc.nat(PRODUCERS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), share: fc.double({ min: 0, max: 1 }) }) },
);
const history = fc.array(step, { minLength: 50, maxLength: 500, size: "max" });

/** Plays the steps, and says what was known of each producer when it came along, and of all in the end. */
function played(steps: readonly Step[], retentionMs: number, evicts: (index: number) => boolean): unknown {
  const partition = new MemoryPartition(retentionMs);
  let nowMs = 1_700_000_000_000;
  const seen = steps.map((one, index) => {
    if (evicts(index)) partition.evict();
    if (one.kind === "delete") return partition.deleteBelow(Math.floor(partition.nextOffset * one.share));
    const id = one.producer === null ? null : (IDS[one.producer] ?? null);
    const before = id === null ? null : partition.stateOf(id);
    if (one.kind === "run") partition.append(id, one.count, (nowMs += one.waitMs));
    else if (id !== null && one.producer % 4 !== 3) partition.giveUp(id, 2);
    return before;
  });
  if (evicts(steps.length)) partition.evict();
  return [seen, IDS.map((id) => partition.stateOf(id)), [...partition.rows.shardRows.values()]];
}

describe("evictions", () => {
  test.each([FOREVER, 20 * DAY_MS, DAY_MS, 1])("change no answer and no row, retention %d ms", (retentionMs) => {
    const property = fc.property(history, fc.infiniteStream(fc.nat(9)), (steps, chances) => {
      const evicted = played(steps, retentionMs, () => chances.next().value === 0);
      expect(evicted).toEqual(played(steps, retentionMs, () => false));
      expect(played(steps, retentionMs, () => true)).toEqual(evicted);
    });
    fc.assert(property, { numRuns: 40, seed: 11 });
  });
});

describe("rows", () => {
  test("that are deleted are never the only ones that knew something", () => {
    const property = fc.property(history, fc.infiniteStream(fc.nat(9)), (steps, chances) => {
      const partition = new MemoryPartition(FOREVER);
      for (const one of steps) {
        if (chances.next().value === 0) partition.evict();
        if (one.kind === "delete") partition.deleteBelow(Math.ceil(partition.nextOffset * one.share));
        else if (one.kind === "run") partition.append(IDS[one.producer ?? -1] ?? null, one.count, 0);
        else if (one.producer % 4 !== 3) partition.giveUp(IDS[one.producer] ?? idOf(0), 1);
      }
      partition.evict();
      for (const id of IDS) expect(partition.stateOf(id)).toEqual(partition.oracle.get(id));
    });
    fc.assert(property, { numRuns: 60, seed: 12 });
  });

  test.each([
    ["one producer", 1, 0],
    ["a hundred producers", 100, 0],
    ["ten thousand producers", 10_000, 0],
    ["runs without a producer among them", 100, 0.6],
    ["no producer at all", 1, 1],
  ])("of %s: 1.1 a run at most, and a wake reads ten for each shard", (_, producers, anonymous) => {
    const random = seeded(5);
    const partition = new MemoryPartition();
    const runs = 12_000;
    let readMax = 0;
    for (let index = 0; index < runs; index += 1) {
      if (index % 7 === 0) {
        partition.rows.runsRead = 0;
        if (index % 301 === 0) partition.evict();
        readMax = Math.max(readMax, partition.rows.runsRead);
      }
      const id = random() < anonymous ? null : idOf(Math.floor(random() * producers));
      partition.append(id, 1 + Math.floor(random() * 3), index * 1_000);
    }
    expect(partition.rows.shardsWritten / runs).toBeLessThanOrEqual(1 / RUNS_PER_SNAPSHOT);
    const shards = anonymous === 0 ? Math.min(producers, SHARDS) : SHARDS;
    expect(readMax).toBeLessThanOrEqual(shards * RUNS_PER_SNAPSHOT);
  });

  test("a wake reads no states, a look-up one page and a snapshot one shard", () => {
    const partition = new MemoryPartition();
    const { rows } = partition;
    const read = (): readonly number[] => [rows.statesRead, rows.pagesRead];
    for (let index = 0; index < 10_000; index += 1) partition.append(idOf(index % 900), 1, index);
    [rows.statesRead, rows.pagesRead] = [0, 0];
    partition.evict();
    expect(read()).toEqual([0, 0]);
    for (let round = 0; round < 2; round += 1) expect(partition.states.device(idOf(5))).toBeDefined();
    expect(read()).toEqual([0, 1]);
    for (let index = 0; index < 10; index += 1) partition.append(idOf(5), 1, index);
    expect(rows.statesRead).toBe(1);
  });

  test("of a run whose snapshot is of another shard that is due for its age are read again", () => {
    const partition = new MemoryPartition(90 * DAY_MS);
    for (let index = 0; index < 10; index += 1) partition.append(idOf(0, 8), 1, 0);
    for (let index = 0; index < 109; index += 1) partition.append(null, 1, index * DAY_MS);
    partition.append(idOf(1, 7), 1, 109 * DAY_MS);
    expect(partition.rows.shardRows.get(8)?.covers).toBe(120);
    partition.evict();
    expect(partition.states.device(idOf(1, 7))).toEqual(partition.oracle.get(idOf(1, 7)));
  });

  test("that only the clock was read from may be deleted too", () => {
    const [evicted, calm] = [new MemoryPartition(), new MemoryPartition()];
    for (const partition of [evicted, calm]) {
      for (let index = 0; index < 10; index += 1) partition.append(idOf(0), 1, 0);
      for (let index = 1; index < 6; index += 1) partition.append(null, 1, index * DAY_MS);
      expect(partition.deleteBelow(partition.nextOffset)).toBe(15);
      expect(partition.rows.runs).toEqual([]);
      if (partition === evicted) partition.evict();
      for (let index = 6; index < 11; index += 1) partition.append(idOf(1), 1, index * DAY_MS);
    }
    expect(evicted.rows.shardRows).toEqual(calm.rows.shardRows);
    expect(evicted.rows.shardRows.get(shardOf(idOf(1)))).toMatchObject({ covers: 20, clockMs: 10 * DAY_MS });
  });

  test("are no more than twice as many to read again where every shard is always due for its age", () => {
    const partition = new MemoryPartition(1);
    let nowMs = 0;
    for (let index = 0; index < 8_000; index += 1) partition.append(idOf(index % 300), 1, (nowMs += 60_000));
    partition.rows.runsRead = 0;
    partition.evict();
    expect(partition.rows.runsRead).toBeLessThanOrEqual(2 * SHARDS * RUNS_PER_SNAPSHOT);
  });

  test("voids do not put off the snapshots that are due", () => {
    const partition = new MemoryPartition();
    for (let index = 0; index < 3_000; index += 1) {
      partition.append(idOf(index % 400), 1, index);
      if (index % 5 === 0) partition.giveUp(idOf(1_000), 1);
      if (index % 3 === 0) partition.evict();
    }
    partition.rows.runsRead = 0;
    partition.evict();
    expect(partition.rows.runsRead).toBeLessThanOrEqual(SHARDS * RUNS_PER_SNAPSHOT);
  });
});

describe("retention", () => {
  const old = idOf(0, 7);

  /** Runs of another producer of the same shard, the clock going on by `stepMs` with each. */
  function after(partition: MemoryPartition, runs: number, stepMs: (index: number) => number): void {
    let nowMs = 1_000;
    partition.append(old, 1, nowMs);
    for (let index = 0; index < runs; index += 1) partition.append(idOf(1, 7), 1, (nowMs += stepMs(index)));
  }

  test("forgets who was not seen for so long", () => {
    const partition = new MemoryPartition(90 * DAY_MS);
    after(partition, 130, () => DAY_MS);
    expect([partition.states.device(old), partition.states.device(idOf(1, 7))?.nextSequence]).toEqual([undefined, 130]);
  });

  test("forgets nobody before", () => {
    const partition = new MemoryPartition(90 * DAY_MS);
    after(partition, 88, () => DAY_MS);
    expect(partition.states.device(old)?.nextSequence).toBe(1);
  });

  test("forgets nobody because the clock jumps ten years, there and back", () => {
    const partition = new MemoryPartition(90 * DAY_MS);
    after(partition, 130, (index) => (index === 40 ? 3_650 * DAY_MS : index === 60 ? -3_650 * DAY_MS : 1_000));
    expect(partition.states.device(old)?.nextSequence).toBe(1);
  });

  test("reaches shards that nobody writes to any more", () => {
    const partition = new MemoryPartition(90 * DAY_MS);
    partition.append(idOf(0, 8), 1, 0);
    for (let index = 1; index < 400; index += 1) partition.append(idOf(1, 7), 1, index * DAY_MS);
    expect(partition.states.device(idOf(0, 8))).toBeUndefined();
    expect(partition.rows.shardsWritten).toBeLessThanOrEqual(40);
  });

  test("can change while the partition runs", () => {
    const partition = new MemoryPartition(FOREVER);
    after(partition, 129, () => DAY_MS);
    expect(partition.states.device(old)).toBeDefined();
    partition.states.retentionMs = 90 * DAY_MS;
    for (let index = 0; index < 10; index += 1) partition.append(idOf(1, 7), 1, 200 * DAY_MS);
    expect(partition.states.device(old)).toBeUndefined();
  });
});

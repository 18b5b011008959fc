/** Snapshots that would outgrow a row: the partition goes on without them. */
import { expect, test } from "vitest";
import { EMPTY_SNAPSHOT, SnapshotMerge } from "../../edge/partition/producer-snapshot-merge.ts";
import type { DeviceProducerState, ProducerState } from "../../edge/partition/producer-states.ts";
import type { Chain } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { idOf, MemoryPartition, MemoryRows } from "./producer-rows.ts";

const SHARD = 5;
const FOREVER = Number.MAX_SAFE_INTEGER;

function stateWith(counts: { readonly voids?: number; readonly recent?: number }): DeviceProducerState {
  return {
    nextSequence: 2_000_000,
    chain: 1_234_567_890 as Chain,
    recent: Array.from({ length: counts.recent ?? 0 }, (_, at) => ({ sequence: at, count: 1, baseOffset: at })),
    voids: Array.from({ length: counts.voids ?? 0 }, (_, at) => [at * 100, 1, 4_000_000_000] as const),
  };
}

/** A partition whose one shard holds so many producers, as far as they fit. */
function filled(producers: number, state: DeviceProducerState): MemoryPartition {
  const rows = new MemoryRows();
  const states = new Map(Array.from({ length: producers }, (_, index) => [idOf(index, SHARD), state]));
  const merge = SnapshotMerge.of(EMPTY_SNAPSHOT, states, { seen: 0, seenFrom: 0 });
  const head = { replayFrom: 0, runsSinceDue: 0, wallMs: 0, swept: false };
  rows.writeShard({ shard: SHARD, covers: 0, clockMs: 0, states: merge.write(head) });
  return new MemoryPartition(FOREVER, rows);
}

/** Its producers take all but a few bytes of a row, and cannot be told in fewer. */
function full(): MemoryPartition {
  return filled(66, stateWith({ voids: LIMITS.voidsPerProducerMax }));
}

function states(partition: MemoryPartition, shard: number): Uint8Array | undefined {
  return partition.rows.shardRows.get(shard)?.states;
}

/** What is kept in any case. */
function positionOf(state: ProducerState | undefined): unknown {
  return state !== undefined && "chain" in state ? [state.nextSequence, state.chain, state.voids] : undefined;
}

test("a shard that fits without the offsets of recent runs is written without them", () => {
  const partition = filled(49_000, stateWith({ recent: 4 }));
  const before = states(partition, SHARD)?.length ?? 0;
  expect(before).toBeGreaterThan(LIMITS.rowBytesMax - 100_000);
  for (let index = 0; index < 10_000; index += 1) {
    partition.append(idOf(50_000 + index, SHARD), 1, 0);
    if ((states(partition, SHARD)?.length ?? 0) < before) break;
  }
  const [old, fresh] = [idOf(0, SHARD), idOf(50_000, SHARD)];
  expect(partition.states.device(old)).toEqual({ ...stateWith({}), recent: [] });
  expect(partition.states.device(fresh)).toMatchObject({ nextSequence: 1, recent: [] });
});

test("a shard that does not fit at all is left as it was, and others are written", () => {
  const partition = full();
  const before = states(partition, SHARD);
  const many = Array.from({ length: 1_500 }, (_, index) => idOf(1_000 + index, SHARD));
  for (const id of many) partition.append(id, 1, 0);
  for (let index = 0; index < 500; index += 1) {
    for (const id of many.slice(index * 3, index * 3 + 3)) partition.append(id, 1, 0);
    partition.append(idOf(index, 6), 1, 0);
  }
  expect(states(partition, SHARD)?.length).toBeGreaterThan(before?.length ?? 0);
  expect(states(partition, 6)).toBeDefined();
  expect(partition.rows.shardRows.get(SHARD)?.covers).toBeLessThan(partition.nextOffset - 100);
  partition.evict();
  for (const id of many) expect(positionOf(partition.states.device(id))).toEqual(positionOf(partition.oracle.get(id)));
});

test("rows that only they stand for are not deleted", () => {
  const partition = full();
  const many = Array.from({ length: 1_500 }, (_, index) => idOf(1_000 + index, SHARD));
  for (const id of many) partition.append(id, 1, 0);
  partition.append(idOf(0, 6), 1, 0);
  const { covers } = partition.rows.shardRows.get(SHARD) ?? { covers: -1 };
  expect(covers).toBeLessThan(1_400);
  expect(partition.deleteBelow(partition.nextOffset)).toBe(covers);
  expect(partition.deleteBelow(covers - 5)).toBe(covers - 5);
  partition.evict();
  for (const id of many) expect(positionOf(partition.states.device(id))).toEqual(positionOf(partition.oracle.get(id)));
});

test("a void for which there is no room is refused: it would not be remembered", () => {
  const partition = full();
  const before = states(partition, SHARD);
  const voids = stateWith({ voids: LIMITS.voidsPerProducerMax });
  const refused = (): unknown => partition.states.writeSnapshotOf(idOf(66, SHARD), voids, 0);
  expect(refused).toThrow(StrandlineError);
  expect(refused).toThrow(/more batches than are remembered/);
  expect(states(partition, SHARD)).toBe(before);
});

test("a damaged snapshot is a storage error, and not a producer that nobody knows", () => {
  const partition = filled(3, stateWith({ recent: 1 }));
  const row = partition.rows.shardRows.get(SHARD);
  if (row === undefined) throw new Error("no row");
  partition.rows.shardRows.set(SHARD, { ...row, states: row.states.slice(0, -1) });
  expect(() => partition.evict()).toThrow(/a snapshot of producers is damaged/);
});

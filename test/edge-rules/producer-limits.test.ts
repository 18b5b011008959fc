/** Snapshots that would outgrow a row: the partition goes on without them. */
import { describe, expect, test } from "vitest";
import type { ShardRow } from "../../edge/partition/log-rows.ts";
import { pageOf, PAGES } from "../../edge/partition/producer-place.ts";
import type { DeviceProducerState, ProducerState } from "../../edge/partition/producer-states.ts";
import { DIRECTORY_BYTES, ShardDirectory } from "../../edge/partition/shard-directory.ts";
import { EMPTY_SHARD, ShardMerge } from "../../edge/partition/shard-merge.ts";
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
  const merge = ShardMerge.of(EMPTY_SHARD, states, { seen: 0, seenFrom: 0, requestsSeenFrom: 0 });
  const head = { replayFrom: 0, runsSinceDue: 0, wallMs: 0, swept: false };
  rows.writeShard({ shard: SHARD, covers: 0, clockMs: 0, ...merge.write(head) });
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

describe("damage", () => {
  const ids = Array.from({ length: 50 }, (_, index) => idOf(index, SHARD));
  const damaged = /a snapshot of producers is damaged/;

  function broken(change: (row: ShardRow) => Partial<ShardRow>): MemoryPartition {
    const partition = filled(ids.length, stateWith({ recent: 1 }));
    const row = partition.rows.shardRows.get(SHARD);
    if (row === undefined) throw new Error("no row");
    partition.rows.shardRows.set(SHARD, { ...row, ...change(row) });
    return partition;
  }

  function flipped(bytes: Uint8Array, at: number): Uint8Array {
    return bytes.with(at, (bytes[at] ?? 0) ^ 1);
  }

  test("of a page is a storage error, and not a producer that nobody knows; other pages are read as ever", () => {
    const whole = filled(ids.length, stateWith({ recent: 1 })).rows.shardRows.get(SHARD);
    const directory = new ShardDirectory(whole?.directory ?? new Uint8Array());
    for (let page = 0; page < PAGES; page += 1) {
      const { from, end } = directory.range(page);
      for (const at of [from, Math.floor((from + end) / 2), end - 1]) {
        const { states } = broken((row) => ({ states: flipped(row.states, at) }));
        for (const id of ids) {
          if (pageOf(id) === page) expect(() => states.device(id)).toThrow(damaged);
          else expect(states.device(id)).toEqual(stateWith({ recent: 1 }));
        }
      }
    }
  });

  test("is not written on under a CRC that is right", () => {
    const partition = broken((row) => ({ states: flipped(row.states, 0) }));
    const sound = ids.find((id) => pageOf(id) !== 0) ?? idOf(0, SHARD);
    const before = states(partition, SHARD);
    for (let index = 0; index < 9; index += 1) partition.append(sound, 1, 0);
    expect(() => partition.append(sound, 1, 0)).toThrow(damaged);
    expect(states(partition, SHARD)).toBe(before);
  });

  test("at its end is found by who is there", () => {
    const partition = broken((row) => ({ states: row.states.slice(0, -1) }));
    const last = ids.filter((id) => pageOf(id) === PAGES - 1);
    expect(last).not.toEqual([]);
    for (const id of last) expect(() => partition.states.device(id)).toThrow(damaged);
  });

  test("of a directory hides nobody, wherever it is", () => {
    for (let at = 0; at < DIRECTORY_BYTES; at += 1) {
      const other = filled(ids.length, stateWith({ recent: 1 }));
      const row = other.rows.shardRows.get(SHARD);
      if (row === undefined) throw new Error("no row");
      // The newest is of another shard: recovery reads no other directory.
      other.rows.shardRows.set(7, { ...row, shard: 7, covers: 1 });
      other.rows.shardRows.set(SHARD, { ...row, directory: flipped(row.directory, at) });
      other.evict();
      for (const id of ids) expect(() => other.states.device(id)).toThrow(damaged);
      other.rows.shardRows.delete(7);
      expect(() => other.evict()).toThrow(damaged);
    }
  });
});

/** Snapshots that would outgrow a row: the partition goes on without them. */
import { expect, test } from "vitest";
import type { ShardRow } from "../../edge/partition/log-rows.ts";
import {
  ProducerStates,
  shardOf,
  type DeviceProducerState,
  type SnapshotRows,
} from "../../edge/partition/producer-states.ts";
import type { Chain, ProducerId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

class MemoryRows implements SnapshotRows {
  readonly written = new Map<number, ShardRow>();
  shards(): ShardRow[] {
    return [...this.written.values()];
  }
  writeShard(row: ShardRow): void {
    if (row.states.length > LIMITS.rowBytesMax) throw new Error("larger than a row");
    this.written.set(row.shard, row);
  }
  *producerRunsFrom(): Generator<never> {
    yield* [];
  }
}

/** Ids of one shard. */
function idOf(index: number): ProducerId {
  return `4${index.toString(16).padStart(13, "0")}00` as ProducerId;
}

function stateWith(counts: { readonly voids?: number; readonly recent?: number }): DeviceProducerState {
  const at = Array.from({ length: Math.max(counts.voids ?? 0, counts.recent ?? 0) }, (_, index) => 1_000_000 + index);
  return {
    nextSequence: 2_000_000,
    chain: 1_234_567_890 as Chain,
    recent: at.slice(0, counts.recent ?? 0).map((sequence) => ({ sequence, count: 1, baseOffset: sequence })),
    voids: at.slice(0, counts.voids ?? 0).map((sequence) => [sequence, 1, 4_000_000_000] as const),
  };
}

/** So many producers, all in one shard, over a store that takes no larger row than Cloudflare's. */
function filled(producers: number, state: DeviceProducerState): { rows: MemoryRows; states: ProducerStates } {
  const rows = new MemoryRows();
  const states = new ProducerStates(rows);
  for (let index = 0; index < producers; index += 1) states.commit([idOf(index), state], null);
  return { rows, states };
}

test("a shard that fits without the offsets of recent runs is written without them", () => {
  const producers = 7_000;
  const { rows, states } = filled(producers, stateWith({ recent: 5 }));
  expect(states.writeDueSnapshot(42, null)).toEqual({ shard: shardOf(idOf(0)), covers: 42 });
  const again = new ProducerStates(rows);
  expect(again.device(idOf(producers - 1))).toEqual({ ...stateWith({ recent: 5 }), recent: [] });
});

test("a shard that does not fit at all is left as it was, and runs go on", () => {
  const { rows, states } = filled(20_000, stateWith({ voids: 3 }));
  const snapshot = states.writeDueSnapshot(42, null);
  expect([rows.written.size, snapshot]).toEqual([0, { shard: shardOf(idOf(0)), covers: 0 }]);
  states.commit([idOf(0), stateWith({})], snapshot);
  expect(states.writeDueSnapshot(43, null)).toBeNull();
});

test("a void for which there is no room is refused: it would not be remembered", () => {
  const { rows, states } = filled(21, stateWith({ voids: LIMITS.voidsPerProducerMax }));
  const refused = (): unknown => states.writeSnapshotOf(idOf(21), stateWith({ voids: 1 }), 42);
  expect(refused).toThrow(StrandlineError);
  expect(refused).toThrow(/more batches than are remembered/);
  expect(rows.written.size).toBe(0);
});

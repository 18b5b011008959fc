/** The snapshots of all shards: their columns in memory, their blobs in storage and some of them in a cache. */
import type { ProducerId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ShardRow } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import { openSnapshot, ProducerSnapshot, type SnapshotHead } from "./producer-snapshot.ts";
import { EMPTY_SNAPSHOT, SnapshotMerge, type SnapshotAges } from "./producer-snapshot-merge.ts";
import { damaged } from "./producer-state-bytes.ts";
import type { ProducerState } from "./producer-state.ts";
import { SnapshotCache } from "./snapshot-cache.ts";

export const SHARDS = 1024;

/** Of the cache, which holds a snapshot of any size at least. */
const CACHED_BYTES_MAX = 4 * 1024 * 1024;

/** The rows, so far as snapshots need them. */
export type ShardRows = Pick<LogStore, "shards" | "shardStates" | "writeShard">;

export type ShardColumns = Omit<ShardRow, "states">;

/** What a shard's row holds once its transaction is through. */
export interface WrittenShard {
  readonly columns: ShardColumns;
  readonly snapshot: ProducerSnapshot;
}

/** The last bits of the id, which is a hash. */
export function shardOf(id: ProducerId): number {
  return Number.parseInt(id.slice(-3), 16) % SHARDS;
}

export class ShardSnapshots {
  readonly #store: ShardRows;
  readonly #cache = new SnapshotCache(CACHED_BYTES_MAX);
  readonly #columns = new Map<number, ShardColumns>();

  constructor(store: ShardRows) {
    this.#store = store;
    for (const columns of store.shards()) this.#columns.set(columns.shard, columns);
  }

  get cachedBytes(): number {
    return this.#cache.byteLength;
  }

  /** Up to which offset the shard's row is true; 0 where there is none. */
  coversOf(shard: number): number {
    return this.#columns.get(shard)?.covers ?? 0;
  }

  /** The row that was written last. Of several at one offset any will do: nothing was appended in between. */
  newest(): ShardColumns | null {
    return this.#first((one, other) => one.covers > other.covers);
  }

  /** The row that was not written for longest. */
  oldest(): ShardColumns | null {
    return this.#first((one, other) => one.covers < other.covers);
  }

  of(shard: number): ProducerSnapshot {
    if (!this.#columns.has(shard)) return EMPTY_SNAPSHOT;
    const cached = this.#cache.get(shard);
    if (cached !== undefined) return cached;
    const bytes = this.#store.shardStates(shard);
    if (bytes === null) throw damaged(`shard ${shard} has none`);
    const snapshot = openSnapshot(bytes);
    this.#cache.put(shard, snapshot);
    return snapshot;
  }

  /** Null: it does not fit a row. */
  merged(shard: number, changed: ReadonlyMap<ProducerId, ProducerState>, ages: SnapshotAges): SnapshotMerge | null {
    const whole = SnapshotMerge.of(this.of(shard), changed, ages);
    if (whole.byteLength <= LIMITS.rowBytesMax) return whole;
    const short = whole.stripped();
    return short.byteLength <= LIMITS.rowBytesMax ? short : null;
  }

  /** Within a transaction. What is here follows it with `adopt`. */
  write(columns: ShardColumns, merge: SnapshotMerge, head: SnapshotHead): WrittenShard {
    const states = merge.write(head);
    this.#store.writeShard({ ...columns, states });
    return { columns, snapshot: new ProducerSnapshot(states) };
  }

  /** After the transaction. Without a snapshot it is read again once it is needed. */
  adopt(columns: ShardColumns, snapshot: ProducerSnapshot | null): void {
    this.#columns.set(columns.shard, columns);
    if (snapshot === null) this.#cache.delete(columns.shard);
    else this.#cache.put(columns.shard, snapshot);
  }

  #first(before: (one: ShardColumns, other: ShardColumns) => boolean): ShardColumns | null {
    let first: ShardColumns | null = null;
    for (const columns of this.#columns.values()) if (first === null || before(columns, first)) first = columns;
    return first;
  }
}

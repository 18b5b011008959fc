/**
 * The snapshots of all shards: their columns in memory, their pages in storage and some of those in a cache. A look-up
 * reads one page, since V8 is slow to give back the buffers that storage answers with, and a whole shard for each of
 * them would be hundreds of megabytes of them. A write reads the whole shard, and writes it.
 */
import type { ProducerId } from "../../shared/brands.ts";
import type { ShardRow } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import { pageOf, PAGES, shardOf } from "./producer-place.ts";
import { ProducerSnapshot } from "./producer-snapshot.ts";
import { EMPTY_SNAPSHOT } from "./producer-snapshot-merge.ts";
import { damaged } from "./producer-state-bytes.ts";
import type { ProducerState } from "./producer-state.ts";
import { DIRECTORY_BYTES, ShardDirectory, type SnapshotHead } from "./shard-directory.ts";
import { EMPTY_SHARD, openPage, openPages, type ShardMerge, type ShardPages } from "./shard-merge.ts";
import { SnapshotCache } from "./snapshot-cache.ts";

/** Of the cache, which holds a page of any size at least. */
const CACHED_BYTES_MAX = 4 * 1024 * 1024;
/** What JavaScript takes for a shard's columns besides its directory, roughly and rather too much. */
const COLUMNS_BYTES = 400;

/** The rows, so far as snapshots need them. */
export type ShardRows = Pick<LogStore, "shards" | "shardStates" | "shardPage" | "writeShard">;

export type ShardColumns = Omit<ShardRow, "states">;

/** What a shard's row holds once its transaction is through. */
export type WrittenShard = ShardRow;

/** What is written beside the states. */
export interface ShardStamp {
  readonly shard: number;
  readonly covers: number;
  readonly clockMs: number;
}

export class ShardSnapshots {
  readonly #store: ShardRows;
  readonly #cache = new SnapshotCache(CACHED_BYTES_MAX);
  readonly #columns = new Map<number, ShardColumns>();

  constructor(store: ShardRows) {
    this.#store = store;
    for (const columns of store.shards()) this.#columns.set(columns.shard, columns);
  }

  get memoryBytes(): number {
    return this.#cache.byteLength + this.#columns.size * (COLUMNS_BYTES + DIRECTORY_BYTES);
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

  /** Reads one page at most. */
  stateOf(id: ProducerId): ProducerState | undefined {
    return this.#page(shardOf(id), pageOf(id)).stateOf(id);
  }

  /** All pages, past the cache: they are needed once, and would drive out what is needed often. */
  pagesOf(shard: number): ShardPages {
    const columns = this.#columns.get(shard);
    if (columns === undefined) return EMPTY_SHARD;
    const states = this.#store.shardStates(shard);
    if (states === null) throw damaged(`shard ${shard} has none`);
    return openPages(new ShardDirectory(columns.directory), states);
  }

  /** Within a transaction. What is here follows it with `adopt`. */
  write(stamp: ShardStamp, merge: ShardMerge, head: SnapshotHead): WrittenShard {
    const row = { ...stamp, ...merge.write(head) };
    this.#store.writeShard(row);
    return row;
  }

  /** After the transaction. */
  adopt({ states, ...columns }: WrittenShard): void {
    this.#columns.set(columns.shard, columns);
    const directory = new ShardDirectory(columns.directory);
    for (let page = 0; page < PAGES; page += 1) {
      const { from, end } = directory.range(page);
      const key = keyOf(columns.shard, page);
      // Its own copy: a page that is kept must not keep the whole shard.
      if (this.#cache.has(key) && from < end) this.#cache.put(key, new ProducerSnapshot(states.slice(from, end)));
      else this.#cache.delete(key);
    }
  }

  /** As `adopt`: what was cached is read again once it is needed. */
  adoptColumns(columns: ShardColumns): void {
    this.#columns.set(columns.shard, columns);
    for (let page = 0; page < PAGES; page += 1) this.#cache.delete(keyOf(columns.shard, page));
  }

  #page(shard: number, page: number): ProducerSnapshot {
    const columns = this.#columns.get(shard);
    if (columns === undefined) return EMPTY_SNAPSHOT;
    const key = keyOf(shard, page);
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const { from, end } = new ShardDirectory(columns.directory).range(page);
    if (from === end) return EMPTY_SNAPSHOT;
    const bytes = this.#store.shardPage(shard, from, end - from);
    if (bytes?.length !== end - from) throw damaged(`page ${page} of shard ${shard} is cut off`);
    const snapshot = openPage(bytes);
    this.#cache.put(key, snapshot);
    return snapshot;
  }

  #first(before: (one: ShardColumns, other: ShardColumns) => boolean): ShardColumns | null {
    let first: ShardColumns | null = null;
    for (const columns of this.#columns.values()) if (first === null || before(columns, first)) first = columns;
    return first;
  }
}

function keyOf(shard: number, page: number): number {
  return shard * PAGES + page;
}

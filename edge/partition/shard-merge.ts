/**
 * All pages of one shard, and the next snapshot of it: what is read at once and written at once. To have SQLite put the
 * row together from pages that stay (`substr`) and those that changed takes longer, and no less memory.
 */
import type { ProducerId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { PAGES, pageOf } from "./producer-place.ts";
import { openSnapshot, type ProducerSnapshot } from "./producer-snapshot.ts";
import { EMPTY_SNAPSHOT, SnapshotMerge, type SnapshotAges } from "./producer-snapshot-merge.ts";
import { damaged } from "./producer-state-bytes.ts";
import type { ProducerState } from "./producer-state.ts";
import { DIRECTORY_BYTES, directoryBytes, type ShardDirectory, type SnapshotHead } from "./shard-directory.ts";

type States = ReadonlyMap<ProducerId, ProducerState>;

/** As they stand in a row. */
export interface ShardBytes {
  readonly directory: Uint8Array;
  readonly states: Uint8Array;
}

/** By page. */
export type ShardPages = readonly ProducerSnapshot[];

/** Of a shard that has no row yet. */
export const EMPTY_SHARD: ShardPages = Array.from({ length: PAGES }, () => EMPTY_SNAPSHOT);

/** Throws `KAFKA_STORAGE_ERROR` where any page is not what was written. */
export function openPages(directory: ShardDirectory, states: Uint8Array): ShardPages {
  const { end } = directory.range(PAGES - 1);
  if (states.length !== end) throw damaged(`${states.length} bytes of states`);
  return Array.from({ length: PAGES }, (_, page) => {
    const range = directory.range(page);
    return openPage(states.subarray(range.from, range.end));
  });
}

/** Of a page's bytes as they stand between those of others. */
export function openPage(bytes: Uint8Array): ProducerSnapshot {
  return bytes.length === 0 ? EMPTY_SNAPSHOT : openSnapshot(bytes);
}

export class ShardMerge {
  readonly #pages: readonly SnapshotMerge[];

  private constructor(pages: readonly SnapshotMerge[]) {
    this.#pages = pages;
  }

  static of(old: ShardPages, changed: States, ages: SnapshotAges): ShardMerge {
    const byPage = old.map(() => new Map<ProducerId, ProducerState>());
    for (const [id, state] of changed) byPage[pageOf(id)]?.set(id, state);
    return new ShardMerge(old.map((page, index) => SnapshotMerge.of(page, byPage[index] ?? new Map(), ages)));
  }

  get byteLength(): number {
    return DIRECTORY_BYTES + this.#pages.reduce((sum, page) => sum + page.byteLength, 0);
  }

  /** Without what can be done without, if need be. Null: it does not fit a row even so. */
  fitting(): ShardMerge | null {
    if (this.byteLength <= LIMITS.rowBytesMax) return this;
    const short = new ShardMerge(this.#pages.map((page) => page.stripped()));
    return short.byteLength <= LIMITS.rowBytesMax ? short : null;
  }

  write(head: SnapshotHead): ShardBytes {
    const states = new Uint8Array(this.byteLength - DIRECTORY_BYTES);
    const lengths = this.#pages.map(({ byteLength }) => byteLength);
    let at = 0;
    for (const page of this.#pages) {
      page.writeTo(states.subarray(at, at + page.byteLength));
      at += page.byteLength;
    }
    return { directory: directoryBytes(head, lengths), states };
  }
}

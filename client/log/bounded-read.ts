import { compareKeys } from "./key-order.ts";
import type { Entry, Key, KeyRange, StoreName, StoreTransaction } from "./store.ts";
import type { LogRow, PendingRow } from "./rows.ts";

/** Entries asked for at once. Their sizes are not known before: 64 batches of 1 MiB are what a wrong guess may cost. */
const CHUNK_ENTRIES_MAX = 64;

export interface ReadLimit {
  readonly bytesMax: number;
  readonly countMax: number;
}

/**
 * Entries from the start of the range, at least one if there is any, else together at most `bytesMax` and `countMax`.
 * Asks for one, then for twice as many as before, so that large values are not read in vain and small ones do not
 * take a round trip each.
 */
export async function readBounded<Row extends LogRow | PendingRow>(
  transaction: StoreTransaction,
  store: StoreName,
  range: KeyRange,
  limit: ReadLimit,
): Promise<Entry<Row>[]> {
  const found: Entry<Row>[] = [];
  let bytes = 0;
  let chunk = 1;
  let from = range.from;
  // An empty range is a DataError to IndexedDB.
  while (found.length < limit.countMax && bytes < limit.bytesMax && compareKeys(from, range.to) < 0) {
    const wanted = Math.min(chunk, limit.countMax - found.length);
    const entries = await transaction.entries<Row>(store, { from, to: range.to }, wanted);
    for (const entry of entries) {
      bytes += entry.value.bytes.byteLength;
      if (found.length > 0 && bytes > limit.bytesMax) return found;
      found.push(entry);
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < wanted) return found;
    from = successorOf(last.key);
    chunk = nextChunk(chunk, limit.bytesMax - bytes, bytes / found.length);
  }
  return found;
}

function nextChunk(chunk: number, bytesLeft: number, bytesEach: number): number {
  const fitting = Math.ceil(bytesLeft / Math.max(1, bytesEach));
  return Math.max(1, Math.min(chunk * 2, fitting, CHUNK_ENTRIES_MAX));
}

/** The next possible key after `[topicKey, partition, integer]`. */
function successorOf(key: Key): Key {
  const parts = key as readonly number[];
  return [...parts.slice(0, -1), (parts.at(-1) ?? 0) + 1];
}

/** Reads of a partition's log: whole batches from the one that contains an offset, and the batch at a time. */
import type { Crc } from "../../shared/brands.ts";
import {
  batchBaseOffset,
  batchByteLength,
  batchCrc,
  batchLastOffset,
  batchMaxTimestamp,
} from "../../shared/record-batch.ts";
import type { LogStore } from "./log-store.ts";
import type { PartitionBounds, ReadAnswer, ReadRequest } from "./partition-port.ts";

const NOTHING = new Uint8Array();

export class LogReader {
  readonly #store: LogStore;

  constructor(store: LogStore) {
    this.#store = store;
  }

  read(bounds: PartitionBounds, request: ReadRequest): ReadAnswer {
    const { offset, previousCrc } = request;
    const empty = { ...bounds, bytes: NOTHING, divergence: null };
    if (offset < bounds.logStartOffset || offset > bounds.highWatermark)
      return { ...empty, error: "OFFSET_OUT_OF_RANGE" };
    const divergence =
      previousCrc === null || offset === bounds.logStartOffset ? null : this.#divergence(offset, previousCrc);
    if (divergence !== null) return { ...empty, error: "TRUNCATED", divergence };
    if (offset === bounds.highWatermark) return { ...empty, error: null };
    return { ...empty, error: null, bytes: this.#bytesFrom(request) };
  }

  /** As many whole batches as fit. */
  #bytesFrom({ offset, bytesMax, atLeastOne }: ReadRequest): Uint8Array {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (const run of this.#store.runsFrom(offset)) {
      const start = parts.length === 0 ? startOfBatchWith(run.bytes, offset) : 0;
      const end = endWithin(run.bytes, start, bytesMax - length, atLeastOne && parts.length === 0);
      if (end > start) parts.push(run.bytes.subarray(start, end));
      length += end - start;
      if (end < run.bytes.length || length >= bytesMax) break;
    }
    return joined(parts, length);
  }

  /** Null: the batch that ends before the offset is the reader's. Otherwise where the batch that the log has there begins. */
  #divergence(offset: number, previousCrc: Crc): number | null {
    const run = this.#store.runAround(offset - 1);
    if (run === null || (run.lastOffset === offset - 1 && run.lastCrc === previousCrc)) return null;
    const bytes = this.#store.runBytes(run.baseOffset) ?? NOTHING;
    const at = startOfBatchWith(bytes, offset - 1);
    if (at >= bytes.length) return null;
    // A batch that goes on beyond the offset is not the reader's either: borders never move.
    const same = batchLastOffset(bytes, at) === offset - 1 && batchCrc(bytes, at) === previousCrc;
    return same ? null : batchBaseOffset(bytes, at);
  }

  /** The running maximum only grows, so it is searched by halving; its first row at or above the time holds such a record. */
  batchAtTime(bounds: PartitionBounds, timestamp: number): Uint8Array | null {
    let low = bounds.logStartOffset;
    let high = bounds.highWatermark;
    while (low < high) {
      const run = this.#store.runAround(Math.floor((low + high) / 2));
      if (run === null) return null;
      if (run.maxTimestamp >= timestamp) high = run.baseOffset;
      else low = run.lastOffset + 1;
    }
    if (low >= bounds.highWatermark) return null;
    const bytes = this.#store.runBytes(low) ?? NOTHING;
    for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at)) {
      if (batchMaxTimestamp(bytes, at) >= timestamp) return bytes.slice(at, at + batchByteLength(bytes, at));
    }
    return null;
  }
}

function startOfBatchWith(bytes: Uint8Array, offset: number): number {
  let at = 0;
  while (at < bytes.length && batchLastOffset(bytes, at) < offset) at += batchByteLength(bytes, at);
  return at;
}

function endWithin(bytes: Uint8Array, start: number, room: number, atLeastOne: boolean): number {
  if (bytes.length - start <= room) return bytes.length;
  let end = start;
  while (end < bytes.length) {
    const next = end + batchByteLength(bytes, end);
    const first = atLeastOne && end === start;
    if (next - start > room && !first) break;
    end = next;
  }
  return end;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only.byteLength === only.buffer.byteLength ? only : only.slice();
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/**
 * A batch without some of its records. Those that stay are copied byte for byte: their deltas count from the base offset
 * and the base timestamp, and both stay, as do the last offset and all that names the producer.
 */
import { gzipBatch } from "./gzip.ts";
import {
  BATCH_HEADER_BYTES,
  COUNT_AT,
  LENGTH_AT,
  LOG_OVERHEAD_BYTES,
  MAX_TIMESTAMP_AT,
  codecOf,
  writeInt32,
  writeInt64,
} from "./record-batch.ts";
import { recordsStart, type RecordBatch } from "./record-batch-decode.ts";
import { writeCrc } from "./record-batch-encode.ts";
import { RecordCursor } from "./record-cursor.ts";
import type { RowBatch } from "./opened-batches.ts";

export type KeepsRecord = (cursor: RecordCursor) => boolean;

/** `empty`: no record is left. Bytes of a batch of their own otherwise. */
export type RewrittenBatch = "unchanged" | "empty" | Uint8Array;

interface Kept {
  readonly count: number;
  readonly maxTimestamp: number;
  /** `[start, end)` of stretches that stay, one after the other: start, end, start, end … */
  readonly stretches: readonly number[];
  readonly byteLength: number;
}

/** The answer is uncompressed only where the batch was, or where compressing what is left would make it larger. */
export async function rewriteBatch(
  { stored, opened }: Extract<RowBatch, { readonly kind: "records" }>,
  keeps: KeepsRecord,
): Promise<RewrittenBatch> {
  const kept = keptOf(opened, keeps);
  if (kept.count === 0) return "empty";
  if (kept.count === opened.count) return "unchanged";
  const plain = withRecords(opened, kept);
  return codecOf(stored.attributes) === "gzip" ? await gzipBatch(plain) : plain;
}

function keptOf(batch: RecordBatch, keeps: KeepsRecord): Kept {
  const stretches: number[] = [];
  let count = 0;
  let maxTimestamp = -Infinity;
  let byteLength = 0;
  let start = recordsStart(batch);
  const cursor = new RecordCursor(batch);
  while (cursor.next()) {
    if (keeps(cursor)) {
      count += 1;
      maxTimestamp = Math.max(maxTimestamp, cursor.timestamp);
      byteLength += cursor.end - start;
      if (stretches.at(-1) === start) stretches[stretches.length - 1] = cursor.end;
      else stretches.push(start, cursor.end);
    }
    start = cursor.end;
  }
  return { count, maxTimestamp, stretches, byteLength };
}

function withRecords(batch: RecordBatch, { count, maxTimestamp, stretches, byteLength }: Kept): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + byteLength);
  bytes.set(batch.bytes.subarray(batch.start, batch.start + BATCH_HEADER_BYTES));
  let at = BATCH_HEADER_BYTES;
  for (let index = 0; index < stretches.length; index += 2) {
    const stretch = batch.bytes.subarray(stretches[index], stretches[index + 1]);
    bytes.set(stretch, at);
    at += stretch.length;
  }
  writeInt32(bytes, LENGTH_AT, bytes.length - LOG_OVERHEAD_BYTES);
  writeInt64(bytes, MAX_TIMESTAMP_AT, maxTimestamp);
  writeInt32(bytes, COUNT_AT, count);
  writeCrc(bytes, 0);
  return bytes;
}

/** How the log looks into batches and merges them: most of what it needs of the codec in `shared/`. */
import type { Offset } from "../../shared/brands.ts";
import { batchByteLength, batchLastOffset, codecOf } from "../../shared/record-batch.ts";
import {
  checkProducedBatch,
  checkRecords,
  readBatch,
  records,
  type BatchDamage,
  type RecordBatch,
  type RecordView,
} from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { appendBatch } from "../../shared/record-batch-merge.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface CountedBatch {
  readonly bytes: Bytes;
  readonly count: number;
}

/** Exactly one batch, as a producer makes it; its CRC is written later. `plain`: nothing but uncompressed records. */
export function checkBatch(bytes: Uint8Array, topic: string): { readonly count: number; readonly plain: boolean } {
  const batch = readOne(bytes);
  const damage = "damage" in batch ? batch.damage : damageOf(batch, bytes);
  if (damage !== null || "damage" in batch) {
    throw new StrandlineError(damage?.code ?? "CORRUPT_MESSAGE", `a batch for "${topic}": ${damage?.reason ?? ""}`, {
      topic,
      position: damage?.position,
    });
  }
  return { count: batch.count, plain: batch.attributes === 0 };
}

function readOne(bytes: Uint8Array): RecordBatch | { readonly damage: BatchDamage } {
  const reading = readBatch(bytes, 0, { crc: false });
  return reading.ok ? reading.batch : reading;
}

function damageOf(batch: RecordBatch, bytes: Uint8Array): BatchDamage | null {
  if (batch.end !== bytes.byteLength)
    return {
      code: "CORRUPT_MESSAGE",
      position: batch.end,
      reason: `${bytes.byteLength - batch.end} bytes behind the batch`,
    };
  // What is compressed is opened by the edge.
  return codecOf(batch.attributes) === "none" ? checkRecords(batch, { produced: true }) : checkProducedBatch(batch);
}

/**
 * One batch of them all, in order, its CRC written; null where they do not go into one (timestamps further apart than
 * a delta can say).
 */
export function mergeBatches(batches: readonly CountedBatch[]): CountedBatch | null {
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
  const encoder = new RecordBatchEncoder({ initialBytes: bytes });
  try {
    for (const batch of batches) appendBatch(encoder, batch.bytes);
  } catch (error) {
    if (error instanceof StrandlineError) return null;
    throw error;
  }
  return { bytes: encoder.finish(), count: encoder.count };
}

/** The records of one uncompressed batch that was checked before it was stored. */
export function recordsOf(bytes: Uint8Array): Iterable<RecordView> {
  const batch = readOne(bytes);
  if ("damage" in batch)
    throw new StrandlineError("CORRUPT_MESSAGE", batch.damage.reason, { position: batch.damage.position });
  return records(batch);
}

/** Whether the batch is what it was when its CRC was written. */
export function isWhole({ bytes, count }: CountedBatch): boolean {
  const reading = readBatch(bytes, 0);
  return reading.ok && reading.batch.end === bytes.byteLength && reading.batch.count === count;
}

/** Without the leading batches that end below the offset. */
export function dropBatchesBelow(run: Bytes, offset: Offset): Bytes {
  let at = 0;
  while (at < run.byteLength && batchLastOffset(run, at) < offset) at += batchByteLength(run, at);
  return at === 0 ? run : run.slice(at);
}

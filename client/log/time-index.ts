/**
 * The offset for a time, as Kafka finds it: rows carry the running maximum of all times up to their end, so that a
 * binary search leads to the first row that reaches the time, and from there record by record. Devices' clocks
 * disagree, so times alone are in no order that could be searched.
 */
import type { Offset } from "../../shared/brands.ts";
import { tryOpenBatch } from "../../shared/gzip.ts";
import { batchByteLength, batchMaxTimestamp } from "../../shared/record-batch.ts";
import { readBatch, records } from "../../shared/record-batch-decode.ts";
import type { PartitionRef } from "./device-log.ts";
import { entriesBetween, firstOf } from "./keys.ts";
import type { LogRow, PartitionRow } from "./rows.ts";
import type { StoreTransaction } from "./store.ts";

/** Of whole batches, one after the other. */
export function latestTimeOf(run: Uint8Array): number {
  let latest = -1;
  for (let at = 0; at < run.byteLength; at += batchByteLength(run, at))
    latest = Math.max(latest, batchMaxTimestamp(run, at));
  return latest;
}

/** Of the first record at or above `from`; null: the run has none that can be read. */
export async function timeOfFirst(run: Uint8Array, from: number): Promise<number | null> {
  for (let at = 0; at < run.byteLength;) {
    const reading = readBatch(run, at, { crc: false });
    if (!reading.ok) return null;
    const { batch } = reading;
    at = batch.end;
    if (batch.baseOffset + batch.lastOffsetDelta < from) continue;
    const opened = await tryOpenBatch(batch);
    if (!opened.ok) return null;
    for (const record of records(opened.batch)) if (record.offset >= from) return record.timestamp;
  }
  return null;
}

/** Where the first row begins that may hold a record of this time or later: no record before it does. Null: no row. */
export async function rowForTime(
  transaction: StoreTransaction,
  ref: PartitionRef,
  row: PartitionRow,
  timestamp: number,
): Promise<Offset | null> {
  let found: Offset | null = null;
  let low: number = row.logStartOffset;
  let high: number = row.replicatedTo;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const entry = await transaction.last<LogRow>("log", entriesBetween(ref, 0, middle + 1));
    if (entry === undefined || (entry.value.maxTimestamp ?? Infinity) < timestamp) {
      low = Math.max(middle, entry?.value.lastOffset ?? 0) + 1;
    } else {
      found = firstOf(entry.key) as Offset;
      high = found;
    }
  }
  return found;
}

/** The first record at or above `from` whose time is `timestamp` or later; what cannot be read may hold it. */
export async function recordForTime(run: Uint8Array, from: number, timestamp: number): Promise<Offset | null> {
  for (let at = 0; at < run.byteLength;) {
    const reading = readBatch(run, at, { crc: false });
    if (!reading.ok) return from as Offset;
    const { batch } = reading;
    at = batch.end;
    if (batch.maxTimestamp < timestamp || batch.baseOffset + batch.lastOffsetDelta < from) continue;
    const opened = await tryOpenBatch(batch);
    if (!opened.ok) return Math.max(from, batch.baseOffset) as Offset;
    for (const record of records(opened.batch))
      if (record.offset >= from && record.timestamp >= timestamp) return record.offset as Offset;
  }
  return null;
}

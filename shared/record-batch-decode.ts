/**
 * Reads record batches lazily: the header of a batch without its records, records by cursor, keys and values as
 * views. Damage is a value with its position; no input makes these functions read past its end.
 */
import { LIMITS } from "./limits.ts";
import { crc32c } from "./crc32c.ts";
import type { ErrorCode } from "./error-table.ts";
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchByteLength,
  batchCount,
  batchCrc,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  readInt32,
  readInt64,
} from "./record-batch.ts";
import type { ProducerId } from "./brands.ts";
import { RecordCursor } from "./record-cursor.ts";
import { HeaderReader } from "./record-headers.ts";
import type { HeaderView, RecordView } from "./record.ts";
import { StrandlineError } from "./strandline-error.ts";

export type { RecordView } from "./record.ts";

/** `position` counts from the start of the input that was read. */
export interface BatchDamage {
  readonly code: ErrorCode;
  readonly position: number;
  readonly reason: string;
}

export interface RecordBatch {
  /** The input that holds the batch at `[start, end)`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

export type BatchReading =
  | { readonly ok: true; readonly batch: RecordBatch }
  | { readonly ok: false; readonly damage: BatchDamage };

/** The header of the batch at `at`: whole, of magic 2, with a true CRC (`crc: false`: not computed) and sane numbers. */
export function readBatch(bytes: Uint8Array, at: number, options: { readonly crc?: boolean } = {}): BatchReading {
  const left = bytes.length - at;
  if (left < BATCH_HEADER_BYTES)
    return damaged(at, `a batch has ${BATCH_HEADER_BYTES} bytes of header, ${left} are left`);
  const magic = bytes[at + MAGIC_AT] as number;
  if (magic !== MAGIC) return damaged(at + MAGIC_AT, `magic ${magic}, not ${MAGIC}`);
  const length = batchByteLength(bytes, at);
  if (length < BATCH_HEADER_BYTES || length > left) {
    return damaged(at + LENGTH_AT, `a batch of ${length} bytes, ${left} are left`);
  }
  const batch = headerOf(bytes, at, at + length);
  if (options.crc !== false) {
    const computed = crc32c(bytes, at + ATTRIBUTES_AT, at + length);
    if (computed !== batch.crc) return damaged(at + CRC_AT, `CRC ${hex(batch.crc)}, the bytes have ${hex(computed)}`);
  }
  return checkNumbers(batch) ?? { ok: true, batch };
}

function headerOf(bytes: Uint8Array, at: number, end: number): RecordBatch {
  return {
    bytes,
    start: at,
    end,
    baseOffset: batchBaseOffset(bytes, at),
    leaderEpoch: readInt32(bytes, at + LEADER_EPOCH_AT),
    crc: batchCrc(bytes, at),
    attributes: batchAttributes(bytes, at),
    lastOffsetDelta: readInt32(bytes, at + LAST_OFFSET_DELTA_AT),
    baseTimestamp: readInt64(bytes, at + BASE_TIMESTAMP_AT),
    maxTimestamp: batchMaxTimestamp(bytes, at),
    producerId: batchProducerId(bytes, at),
    producerEpoch: batchProducerEpoch(bytes, at),
    baseSequence: batchBaseSequence(bytes, at),
    count: batchCount(bytes, at),
  };
}

/** A compacted batch may hold fewer records than offsets, and none at all; never more. */
function checkNumbers(batch: RecordBatch): BatchReading | null {
  const { start, baseOffset, lastOffsetDelta, count } = batch;
  if (!Number.isSafeInteger(baseOffset) || baseOffset < 0) return damaged(start, `base offset ${baseOffset}`);
  if (lastOffsetDelta < 0 || !Number.isSafeInteger(baseOffset + lastOffsetDelta + 1)) {
    return damaged(start + LAST_OFFSET_DELTA_AT, `last offset delta ${lastOffsetDelta}`);
  }
  if (count < 0 || count > lastOffsetDelta + 1)
    return damaged(start + COUNT_AT, `${count} records, last offset delta ${lastOffsetDelta}`);
  if (!Number.isSafeInteger(batch.baseTimestamp) || !Number.isSafeInteger(batch.maxTimestamp)) {
    return damaged(start + BASE_TIMESTAMP_AT, `timestamps ${batch.baseTimestamp} and ${batch.maxTimestamp}`);
  }
  return null;
}

/** The batches of a run, one after the other. Throws `CORRUPT_MESSAGE` with the position once it meets damage. */
export function* batches(bytes: Uint8Array): Generator<RecordBatch> {
  let at = 0;
  while (at < bytes.length) {
    const reading = readBatch(bytes, at);
    if (!reading.ok) throw asError(reading.damage);
    yield reading.batch;
    at = reading.batch.end;
  }
}

/** The records of an uncompressed batch. Throws `CORRUPT_MESSAGE` with the position once it meets damage. */
export function* records(batch: RecordBatch): Generator<RecordView> {
  const cursor = new RecordCursor(batch);
  while (cursor.next()) yield new CursorView(cursor);
  if (cursor.damage !== null) throw asError(cursor.damage);
}

class CursorView implements RecordView {
  readonly offset: number;
  readonly timestamp: number;
  readonly attributes: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly #bytes: HeaderReader | null;
  readonly #headerCount: number;
  #headers: readonly HeaderView[] | null = null;

  constructor(cursor: RecordCursor) {
    this.offset = cursor.offset;
    this.timestamp = cursor.timestamp;
    this.attributes = cursor.attributes;
    this.key = cursor.view(cursor.keyStart, cursor.keyEnd);
    this.value = cursor.view(cursor.valueStart, cursor.valueEnd);
    this.#headerCount = cursor.headerCount;
    this.#bytes = cursor.headerCount === 0 ? null : HeaderReader.of(cursor.view(cursor.headersAt, cursor.end));
  }

  get headers(): readonly HeaderView[] {
    const reader = this.#bytes;
    return (this.#headers ??= reader === null ? [] : Array.from({ length: this.#headerCount }, () => reader.read()));
  }
}

/**
 * Walks every record: they fill the batch exactly. Of a batch as a producer makes it (`produced`), the offset deltas
 * are 0, 1, 2 … up to `lastOffsetDelta`, and the latest of their times is the header's.
 */
export function checkRecords(batch: RecordBatch, options: { readonly produced?: boolean } = {}): BatchDamage | null {
  const cursor = new RecordCursor(batch);
  let before = -1;
  let maxTimestamp = -Infinity;
  while (cursor.next()) {
    const expected = options.produced === true ? cursor.offsetDelta === before + 1 : cursor.offsetDelta > before;
    if (!expected)
      return {
        code: "INVALID_RECORD",
        position: cursor.keyLengthAt,
        reason: `offset delta ${cursor.offsetDelta} after ${before}`,
      };
    if (cursor.headerCount > LIMITS.recordHeadersMax && options.produced === true)
      return {
        code: "INVALID_RECORD",
        position: cursor.headersAt,
        reason: `record ${cursor.offsetDelta} has ${cursor.headerCount} headers, of at most ${LIMITS.recordHeadersMax}`,
      };
    before = cursor.offsetDelta;
    maxTimestamp = Math.max(maxTimestamp, cursor.timestamp);
  }
  if (cursor.damage !== null || options.produced !== true) return cursor.damage;
  return checkProducedBatch(batch) ?? checkMaxTimestamp(batch, maxTimestamp);
}

/** A time that no record has would hide the records behind it from whoever looks for a time. */
function checkMaxTimestamp({ start, maxTimestamp }: RecordBatch, found: number): BatchDamage | null {
  if (maxTimestamp === found) return null;
  const reason = `max timestamp ${maxTimestamp}, the records have ${found}`;
  return { code: "INVALID_TIMESTAMP", position: start + MAX_TIMESTAMP_AT, reason };
}

/** What Kafka demands of a producer (`LogValidator`): at least one record, and an offset for each. */
export function checkProducedBatch(batch: RecordBatch): BatchDamage | null {
  const { start, count, lastOffsetDelta } = batch;
  if (count >= 1 && lastOffsetDelta === count - 1) return null;
  return {
    code: "INVALID_RECORD",
    position: start + LAST_OFFSET_DELTA_AT,
    reason: `${count} records, last offset delta ${lastOffsetDelta}`,
  };
}

export function asError(damage: BatchDamage): StrandlineError {
  return new StrandlineError(damage.code, damage.reason, { position: damage.position });
}

function damaged(position: number, reason: string): BatchReading {
  return { ok: false, damage: { code: "CORRUPT_MESSAGE", position, reason } };
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}

/** Bytes of records, behind the header. */
export function recordsStart(batch: RecordBatch): number {
  return batch.start + BATCH_HEADER_BYTES;
}

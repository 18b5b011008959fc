/**
 * Reads record batches lazily: the header of a batch without its records, records by cursor, keys and values as
 * views. Damage is a value with its position; no input makes these functions read past its end.
 */
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
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchByteLength,
  batchCount,
  batchCrc,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  codecOf,
  hasLogAppendTime,
  readInt32,
  readInt64,
} from "./record-batch.ts";
import type { ProducerId } from "./brands.ts";
import { HeaderReader } from "./record-headers.ts";
import type { HeaderView, RecordView } from "./record.ts";
import { StrandlineError } from "./strandline-error.ts";
import { VarintReader } from "./varint.ts";

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

/** Walks the records of a batch without an object per record; its fields are those of the record that `next` found. */
export class RecordCursor {
  /** Set once `next` answers false because of the bytes, not because of the end. */
  damage: BatchDamage | null = null;
  offset = 0;
  timestamp = 0;
  attributes = 0;
  offsetDelta = 0;
  /** Where the varint of the key's length begins: all from here to `end` is the same in any batch. */
  keyLengthAt = 0;
  /** -1: null. */
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  headerCount = 0;
  headersAt = 0;
  end: number;
  readonly #batch: RecordBatch;
  readonly #bytes: Uint8Array;
  readonly #varint = new VarintReader();
  /** Where the log's own time counts, it is the same for all records (`DefaultRecord.readFrom`). */
  readonly #logAppendTime: number | null;
  #left: number;

  /** The batch's records are uncompressed (`gzip.ts` opens those that are not). */
  constructor(batch: RecordBatch) {
    this.#batch = batch;
    this.#bytes = batch.bytes;
    this.#logAppendTime = hasLogAppendTime(batch.attributes) ? batch.maxTimestamp : null;
    this.#left = batch.count;
    this.end = batch.start + BATCH_HEADER_BYTES;
    if (codecOf(batch.attributes) !== "none") {
      this.damage = {
        code: "UNSUPPORTED_COMPRESSION_TYPE",
        position: batch.start + ATTRIBUTES_AT,
        reason: "the records are compressed",
      };
    }
  }

  next(): boolean {
    if (this.damage !== null) return false;
    if (this.#left === 0) return this.#atEnd();
    this.#left -= 1;
    const varint = this.#varint;
    const start = this.end;
    if (!varint.varint(this.#bytes, start, this.#batch.end)) return this.#damaged(start, "the length of a record");
    const end = varint.at + varint.value;
    if (varint.value < 1 || end > this.#batch.end) return this.#damaged(start, `a record of ${varint.value} bytes`);
    this.attributes = this.#bytes[varint.at] as number;
    if (!varint.varlong(this.#bytes, varint.at + 1, end)) return this.#damaged(varint.at, "a timestamp delta");
    this.timestamp = this.#logAppendTime ?? this.#batch.baseTimestamp + varint.value;
    if (!Number.isSafeInteger(this.timestamp)) return this.#damaged(start, `timestamp ${this.timestamp}`);
    if (!varint.varint(this.#bytes, varint.at, end)) return this.#damaged(varint.at, "an offset delta");
    this.offsetDelta = varint.value;
    if (varint.value < 0 || varint.value > this.#batch.lastOffsetDelta)
      return this.#damaged(start, `offset delta ${varint.value}`);
    this.offset = this.#batch.baseOffset + varint.value;
    this.keyLengthAt = varint.at;
    this.end = end;
    return this.#fields(varint.at, end);
  }

  #fields(at: number, end: number): boolean {
    const varint = this.#varint;
    if (!varint.varint(this.#bytes, at, end)) return this.#damaged(at, "the length of a key");
    const keyEnd = varint.at + Math.max(varint.value, 0);
    if (varint.value < -1 || keyEnd > end) return this.#damaged(at, `a key of ${varint.value} bytes`);
    this.keyStart = varint.value < 0 ? -1 : varint.at;
    this.keyEnd = varint.value < 0 ? -1 : keyEnd;
    if (!varint.varint(this.#bytes, keyEnd, end)) return this.#damaged(keyEnd, "the length of a value");
    const valueEnd = varint.at + Math.max(varint.value, 0);
    if (varint.value < -1 || valueEnd > end) return this.#damaged(keyEnd, `a value of ${varint.value} bytes`);
    this.valueStart = varint.value < 0 ? -1 : varint.at;
    this.valueEnd = varint.value < 0 ? -1 : valueEnd;
    if (!varint.varint(this.#bytes, valueEnd, end)) return this.#damaged(valueEnd, "the number of headers");
    if (varint.value < 0 || varint.value > end - varint.at) return this.#damaged(valueEnd, `${varint.value} headers`);
    this.headerCount = varint.value;
    this.headersAt = varint.at;
    if (varint.value === 0 ? varint.at !== end : !this.#headersFit(end))
      return this.#damaged(this.headersAt, "headers that do not end with the record");
    return true;
  }

  /** Walks the headers without keeping them. */
  #headersFit(end: number): boolean {
    const reader = new HeaderReader(this.#bytes, this.headersAt, end);
    for (let index = 0; index < this.headerCount; index += 1) if (!reader.skip()) return false;
    return reader.at === end;
  }

  headers(): HeaderView[] {
    const reader = new HeaderReader(this.#bytes, this.headersAt, this.end);
    return Array.from({ length: this.headerCount }, () => reader.read());
  }

  view(start: number, end: number): Uint8Array | null {
    return start < 0 ? null : this.#bytes.subarray(start, end);
  }

  #atEnd(): boolean {
    if (this.end !== this.#batch.end)
      return this.#damaged(this.end, `${this.#batch.end - this.end} bytes behind the last record`);
    return false;
  }

  #damaged(position: number, reason: string): false {
    this.damage = { code: "CORRUPT_MESSAGE", position, reason };
    return false;
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
 * are 0, 1, 2 … up to `lastOffsetDelta`.
 */
export function checkRecords(batch: RecordBatch, options: { readonly produced?: boolean } = {}): BatchDamage | null {
  const cursor = new RecordCursor(batch);
  let before = -1;
  while (cursor.next()) {
    const expected = options.produced === true ? cursor.offsetDelta === before + 1 : cursor.offsetDelta > before;
    if (!expected)
      return {
        code: "INVALID_RECORD",
        position: cursor.keyLengthAt,
        reason: `offset delta ${cursor.offsetDelta} after ${before}`,
      };
    before = cursor.offsetDelta;
  }
  return cursor.damage ?? (options.produced === true ? checkProducedBatch(batch) : null);
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

/**
 * Writes record batches: one growing buffer, each record once, straight into its place. The header is written last,
 * when count, lengths and timestamps are known (`DefaultRecord.writeTo`, `DefaultRecordBatch.writeHeader`). This is all
 * that a page needs of encoding; checksums are the worker's work (`record-batch-encode.ts`).
 */
import { LIMITS } from "./limits.ts";
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  LOG_OVERHEAD_BYTES,
  MAGIC,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  writeInt16,
  writeInt32,
  writeInt64,
} from "./record-batch.ts";
import {
  checkFields,
  asciiLength,
  copy,
  exactLength,
  fieldBytesMax,
  fieldLength,
  fieldSize,
  headersSize,
  writeField,
  writeHeader,
} from "./record-fields.ts";
import type { RecordInput } from "./record.ts";
import { StrandlineError } from "./strandline-error.ts";
import { textBytesMax } from "./utf8.ts";
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from "./varint.ts";

/** Record length, attributes, two deltas, two lengths, a header count: more than they can take together. */
const RECORD_OVERHEAD_BYTES_MAX = 5 + 1 + 10 + 5 + 5 + 5 + 5;
const HEADER_OVERHEAD_BYTES_MAX = 5 + 5;
/** A delta beyond this does not fit a safe integer once it is zigzagged. */
const TIMESTAMP_DELTA_MAX = 2 ** 52;
/**
 * A record is never made room for that cannot fit: `recordBytesMax` counts three bytes for a character that takes one
 * at least, and ten for a header that takes two.
 */
const SURELY_TOO_LARGE_BYTES = 8 * LIMITS.batchBytesMax;
type Bytes = Uint8Array<ArrayBuffer>;

/** No record takes more than this in any batch. */
export function recordBytesMax(record: Pick<RecordInput, "key" | "value" | "headers">): number {
  let bytes = RECORD_OVERHEAD_BYTES_MAX + fieldBytesMax(record.key) + fieldBytesMax(record.value);
  for (const header of record.headers ?? []) {
    bytes += HEADER_OVERHEAD_BYTES_MAX + textBytesMax(header.key) + fieldBytesMax(header.value);
  }
  return bytes;
}

/** Where a record's key length stands, which all behind it follows, up to its end. */
export interface EncodedRecord {
  readonly timestamp: number;
  readonly attributes: number;
  readonly keyLengthAt: number;
  readonly end: number;
}

export class RecordBatchWriter {
  #bytes: Bytes;
  #end = BATCH_HEADER_BYTES;
  #count = 0;
  #baseTimestamp = 0;
  #maxTimestamp = 0;
  readonly #bytesMax: number;

  /** `bytesMax`: of the batch, where its limit is lower than that of all batches. */
  constructor(options: { readonly initialBytes?: number; readonly bytesMax?: number } = {}) {
    this.#bytesMax = Math.min(options.bytesMax ?? LIMITS.batchBytesMax, LIMITS.batchBytesMax);
    this.#bytes = new Uint8Array(Math.max(options.initialBytes ?? 1024, BATCH_HEADER_BYTES));
  }

  get count(): number {
    return this.#count;
  }

  /** Of the batch so far, header included. */
  get byteLength(): number {
    return this.#end;
  }

  /** Surely fits; a record that is not sure to may still do. */
  wouldFit(record: RecordInput): boolean {
    return this.#end + recordBytesMax(record) <= this.#bytesMax;
  }

  /**
   * Throws `INVALID_TIMESTAMP`, `INVALID_RECORD`, or `MESSAGE_TOO_LARGE` where the batch would pass its limit; the
   * batch is then as it was.
   */
  append(record: RecordInput): void {
    checkFields(record);
    const before = this.#end;
    const delta = this.#timestampDelta(record.timestamp);
    const bytesMax = recordBytesMax(record);
    if (bytesMax > SURELY_TOO_LARGE_BYTES) throw this.#tooLarge(bytesMax, "the batch with a record that large");
    this.#reserve(bytesMax);
    const ascii = this.#write(record, delta, asciiLength);
    if (ascii < 0) this.#write(record, delta, exactLength);
    if (this.#end > this.#bytesMax) {
      const end = this.#end;
      this.#end = before;
      throw this.#tooLarge(end, `a record of ${end - before} bytes in a batch of ${before}`);
    }
    this.#took(record.timestamp);
  }

  /** Returns the way back to the batch as it is now. */
  mark(): () => void {
    const [end, count, baseTimestamp, maxTimestamp] = [this.#end, this.#count, this.#baseTimestamp, this.#maxTimestamp];
    return () => {
      this.#end = end;
      this.#count = count;
      this.#baseTimestamp = baseTimestamp;
      this.#maxTimestamp = maxTimestamp;
    };
  }

  /** Appends a record of another batch, whose deltas are written anew. Throws `INVALID_TIMESTAMP` or `MESSAGE_TOO_LARGE`, and leaves the way back to its caller. */
  appendEncoded(from: Uint8Array, record: EncodedRecord): void {
    const delta = this.#timestampDelta(record.timestamp);
    const tail = record.end - record.keyLengthAt;
    this.#reserve(RECORD_OVERHEAD_BYTES_MAX + tail);
    const bytes = this.#bytes;
    const body = 1 + varlongBytes(delta) + varintBytes(this.#count) + tail;
    let at = writeVarint(bytes, this.#end, body);
    bytes[at++] = record.attributes;
    at = writeVarlong(bytes, at, delta);
    at = writeVarint(bytes, at, this.#count);
    this.#end = copy(from, record.keyLengthAt, tail, bytes, at);
    this.#took(record.timestamp);
    if (this.#end > this.#bytesMax) throw this.#tooLarge(this.#end, "the merged batch");
  }

  /** The batch, into `target` at `at`, with 0 for a CRC. Returns the position after it. */
  finishInto(target: Uint8Array, at: number): number {
    target.set(this.#bytes.subarray(0, this.#end), at);
    this.#finishHeader(target, at);
    return at + this.#end;
  }

  /** Begins another batch in the same buffer. */
  reset(): void {
    this.#end = BATCH_HEADER_BYTES;
    this.#count = 0;
    this.#baseTimestamp = 0;
    this.#maxTimestamp = 0;
  }

  #timestampDelta(timestamp: number): number {
    const delta = this.#count === 0 ? 0 : timestamp - this.#baseTimestamp;
    if (!Number.isSafeInteger(timestamp) || Math.abs(delta) >= TIMESTAMP_DELTA_MAX) {
      throw new StrandlineError("INVALID_TIMESTAMP", `${timestamp}`, { timestamp });
    }
    return delta;
  }

  /** Negative: a text is not ASCII, the lengths have to be counted. */
  #write(record: RecordInput, delta: number, lengthOf: (text: string) => number): number {
    const { key, value } = record;
    const headers = record.headers ?? [];
    const keyBytes = fieldLength(key, lengthOf);
    const valueBytes = fieldLength(value, lengthOf);
    const body =
      1 +
      varlongBytes(delta) +
      varintBytes(this.#count) +
      fieldSize(keyBytes) +
      fieldSize(valueBytes) +
      varintBytes(headers.length) +
      (headers.length === 0 ? 0 : headersSize(headers, lengthOf));
    const bytes = this.#bytes;
    let at = writeVarint(bytes, this.#end, body);
    bytes[at++] = 0;
    at = writeVarlong(bytes, at, delta);
    at = writeVarint(bytes, at, this.#count);
    at = writeField(bytes, writeVarint(bytes, at, keyBytes), key, keyBytes);
    if (at < 0) return at;
    at = writeField(bytes, writeVarint(bytes, at, valueBytes), value, valueBytes);
    if (at < 0) return at;
    at = writeVarint(bytes, at, headers.length);
    for (const header of headers) {
      at = writeHeader(bytes, at, header, lengthOf);
      if (at < 0) return at;
    }
    this.#end = at;
    return at;
  }

  #took(timestamp: number): void {
    if (this.#count === 0) {
      this.#baseTimestamp = timestamp;
      this.#maxTimestamp = timestamp;
    } else if (timestamp > this.#maxTimestamp) {
      this.#maxTimestamp = timestamp;
    }
    this.#count += 1;
  }

  #reserve(more: number): void {
    const wanted = this.#end + more;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, Math.min(this.#bytes.length * 2, LIMITS.batchBytesMax + 64 * 1024)));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }

  #tooLarge(bytes: number, what: string): StrandlineError {
    const limit = this.#bytesMax;
    return new StrandlineError("MESSAGE_TOO_LARGE", `${what}: ${bytes} bytes, ${limit} are the most`, { bytes, limit });
  }

  #finishHeader(bytes: Uint8Array, at: number): void {
    writeInt64(bytes, at + BASE_OFFSET_AT, 0);
    writeInt32(bytes, at + LENGTH_AT, this.#end - LOG_OVERHEAD_BYTES);
    writeInt32(bytes, at + LEADER_EPOCH_AT, -1);
    bytes[at + MAGIC_AT] = MAGIC;
    writeInt32(bytes, at + CRC_AT, 0);
    writeInt16(bytes, at + ATTRIBUTES_AT, 0);
    writeInt32(bytes, at + LAST_OFFSET_DELTA_AT, this.#count - 1);
    writeInt64(bytes, at + BASE_TIMESTAMP_AT, this.#baseTimestamp);
    writeInt64(bytes, at + MAX_TIMESTAMP_AT, this.#maxTimestamp);
    writeInt64(bytes, at + PRODUCER_ID_AT, -1);
    writeInt16(bytes, at + PRODUCER_EPOCH_AT, -1);
    writeInt32(bytes, at + BASE_SEQUENCE_AT, -1);
    writeInt32(bytes, at + COUNT_AT, this.#count);
  }
}

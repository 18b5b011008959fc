/** Records by cursor: the hot loop of every reader. No input makes it read past the end of its batch. */
import { ATTRIBUTES_AT, BATCH_HEADER_BYTES, codecOf, hasLogAppendTime } from "./record-batch.ts";
import type { BatchDamage, RecordBatch } from "./record-batch-decode.ts";
import { HeaderReader } from "./record-headers.ts";
import type { HeaderView } from "./record.ts";
import { VarintReader } from "./varint.ts";

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
  /** Where the record begins. */
  start = 0;
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
    this.start = start;
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

  /** The fields of a record that `next` has found whole, by its `start`. The cursor goes on nowhere from there. */
  reread(start: number): void {
    this.end = start;
    this.#left = 1;
    this.damage = null;
    this.next();
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

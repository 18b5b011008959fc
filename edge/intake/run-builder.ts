/**
 * Records of one partition, in order, as runs of batches: what one append stores as one row. A batch is as large as the
 * topic allows and a run as large as a row; a record that fits no batch is refused alone.
 */
import type { Crc } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { batchCount, batchCrc, batchMaxTimestamp } from "../../shared/record-batch.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import type { RecordInput } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { CheckedBatch } from "../partition/partition-port.ts";

export interface BuiltRun {
  /** A buffer of its own. */
  readonly bytes: Uint8Array;
  readonly batches: readonly CheckedBatch[];
  /** Each record's place in the request, in the order of their offsets. */
  readonly indexes: readonly number[];
}

/** Years 1970 to 275,760: what a JavaScript `Date` holds. */
const TIMESTAMP_MAX = 8_640_000_000_000_000;

export class RunBuilder {
  readonly #encoder: RecordBatchEncoder;
  readonly #runs: BuiltRun[] = [];
  #batches: Uint8Array[] = [];
  #batchesBytes = 0;
  /** Of the records in finished batches of the run at hand, and then of those in the encoder. */
  #indexes: number[] = [];

  /** `batchBytesMax`: `max.message.bytes` of the topic. */
  constructor(batchBytesMax: number, initialBytes = 1_024) {
    this.#encoder = new RecordBatchEncoder({ bytesMax: batchBytesMax, initialBytes });
  }

  /** Throws `MESSAGE_TOO_LARGE`, `INVALID_TIMESTAMP` or `INVALID_RECORD`; the run is then as it was. */
  add(record: RecordInput, index: number): void {
    const { timestamp } = record;
    if (!(timestamp >= 0 && timestamp <= TIMESTAMP_MAX))
      throw new StrandlineError("INVALID_TIMESTAMP", `${timestamp}`, { timestamp });
    if (this.#encoder.count > 0 && !this.#tryAppend(record)) this.#finishBatch();
    else if (this.#encoder.count > 0) {
      this.#indexes.push(index);
      return;
    }
    this.#encoder.append(record);
    this.#indexes.push(index);
  }

  finish(): readonly BuiltRun[] {
    this.#finishBatch();
    this.#finishRun();
    return this.#runs;
  }

  /** False: the batch is full. What no batch takes is found out by an empty one. */
  #tryAppend(record: RecordInput): boolean {
    try {
      this.#encoder.append(record);
      return true;
    } catch (thrown) {
      // Times too far apart for one batch fit two.
      if (thrown instanceof StrandlineError && thrown.code !== "INVALID_RECORD") return false;
      throw thrown;
    }
  }

  #finishBatch(): void {
    const { count, byteLength } = this.#encoder;
    if (count === 0) return;
    if (this.#batchesBytes + byteLength > LIMITS.runBytesMax) {
      const own = this.#indexes.splice(this.#indexes.length - count);
      this.#finishRun();
      this.#indexes = own;
    }
    this.#batches.push(this.#encoder.finish());
    this.#batchesBytes += byteLength;
    this.#encoder.reset();
  }

  #finishRun(): void {
    const [first] = this.#batches;
    if (first === undefined) return;
    const bytes = this.#batches.length === 1 ? first : joined(this.#batches, this.#batchesBytes);
    let start = 0;
    const batches = this.#batches.map((batch) => {
      const described = describe(batch, start);
      start += batch.byteLength;
      return described;
    });
    this.#runs.push({ bytes, batches, indexes: this.#indexes });
    this.#batches = [];
    this.#batchesBytes = 0;
    this.#indexes = [];
  }
}

function describe(batch: Uint8Array, start: number): CheckedBatch {
  const crc = batchCrc(batch, 0) as Crc;
  return { start, count: batchCount(batch, 0), crc, maxTimestamp: batchMaxTimestamp(batch, 0) };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

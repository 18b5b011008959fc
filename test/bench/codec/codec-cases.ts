/** What the codec does all day, as pure functions: for a Chromium worker, for workerd, and for Node to compare. */
import { crc32c } from "../../../shared/crc32c.ts";
import { batches } from "../../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { RecordCursor } from "../../../shared/record-cursor.ts";
import type { RecordInput } from "../../../shared/record.ts";

export interface CodecCase {
  readonly name: string;
  readonly unit: "records" | "bytes";
  /** How many of the unit one iteration handles. */
  readonly perIteration: number;
  /** Does the work and returns what depends on all of it, so that no engine can leave it out. */
  run(iterations: number): number;
}

/** Key and value together: 100 bytes. */
const KEY_CHARS = 10;
const VALUE_CHARS = 90;
const RECORDS_PER_BATCH = 2_000;
const CRC_BYTES = 1024 * 1024;
const FIRST_TIMESTAMP = 1_800_000_000_000;

/** Every call makes its own inputs, so that the cases share no state. */
export function codecCases(): readonly CodecCase[] {
  const texts = textRecords();
  const bytes = texts.map((record) => ({ ...record, key: bytesOf(record.key), value: bytesOf(record.value) }));
  const batch = encoded(texts);
  const block = Uint8Array.from({ length: CRC_BYTES }, (_, index) => (index * 167) ^ (index >> 8));
  const records = { unit: "records", perIteration: RECORDS_PER_BATCH } as const;
  return [
    { name: "encode from strings with CRC", ...records, run: (iterations) => encodeAll(texts, iterations) },
    { name: "encode from bytes with CRC", ...records, run: (iterations) => encodeAll(bytes, iterations) },
    { name: "decode with CRC to views", ...records, run: (iterations) => decodeAll(batch, iterations) },
    { name: "CRC-32C of 1 MiB", unit: "bytes", perIteration: CRC_BYTES, run: (times) => checksumAll(block, times) },
  ];
}

/** Units a second. Only where the clock runs during a call: in workerd it stands still, so time it from outside. */
export function unitsPerSecond(one: CodecCase, iterations: number): number {
  const start = performance.now();
  one.run(iterations);
  return (one.perIteration * iterations * 1_000) / (performance.now() - start);
}

function encodeAll(records: readonly RecordInput[], iterations: number): number {
  const encoder = new RecordBatchEncoder();
  let sum = 0;
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    encoder.reset();
    for (const record of records) encoder.append(record);
    sum += encoder.finish().length;
  }
  return sum;
}

/** Keys and values become views, as a reader needs them. */
function decodeAll(run: Uint8Array, iterations: number): number {
  let sum = 0;
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    for (const batch of batches(run)) {
      const cursor = new RecordCursor(batch);
      while (cursor.next()) {
        const key = cursor.view(cursor.keyStart, cursor.keyEnd);
        const value = cursor.view(cursor.valueStart, cursor.valueEnd);
        sum += (key?.length ?? 0) + (value?.length ?? 0) + cursor.offset;
      }
    }
  }
  return sum;
}

function checksumAll(bytes: Uint8Array, iterations: number): number {
  let crc = 0;
  for (let iteration = 0; iteration < iterations; iteration += 1) crc = crc32c(bytes, 0, bytes.length, crc);
  return crc;
}

function textRecords(): readonly (RecordInput & { readonly key: string; readonly value: string })[] {
  return Array.from({ length: RECORDS_PER_BATCH }, (_, index) => ({
    key: `key-${index}`.padEnd(KEY_CHARS, "k"),
    value: `{"id":${index},"origin":"SFO","destination":"JFK"}`.padEnd(VALUE_CHARS, "v"),
    timestamp: FIRST_TIMESTAMP + index,
  }));
}

function encoded(records: readonly RecordInput[]): Uint8Array {
  const encoder = new RecordBatchEncoder();
  for (const record of records) encoder.append(record);
  return encoder.finish();
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

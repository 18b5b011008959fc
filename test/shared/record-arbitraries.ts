/** Records as nobody would write them by hand: nulls, empty fields, any UTF-16, times far away from one another. */
import fc from "fast-check";
import type { RecordHeader, RecordInput } from "../../shared/record.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";

/** Any UTF-16 at all: ASCII, texts of every width, lone surrogates. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("", "\ud800", "\udc00\ud800", "a\ud83d", "\ufeffmarked", "é".repeat(70), "😀".repeat(33)),
);

const field: fc.Arbitrary<Uint8Array | string | null> = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 200 }),
  fc.constant(null),
);

const header: fc.Arbitrary<RecordHeader> = fc.record({ key: text, value: field });

/** Around now mostly, where deltas are small; before 1970, and so far away that a delta needs all its bytes. */
const timestamp: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  fc.constantFrom(0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 51 - 1, -(2 ** 51) + 1),
);

export const record: fc.Arbitrary<RecordInput> = fc.record(
  { key: field, value: field, headers: fc.array(header, { maxLength: 4 }), timestamp },
  { requiredKeys: ["key", "value", "timestamp"] },
);

export const recordList: fc.Arbitrary<RecordInput[]> = fc.array(record, { minLength: 1, maxLength: 30 });

export function batchOf(records: readonly RecordInput[]): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder({ initialBytes: 61 });
  for (const one of records) encoder.append(one);
  return encoder.finish();
}

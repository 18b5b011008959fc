import fc from "fast-check";
import { expect, test } from "vitest";
import type { ProducerId } from "../../shared/brands.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { RecordInput } from "../../shared/record.ts";
import { CRC_AT, PRODUCER_ID_AT, COUNT_AT, ATTRIBUTES_AT } from "../../shared/record-batch.ts";
import { readBatch } from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { appendBatch } from "../../shared/record-batch-merge.ts";
import { seal } from "../../shared/record-batch-seal.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { batchOf, recordList } from "./record-arbitraries.ts";

const small = (timestamp: number): RecordInput => ({ key: "k", value: "v", timestamp });

function codeOf(run: () => void): string {
  try {
    run();
    return "nothing thrown";
  } catch (error) {
    if (error instanceof StrandlineError) return error.code;
    throw error;
  }
}

function encoderOf(list: readonly RecordInput[]): RecordBatchEncoder {
  const encoder = new RecordBatchEncoder();
  for (const record of list) encoder.append(record);
  return encoder;
}

test("sealing touches 14 bytes and the CRC, and the CRC is true", () => {
  fc.assert(
    fc.property(recordList, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(), (list, id, baseSequence) => {
      const before = batchOf(list);
      const after = before.slice();
      const producerId = id.toString(16).padStart(16, "0") as ProducerId;
      const crc = seal(after, 0, { producerId, baseSequence });
      const reading = readBatch(after, 0);
      expect(reading).toMatchObject({ ok: true, batch: { producerId, producerEpoch: 0, baseSequence, crc } });
      after.set(before.subarray(CRC_AT, ATTRIBUTES_AT), CRC_AT);
      after.set(before.subarray(PRODUCER_ID_AT, COUNT_AT), PRODUCER_ID_AT);
      expect(Buffer.compare(after, before)).toBe(0);
    }),
  );
});

test("batches merged are the batch encoded at once", () => {
  fc.assert(
    fc.property(fc.array(recordList, { minLength: 1, maxLength: 4 }), (lists) => {
      const encoder = new RecordBatchEncoder();
      for (const list of lists) appendBatch(encoder, batchOf(list));
      expect(Buffer.compare(encoder.finish(), batchOf(lists.flat()))).toBe(0);
    }),
  );
});

/** The encoder after a refusal writes what one that never met it writes. */
function expectUnharmed(
  first: readonly RecordInput[],
  code: string,
  refused: (encoder: RecordBatchEncoder) => void,
): void {
  const encoder = encoderOf(first);
  const { byteLength, count } = encoder;
  expect(codeOf(() => refused(encoder))).toBe(code);
  expect([encoder.byteLength, encoder.count]).toEqual([byteLength, count]);
  encoder.append(small(7));
  expect(Buffer.compare(encoder.finish(), batchOf([...first, small(7)]))).toBe(0);
}

const FIRSTS: readonly (readonly [string, readonly RecordInput[]])[] = [
  ["an empty encoder", []],
  ["an encoder with records", [small(1), small(2)]],
];

test.each(FIRSTS)("%s refuses a record that passes the limit and is as it was", (_name, first) => {
  for (const value of [
    "a".repeat(LIMITS.batchBytesMax),
    "é".repeat(LIMITS.batchBytesMax / 2),
    new Uint8Array(LIMITS.batchBytesMax),
    "a".repeat(2 ** 28),
  ]) {
    expectUnharmed(first, "MESSAGE_TOO_LARGE", (encoder) => encoder.append({ key: null, value, timestamp: 3 }));
  }
});

test.each(FIRSTS)("%s refuses what is no time and is as it was", (_name, first) => {
  for (const timestamp of [Number.NaN, Infinity, 0.5, 2 ** 53]) {
    expectUnharmed(first, "INVALID_TIMESTAMP", (encoder) => encoder.append({ key: null, value: null, timestamp }));
  }
});

test("a time too far from the first is refused", () => {
  expectUnharmed([small(0)], "INVALID_TIMESTAMP", (encoder) => encoder.append(small(2 ** 52)));
});

/** What JavaScript callers hand over in spite of the types. */
const NO_RECORDS: readonly (readonly [string, unknown])[] = [
  ["a number as key", { key: 5, value: "v", timestamp: 3 }],
  ["no value", { key: null, timestamp: 3 }],
  ["an ArrayBuffer as value", { key: null, value: new ArrayBuffer(4), timestamp: 3 }],
  ["an array as value", { key: null, value: [1, 2, 300], timestamp: 3 }],
  ["wider numbers as value", { key: null, value: new Uint16Array([1, 300]), timestamp: 3 }],
  ["a header without a key", { key: null, value: "v", headers: [{ key: null, value: "x" }], timestamp: 3 }],
  ["a number as header", { key: null, value: "v", headers: [{ key: "h", value: 5 }], timestamp: 3 }],
  ["headers that are no list", { key: null, value: "v", headers: { h: "x" }, timestamp: 3 }],
];

test.each(NO_RECORDS)("%s is refused", (_name, record) => {
  for (const [, first] of FIRSTS) {
    expectUnharmed(first, "INVALID_RECORD", (encoder) => encoder.append(record as RecordInput));
  }
});

test("a record of the limit, to the byte", () => {
  const empty = batchOf([{ key: null, value: "a".repeat(LIMITS.batchBytesMax - 100), timestamp: 0 }]).length;
  const value = new Uint8Array(LIMITS.batchBytesMax - 100 + LIMITS.batchBytesMax - empty);
  expect(batchOf([{ key: null, value, timestamp: 0 }]).length).toBe(LIMITS.batchBytesMax);
  expect(codeOf(() => batchOf([{ key: null, value: new Uint8Array(value.length + 1), timestamp: 0 }]))).toBe(
    "MESSAGE_TOO_LARGE",
  );
});

test.each(FIRSTS)("%s that cannot take a batch whole takes none of it", async (_name, first) => {
  const damaged = batchOf([small(3), small(4)]);
  damaged[damaged.length - 1] = 0x7f;
  expectUnharmed(first, "CORRUPT_MESSAGE", (encoder) => appendBatch(encoder, damaged));
  const half = batchOf([{ key: null, value: new Uint8Array(LIMITS.batchBytesMax - 80), timestamp: 3 }]);
  expectUnharmed([...first, { key: null, value: "a".repeat(99), timestamp: 1 }], "MESSAGE_TOO_LARGE", (encoder) =>
    appendBatch(encoder, half),
  );
  const packed = await gzipBatch(batchOf(Array.from({ length: 50 }, () => small(3))));
  expectUnharmed(first, "UNSUPPORTED_COMPRESSION_TYPE", (encoder) => appendBatch(encoder, packed));
});

test("a batch with a time too far from the first leaves nothing of itself", () => {
  const far = batchOf([small(2 ** 51), small(2 ** 51 + 1), small(2 ** 52 - 1 + 2 ** 51)]);
  expectUnharmed([small(0)], "INVALID_TIMESTAMP", (encoder) => appendBatch(encoder, far));
});

test("what would fit fits", () => {
  fc.assert(
    fc.property(recordList, (list) => {
      const encoder = new RecordBatchEncoder();
      for (const record of list) {
        expect(encoder.wouldFit(record)).toBe(true);
        encoder.append(record);
      }
    }),
  );
  const large = { key: null, value: "a".repeat(LIMITS.batchBytesMax), timestamp: 0 };
  expect(new RecordBatchEncoder().wouldFit(large)).toBe(false);
});

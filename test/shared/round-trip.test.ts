import fc from "fast-check";
import { expect, test } from "vitest";
import type { RecordInput, RecordView } from "../../shared/record.ts";
import { batches, checkRecords, readBatch, records } from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { recordBytesMax } from "../../shared/record-batch-write.ts";
import { bytesOf, textOf, utf8Length } from "../../shared/utf8.ts";
import { batchOf, record, recordList, text } from "./record-arbitraries.ts";

const asBytes = (field: Uint8Array | string | null): number[] | null =>
  field === null ? null : [...(typeof field === "string" ? bytesOf(field) : field)];

const written = ({ key, value, headers, timestamp }: RecordInput, offset: number): unknown => ({
  offset,
  timestamp,
  key: asBytes(key),
  value: asBytes(value),
  headers: (headers ?? []).map((header) => ({ key: header.key.toWellFormed(), value: asBytes(header.value) })),
});

const read = ({ offset, timestamp, key, value, headers }: RecordView): unknown => ({
  offset,
  timestamp,
  key: asBytes(key),
  value: asBytes(value),
  headers: headers.map((header) => ({ key: header.key, value: asBytes(header.value) })),
});

test("what goes into a batch comes out of it, in order", () => {
  fc.assert(
    fc.property(recordList, (list) => {
      const reading = readBatch(batchOf(list), 0);
      if (!reading.ok) throw new Error(reading.damage.reason);
      expect(reading.batch.count).toBe(list.length);
      expect(reading.batch.maxTimestamp).toBe(Math.max(...list.map(({ timestamp }) => timestamp)));
      expect(checkRecords(reading.batch, { produced: true })).toBeNull();
      expect(Array.from(records(reading.batch), read)).toEqual(list.map(written));
    }),
  );
});

test("batches one after the other are read one after the other, wherever they begin", () => {
  fc.assert(
    fc.property(fc.array(recordList, { maxLength: 4 }), (lists) => {
      const run = Buffer.concat(lists.map(batchOf));
      const found = Array.from(batches(run), (batch) => Array.from(records(batch), read));
      expect(found).toEqual(lists.map((list) => list.map(written)));
    }),
  );
});

test("an encoder that begins again writes what a fresh one writes, also into the middle of a buffer", () => {
  fc.assert(
    fc.property(recordList, recordList, (first, second) => {
      const encoder = new RecordBatchEncoder();
      for (const one of first) encoder.append(one);
      encoder.reset();
      for (const one of second) encoder.append(one);
      expect(Buffer.compare(encoder.finish(), batchOf(second))).toBe(0);
      const target = new Uint8Array(encoder.byteLength + 7);
      expect(encoder.finishInto(target, 7)).toBe(target.length);
      expect(Buffer.compare(target.subarray(7), encoder.finish({ crc: false }))).toBe(0);
    }),
  );
});

test("the size that a record is promised not to pass", () => {
  fc.assert(
    fc.property(record, (one) => {
      expect(batchOf([one]).length - 61).toBeLessThanOrEqual(recordBytesMax(one));
    }),
  );
});

test("the length of a text in UTF-8 is the encoder's, lone surrogates included", () => {
  fc.assert(
    fc.property(text, (one) => {
      expect(utf8Length(one)).toBe(bytesOf(one).length);
      expect(textOf(bytesOf(one))).toBe(one.toWellFormed());
    }),
  );
});

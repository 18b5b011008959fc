/** Both directions against a codec nobody here wrote. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { gzipBatch, openBatch } from "../../shared/gzip.ts";
import type { RecordInput } from "../../shared/record.ts";
import { checkRecords, readBatch, records, type RecordBatch } from "../../shared/record-batch-decode.ts";
import { ATTRIBUTES_AT, readInt16, writeInt16 } from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { decodeWithKafkajs, encodeWithKafkajs, type KafkajsInput } from "./kafkajs-codec.ts";
import { batchOf, recordList } from "./record-arbitraries.ts";

const LOG_APPEND_TIME = 8;

function batchIn(bytes: Uint8Array): RecordBatch {
  const reading = readBatch(bytes, 0);
  if (!reading.ok) throw new Error(reading.damage.reason);
  return reading.batch;
}

const hex = (field: Uint8Array | string | null): string | null =>
  field === null ? null : Buffer.from(field).toString("hex");

/** kafkajs keeps headers in an object: one value a key, and no key that objects treat as special. */
function asKafkajsShows(list: readonly RecordInput[]): RecordInput[] {
  return list.map((record, index) => ({
    ...record,
    headers: (record.headers ?? []).map((header, at) => ({ ...header, key: `${index}.${at} ${header.key}` })),
  }));
}

/** kafkajs takes the arithmetic of `String(value)` for texts and knows no null in a header. */
function forKafkajs(list: readonly RecordInput[]): KafkajsInput[] {
  const base = list[0]?.timestamp ?? 0;
  const field = (value: Uint8Array | string | null): Buffer | null => (value === null ? null : Buffer.from(value));
  return list.map(({ key, value, timestamp, headers }, offsetDelta) => ({
    offsetDelta,
    timestampDelta: timestamp - base,
    key: field(key),
    value: field(value),
    headers: Object.fromEntries((headers ?? []).map((header) => [header.key, field(header.value ?? "") ?? ""])),
  }));
}

const shownByOurs = (batch: RecordBatch): unknown[] =>
  Array.from(records(batch), ({ offset, timestamp, key, value, headers }) => ({
    offset,
    timestamp,
    key: hex(key),
    value: hex(value),
    headers: Object.fromEntries(headers.map((header) => [header.key, hex(header.value)])),
  }));

async function shownByKafkajs(bytes: Uint8Array): Promise<unknown[]> {
  const { records: found } = await decodeWithKafkajs(bytes);
  return found.map(({ offset, timestamp, key, value, headers }) => ({
    offset: Number(offset),
    timestamp: Number(timestamp),
    key: hex(key),
    value: hex(value),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, one]) => [name, hex(Array.isArray(one) ? (one[0] ?? null) : one)]),
    ),
  }));
}

test("kafkajs reads what we write", async () => {
  await fc.assert(
    fc.asyncProperty(recordList.map(asKafkajsShows), async (list) => {
      const bytes = batchOf(list);
      expect(await shownByKafkajs(bytes)).toEqual(shownByOurs(batchIn(bytes)));
    }),
  );
});

test("kafkajs inflates what we compress", async () => {
  const list = Array.from({ length: 200 }, (_, index) => ({
    key: `k${index}`,
    value: "again and again",
    timestamp: index,
  }));
  const plain = batchOf(list);
  const packed = await gzipBatch(plain);
  expect(packed.length).toBeLessThan(plain.length / 4);
  expect(await shownByKafkajs(packed)).toEqual(shownByOurs(batchIn(plain)));
});

test.each([
  ["plain", 0],
  ["gzip", 1],
])("we read what kafkajs writes, %s", async (_name, compression) => {
  await fc.assert(
    fc.asyncProperty(recordList.map(asKafkajsShows), async (list) => {
      const times = list.map(({ timestamp }) => timestamp);
      const bytes = await encodeWithKafkajs(
        {
          compression,
          firstTimestamp: times[0] ?? 0,
          maxTimestamp: Math.max(...times),
          producerId: 4711,
          producerEpoch: 3,
          firstSequence: 17,
          lastOffsetDelta: list.length - 1,
        },
        forKafkajs(list),
      );
      const batch = batchIn(bytes);
      expect(batch).toMatchObject({
        producerId: "0000000000001267",
        producerEpoch: 3,
        baseSequence: 17,
        count: list.length,
      });
      const opened = await openBatch(batch);
      expect(checkRecords(opened, { produced: true })).toBeNull();
      expect(shownByOurs(opened)).toEqual(await shownByKafkajs(bytes));
    }),
    { numRuns: 50 },
  );
});

test("with the log's own time every record bears the batch's greatest", async () => {
  const bytes = batchOf([1, 5, 3].map((timestamp) => ({ key: null, value: "v", timestamp })));
  writeInt16(bytes, ATTRIBUTES_AT, readInt16(bytes, ATTRIBUTES_AT) | LOG_APPEND_TIME);
  writeCrc(bytes, 0);
  expect(shownByOurs(batchIn(bytes))).toEqual(await shownByKafkajs(bytes));
});

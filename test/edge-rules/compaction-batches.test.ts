/** Batches that compaction has rewritten, field by field, and read by a codec nobody here wrote. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { gzipBatch, openBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import {
  ATTRIBUTES_AT,
  BATCH_HEADER_BYTES,
  LENGTH_AT,
  LOG_OVERHEAD_BYTES,
  MAX_TIMESTAMP_AT,
  batchAttributes,
  batchMaxTimestamp,
  codecOf,
  writeInt16,
  writeInt32,
  writeInt64,
} from "../../shared/record-batch.ts";
import { checkRecords, readBatch, records, type RecordBatch } from "../../shared/record-batch-decode.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import type { RecordInput } from "../../shared/record.ts";
import { decodeWithKafkajs } from "../shared/kafkajs-codec.ts";
import { MemoryLog, PRODUCER, compact, sealed } from "./compaction-fixture.ts";

const LOG_APPEND_TIME_BIT = 8;

/** Of three records the first is superseded, and so the very first and the very last: what is left ends earlier. */
const LIST: readonly RecordInput[] = Array.from({ length: 40 }, (_, index) => ({
  key: index % 3 === 0 ? "again" : `k${index}`,
  value: `value ${index} ${"again and ".repeat(8)}`,
  headers: [{ key: `h${index}`, value: "of the record" }],
  timestamp: 1_700_000_000_000 + index * 1_000,
}));
const LEFT = LIST.map((input, offsetDelta) => ({ ...input, offsetDelta })).filter(({ key }) => key !== "again");

const BASE = 7;

/** A log whose first row is the batch, and whose second supersedes the key `again`. */
function logWith(batch: Uint8Array): MemoryLog {
  const log = new MemoryLog();
  log.append([batch]);
  log.append([sealed([{ key: "again", value: "last", timestamp: 0 }], BASE + LIST.length)]);
  log.append([sealed([{ key: "tail", value: null, timestamp: 0 }], BASE + LIST.length + 1)]);
  return log;
}

async function compacted(batch: Uint8Array): Promise<RecordBatch> {
  const log = logWith(batch);
  await compact(log);
  const reading = readBatch(log.rows[0]?.bytes ?? new Uint8Array(), 0);
  if (!reading.ok) throw new Error(reading.damage.reason);
  expect(reading.batch.end).toBe(log.rows[0]?.bytes.length);
  return reading.batch;
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());

test.each([
  ["plain", (bytes: Uint8Array) => bytes],
  ["gzip", async (bytes: Uint8Array) => await gzipBatch(bytes)],
])("%s: header and records are those of before, kafkajs reads the same", async (codec, packed) => {
  const original = await packed(sealed(LIST, BASE));
  const batch = await compacted(original);
  expect(codecOf(batch.attributes)).toBe(codec === "gzip" ? "gzip" : "none");
  expect(batch).toMatchObject({
    baseOffset: BASE,
    leaderEpoch: 0,
    lastOffsetDelta: 39,
    baseTimestamp: LIST[0]?.timestamp,
    maxTimestamp: LEFT.at(-1)?.timestamp,
    producerId: PRODUCER,
    producerEpoch: 0,
    baseSequence: BASE,
    count: LEFT.length,
  });
  const opened = await openBatch(batch);
  expect(checkRecords(opened)).toBeNull();
  expect(checkRecords(opened, { produced: true })).not.toBeNull();
  expect(
    Array.from(records(opened), ({ offset, timestamp, key, value, headers }) => ({
      offset,
      timestamp,
      key: text(key),
      value: text(value),
      headers: headers.map((header) => [header.key, text(header.value)]),
    })),
  ).toEqual(
    LEFT.map(({ offsetDelta, timestamp, key, value, headers }) => ({
      offset: BASE + offsetDelta,
      timestamp,
      key,
      value,
      headers: (headers ?? []).map((header) => [header.key, header.value]),
    })),
  );

  const theirs = await decodeWithKafkajs(batch.bytes.slice(batch.start, batch.end));
  expect(theirs).toMatchObject({ firstOffset: String(BASE), lastOffsetDelta: 39, firstSequence: BASE });
  expect(theirs.maxTimestamp).toBe(String(LEFT.at(-1)?.timestamp));
  expect(
    theirs.records.map(({ offset, timestamp, key, value }) => [offset, timestamp, text(key), text(value)]),
  ).toEqual(
    LEFT.map(({ offsetDelta, timestamp, key, value }) => [String(BASE + offsetDelta), String(timestamp), key, value]),
  );
});

test("the log's own time stays that of the append", async () => {
  const bytes = sealed(LIST, BASE);
  writeInt16(bytes, ATTRIBUTES_AT, LOG_APPEND_TIME_BIT);
  writeInt64(bytes, MAX_TIMESTAMP_AT, 1_800_000_000_000);
  writeCrc(bytes, 0);
  const batch = await compacted(bytes);
  expect(batchAttributes(batch.bytes, 0)).toBe(LOG_APPEND_TIME_BIT);
  expect(batchMaxTimestamp(batch.bytes, 0)).toBe(1_800_000_000_000);
  expect(batch.count).toBe(LEFT.length);
});

test("gzip with hardly anything left is plain where that is smaller", async () => {
  const original = await gzipBatch(
    sealed(
      LIST.map((input, index) => ({ ...input, key: index === 0 ? "k" : "again", value: "v", headers: [] })),
      BASE,
    ),
  );
  expect(codecOf(batchAttributes(original, 0))).toBe("gzip");
  const batch = await compacted(original);
  expect(batch.count).toBe(1);
  expect(codecOf(batch.attributes)).toBe("none");
});

/** gzip as dense as zlib makes it, which no browser's stream does. */
function dense(plain: Uint8Array): Uint8Array {
  const packed = gzipSync(plain.subarray(BATCH_HEADER_BYTES), { level: 9, memLevel: 9 });
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
  bytes.set(plain.subarray(0, BATCH_HEADER_BYTES));
  bytes.set(packed, BATCH_HEADER_BYTES);
  writeInt32(bytes, LENGTH_AT, bytes.length - LOG_OVERHEAD_BYTES);
  writeInt16(bytes, ATTRIBUTES_AT, 1);
  writeCrc(bytes, 0);
  return bytes;
}

/** One text over and over, each time with other faults: level 9 finds matches that level 6 gives up on. */
function faultyCopies(count: number): string {
  let state = 1;
  const random = (below: number): number => {
    state = (state * 48_271) % 0x7fff_ffff;
    return (state >>> 8) % below;
  };
  const letters = Array.from({ length: 300 }, () => "acgt"[random(4)]);
  return Array.from({ length: count }, () => {
    const copy = [...letters];
    for (let fault = 0; fault < 12; fault += 1) copy[random(300)] = "acgt"[random(4)];
    return copy.join("");
  }).join("");
}

test("a batch that would make its row outgrow a run stays as it is, and tombstones behind it stay", async () => {
  const batch = dense(
    sealed(
      [
        { key: "again", value: "", timestamp: 0 },
        { key: "copies", value: faultyCopies(600), timestamp: 0 },
      ],
      0,
    ),
  );
  const filler = (length: number): Uint8Array =>
    sealed([{ key: null, value: new Uint8Array(length), timestamp: 0 }], 2);
  const run = (fillerBytes: number): MemoryLog => {
    const log = new MemoryLog();
    log.append([batch, filler(fillerBytes)]);
    log.append([sealed([{ key: "again", value: null, timestamp: 0 }], 3)]);
    log.append([sealed([{ key: "tail", value: "", timestamp: 0 }], 4)]);
    return log;
  };
  const small = run(100);
  await compact(small, { deleteRetentionMs: 0 });
  expect(small.rows[0]?.bytes.length).toBeGreaterThan(batch.length + filler(100).length);
  expect(small.rows[1]?.bytes.length).toBe(0);

  const full = run(LIMITS.runBytesMax - batch.length - (filler(100_000).length - 100_000));
  const before = full.rows[0]?.bytes;
  expect(before?.length).toBeGreaterThan(LIMITS.runBytesMax - 10);
  await compact(full, { deleteRetentionMs: 0 });
  expect(full.rows[0]?.bytes).toBe(before);
  expect(full.rows[1]?.bytes.length).toBeGreaterThan(0);
});

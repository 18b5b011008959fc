/** What is refused is named, and leaves nothing behind. */
import { afterEach, describe, expect, test } from "vitest";
import type { ProducePartitionAnswer } from "../../shared/api/produce.ts";
import type { TopicId } from "../../shared/brands.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import {
  ATTRIBUTES_AT,
  COUNT_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  MAGIC_AT,
  PRODUCER_EPOCH_AT,
  batchAttributes,
  writeInt16,
  writeInt32,
} from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import { newDevice, plainBatch, produceRun, type SealedBatch } from "./device.ts";
import { call, errorOf, newPlace, valuesOf, type Place } from "./edge.ts";

let place: Place;

/** Whatever a test here sends, its topic stays empty. */
afterEach(async () => {
  expect(await valuesOf(place)).toEqual([]);
});

async function newDeviceHere(config: Readonly<Record<string, string>> = {}): ReturnType<typeof newDevice> {
  place = await newPlace(config);
  return await newDevice(place);
}

/** A batch as sealed, with something changed afterwards; `crc`: and made true again. */
function spoiled(batch: SealedBatch, spoil: (bytes: Uint8Array) => void, { crc = true } = {}): SealedBatch {
  const bytes = batch.bytes.slice();
  spoil(bytes);
  if (crc) writeCrc(bytes, 0);
  return { ...batch, bytes };
}

function expectRefusal(answer: ProducePartitionAnswer, error: Partial<ErrorBody>): void {
  expect(answer).toMatchObject({ error: { retriable: false, ...error }, held: [], baseOffset: null });
}

describe("a batch of a device is refused", () => {
  test("whose CRC is not true of it", async () => {
    const device = await newDeviceHere();
    const flipped = spoiled(device.batch("a"), (bytes) => void (bytes[61] = (bytes[61] ?? 0) ^ 1), { crc: false });
    expectRefusal(await device.send(flipped), { code: "CORRUPT_MESSAGE", position: 17, sequence: 0 });
  });

  test("behind good ones, named by its sequence and position", async () => {
    const device = await newDeviceHere();
    const good = device.batch("a", "b");
    const flipped = spoiled(device.batch("c"), (bytes) => void (bytes[61] = (bytes[61] ?? 0) ^ 1), { crc: false });
    const position = good.bytes.length + 17;
    expectRefusal(await device.send(good, flipped), { code: "CORRUPT_MESSAGE", position, sequence: 2 });
  });

  test.each([
    ["longer than the run", 1],
    ["shorter than itself", -1],
    ["shorter than a header", -1_000_000],
    ["of 2 GiB", 0x7fff_0000],
  ])("whose batchLength says that it is %s", async (_name, more) => {
    const device = await newDeviceHere();
    const batch = device.batch("a");
    const lying = spoiled(batch, (bytes) => writeInt32(bytes, LENGTH_AT, bytes.length - 12 + more), { crc: false });
    expectRefusal(await device.send(lying), { code: "CORRUPT_MESSAGE" });
  });

  test.each([
    ["more records than there are", 3, 2],
    ["fewer records than there are", 1, 0],
    ["no records", 0, 0],
    ["fewer records than offsets", 2, 9],
    ["more records than offsets", 2, 0],
    ["less than no records", -2, -3],
    ["2^31 - 1 records", 0x7fff_ffff, 0x7fff_fffe],
  ])("that claims %s", async (_name, count, lastOffsetDelta) => {
    const device = await newDeviceHere();
    const lying = spoiled(device.batch("a", "b"), (bytes) => {
      writeInt32(bytes, COUNT_AT, count);
      writeInt32(bytes, LAST_OFFSET_DELTA_AT, lastOffsetDelta);
    });
    const answer = await device.send(lying);
    expect(["CORRUPT_MESSAGE", "INVALID_RECORD"]).toContain(answer.error?.code);
    expectRefusal(answer, {});
  });

  test.each([0, 1, 3, 255])("of magic %s", async (magic) => {
    const device = await newDeviceHere();
    const other = spoiled(device.batch("a"), (bytes) => void (bytes[MAGIC_AT] = magic));
    expectRefusal(await device.send(other), { code: "CORRUPT_MESSAGE", position: MAGIC_AT });
  });

  test.each([
    ["control", 1 << 5, "INVALID_RECORD"],
    ["transactional", 1 << 4, "INVALID_RECORD"],
    ["of the edge's own time", 1 << 3, "INVALID_TIMESTAMP"],
    ["compressed with snappy", 2, "UNSUPPORTED_COMPRESSION_TYPE"],
    ["compressed with lz4", 3, "UNSUPPORTED_COMPRESSION_TYPE"],
    ["compressed with zstd", 4, "UNSUPPORTED_COMPRESSION_TYPE"],
    ["compressed with what has no name", 7, "UNSUPPORTED_COMPRESSION_TYPE"],
    ["gzip that is none", 1, "CORRUPT_MESSAGE"],
  ] as const)("whose attributes say: %s", async (_name, bits, code) => {
    const device = await newDeviceHere();
    const marked = spoiled(device.batch("a"), (bytes) =>
      writeInt16(bytes, ATTRIBUTES_AT, batchAttributes(bytes, 0) | bits),
    );
    expectRefusal(await device.send(marked), { code, sequence: 0 });
  });

  test("whose header names a later time than its records", async () => {
    const device = await newDeviceHere();
    const lying = spoiled(device.batch("a"), (bytes) => writeInt32(bytes, 35 + 4, 0x7fff_ffff));
    expectRefusal(await device.send(lying), { code: "INVALID_TIMESTAMP", sequence: 0 });
  });

  test("whose records inflate beyond the limit", async () => {
    const device = await newDeviceHere();
    const value = "0".repeat(LIMITS.batchBytesMax - 200);
    const small = await gzipBatch(plainBatch([value]));
    expect(small.length).toBeLessThan(10_000);
    const bomb = await bombOf(small, LIMITS.inflatedBytesMax + 1);
    expectRefusal(await device.send(device.seal(bomb, 1)), { code: "MESSAGE_TOO_LARGE", sequence: 0 });
  });

  test("of another epoch than 0", async () => {
    const device = await newDeviceHere();
    const later = spoiled(device.batch("a"), (bytes) => writeInt16(bytes, PRODUCER_EPOCH_AT, 1));
    expectRefusal(await device.send(later), { code: "INVALID_RECORD", sequence: 0 });
  });

  test("larger than max.message.bytes, with the limit; the proof comes along", async () => {
    const device = await newDeviceHere({ "max.message.bytes": "200" });
    const batch = device.batch("x".repeat(300));
    const bytes = batch.bytes.length;
    const answer = await device.send(batch);
    expectRefusal(answer, { code: "MESSAGE_TOO_LARGE", bytes, limit: 200, sequence: 0 });
    expect(answer).toMatchObject({ nextSequence: null, chain: 0, highWatermark: 0 });
  });

  test("with a record that has no key, where the topic is compacted", async () => {
    const device = await newDeviceHere({ "cleanup.policy": "compact,delete" });
    const keyless = device.batch({ key: "a", value: "1" }, { value: "2" });
    expectRefusal(await device.send(keyless), { code: "INVALID_RECORD", sequence: 0 });
    expectRefusal(await device.send(keyless), { message: expect.stringContaining("record 1 has no key") as string });
  });

  test("in the middle of a run: none of the run is kept", async () => {
    const device = await newDeviceHere({ "max.message.bytes": "200" });
    const run = [device.batch("a"), device.batch("x".repeat(300)), device.batch("c")];
    expectRefusal(await device.send(...run), { code: "MESSAGE_TOO_LARGE", sequence: 1 });
  });
});

/** gzip of zeros behind the header of another batch. */
async function bombOf(batch: Uint8Array, inflatedBytes: number): Promise<Uint8Array> {
  const zeros = new Blob([new Uint8Array(inflatedBytes)]).stream().pipeThrough(new CompressionStream("gzip"));
  const packed = new Uint8Array(await new Response(zeros).arrayBuffer());
  const bytes = new Uint8Array(61 + packed.length);
  bytes.set(batch.subarray(0, 61));
  bytes.set(packed, 61);
  writeInt32(bytes, LENGTH_AT, bytes.length - 12);
  return bytes;
}

describe("a run of a device is refused", () => {
  test("under a key that is another's", async () => {
    const device = await newDeviceHere();
    const other = await newDevice(place);
    const answer = await device.sendAs({ producerKey: other.key }, device.batch("a"));
    expectRefusal(answer, { code: "INVALID_PRODUCER_ID_MAPPING", producerId: device.id });
    expect(answer).toMatchObject({ nextSequence: null, chain: 0 });
  });

  test("without a key", async () => {
    const device = await newDeviceHere();
    const answer = await device.sendAs({ producerKey: null }, device.batch("a"));
    expectRefusal(answer, { code: "INVALID_PRODUCER_ID_MAPPING", producerId: device.id });
  });

  test("that is of two producers", async () => {
    const device = await newDeviceHere();
    const other = await newDevice(place);
    other.sequence = 1;
    expectRefusal(await device.send(device.batch("a"), other.batch("b")), { code: "INVALID_RECORD" });
  });

  test("whose sequences have a gap", async () => {
    const device = await newDeviceHere();
    const a = device.batch("a");
    device.batch("left out");
    expectRefusal(await device.send(a, device.batch("c")), { code: "INVALID_RECORD", sequence: 2 });
  });

  test("larger than a run may be, with the limit", async () => {
    const device = await newDeviceHere();
    const run = [device.batch("x".repeat(600_000)), device.batch("y".repeat(600_000))];
    expectRefusal(await device.send(...run), { code: "RECORD_LIST_TOO_LARGE", limit: LIMITS.runBytesMax });
  });

  test("for a partition that the topic does not have", async () => {
    const device = await newDeviceHere();
    const answer = await device.sendAs({ partition: 1 }, device.batch("a"));
    expect(answer.error).toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
      partition: 1,
      partitionCount: 1,
      topic: place.name,
    });
  });

  test("for a topic id that nobody has", async () => {
    const device = await newDeviceHere();
    const topicId = "00000000-0000-4000-8000-000000000000" as TopicId;
    const answer = await device.sendAs({ topicId }, device.batch("a"));
    expect(answer.error).toMatchObject({ code: "UNKNOWN_TOPIC_ID", topicId });
  });
});

test("random bytes as a run are refused", async () => {
  await newDeviceHere();
  for (const length of [1, 60, 61, 200]) {
    const answer = await produceRun(place, crypto.getRandomValues(new Uint8Array(length)));
    expectRefusal(answer, { code: "CORRUPT_MESSAGE" });
  }
});

test("a body that is larger than a request may be is refused, with its length stated and without", async () => {
  await newDeviceHere();
  const bytes = new Uint8Array(LIMITS.produceBytesMax + 1);
  const stated = await errorOf(await call("/v1/produce", { body: bytes }));
  expect(stated).toMatchObject({
    status: 413,
    code: "REQUEST_TOO_LARGE",
    bytes: bytes.length,
    limit: LIMITS.produceBytesMax,
  });
  const streamed = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes.subarray(0, 1_000_000));
    },
  });
  const unstated = await errorOf(await call("/v1/produce", { body: streamed }));
  expect(unstated).toMatchObject({ status: 413, code: "REQUEST_TOO_LARGE", limit: LIMITS.produceBytesMax });
});

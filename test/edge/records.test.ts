/** Records for people, and the offsets of a partition. */
import { describe, expect, test } from "vitest";
import type { ListOffsetsAnswer } from "../../shared/api/list-offsets.ts";
import { ENVELOPE_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import { readEnvelope } from "../../shared/envelope.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { kafkaBatch, newDevice, plainBatch, produceRun } from "./device.ts";
import { ATTRIBUTES_AT, writeInt16 } from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { call, errorOf, newPlace, valuesOf, type Place } from "./edge.ts";

async function read({ name, partition }: Place, query = ""): Promise<RecordsAnswer> {
  const response = await call(`/v1/topics/${name}/partitions/${partition}/records${query}`);
  expect(response.status).toBe(200);
  return await response.json();
}

async function offsetAt({ name, partition }: Place, at: string | number): Promise<ListOffsetsAnswer> {
  const response = await call(`/v1/topics/${name}/partitions/${partition}/offsets?at=${at}`);
  expect(response.status).toBe(200);
  return await response.json();
}

describe("records", () => {
  test("are told with key, value, headers, time and offset; texts as text, all else in base64", async () => {
    const place = await newPlace();
    const bytes = Uint8Array.of(0xff, 0, 1);
    const device = await newDevice(place);
    await device.send(
      device.batch(
        {
          key: "k",
          value: "grün 🌊",
          headers: [
            { key: "h", value: "v" },
            { key: "n", value: null },
            { key: "b", value: bytes },
          ],
          timestamp: 5,
        },
        { key: bytes, value: bytes, timestamp: 6 },
        { key: "", value: null, timestamp: 7 },
      ),
    );
    expect(await read(place)).toEqual({
      records: [
        {
          offset: 0,
          timestamp: 5,
          key: "k",
          value: "grün 🌊",
          headers: [
            { key: "h", value: "v" },
            { key: "n", value: null },
            { key: "b", valueBase64: "/wAB" },
          ],
        },
        { offset: 1, timestamp: 6, keyBase64: "/wAB", valueBase64: "/wAB", headers: [] },
        { offset: 2, timestamp: 7, key: "", value: null, headers: [] },
      ],
      nextOffset: 3,
      logStartOffset: 0,
      highWatermark: 3,
    });
  });

  test("begin with the offset that was asked for, also within a batch and a gzip one", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const packed = await gzipBatch(plainBatch(["a".repeat(200), "b".repeat(200), "c".repeat(200)]));
    expect(packed.length).toBeLessThan(200);
    await device.send(device.seal(packed, 3), device.batch("d"));
    const { records: found, nextOffset } = await read(place, "?offset=2");
    expect(found.map(({ offset, value }) => [offset, value?.[0]])).toEqual([
      [2, "c"],
      [3, "d"],
    ]);
    expect(nextOffset).toBe(4);
    expect(await read(place, "?offset=4")).toMatchObject({ records: [], nextOffset: 4 });
  });

  test("come page by page: nextOffset goes on where maxBytes ended", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a", "b"), device.batch("c"));
    await device.send(device.batch("d"));
    expect(await read(place, "?maxBytes=1")).toMatchObject({
      records: [{ value: "a" }, { value: "b" }],
      nextOffset: 2,
      highWatermark: 4,
    });
    expect(await valuesOf(place)).toEqual(["a", "b", "c", "d"]);
  });

  test("of small batches that hold much come as far as may be opened at once", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const packed = await gzipBatch(plainBatch(Array.from({ length: 10 }, () => "x".repeat(100_000))));
    for (let index = 0; index < 10; index += 1) await device.send(device.seal(packed, 10));
    const first = await read(place);
    expect([first.records.length, first.nextOffset, first.highWatermark]).toEqual([80, 80, 100]);
    expect((await read(place, "?offset=80")).records).toHaveLength(20);
  });

  test("come to no more than an answer may hold, whatever is asked for", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    for (let run = 0; run < 10; run += 1) await device.send(device.batch("x".repeat(1_000_000)));
    const { records: found } = await read(place, `?maxBytes=${Number.MAX_SAFE_INTEGER}`);
    expect(found).toHaveLength(Math.floor(LIMITS.fetchBytesMax / 1_000_100));
  });

  test("beyond the end answer 416 with the bounds", async () => {
    const place = await newPlace();
    await produceRun(place, plainBatch(["a"]));
    const error = await errorOf(await call(`/v1/topics/${place.name}/partitions/0/records?offset=2`));
    expect(error).toMatchObject({
      status: 416,
      code: "OFFSET_OUT_OF_RANGE",
      offset: 2,
      logStartOffset: 0,
      highWatermark: 1,
    });
  });

  test("that a browser cannot open answer 415, and bytes to who asks for them", async () => {
    const place = await newPlace();
    const batch = kafkaBatch(["a"], { id: 9, epoch: 0, sequence: 0 });
    writeInt16(batch, ATTRIBUTES_AT, 2);
    writeCrc(batch, 0);
    expect(await produceRun(place, batch)).toMatchObject({ error: null, highWatermark: 1 });
    const path = `/v1/topics/${place.name}/partitions/0/records`;
    expect(await errorOf(await call(path))).toMatchObject({ status: 415, code: "UNSUPPORTED_COMPRESSION_TYPE" });
    expect((await call(path, { headers: { accept: ENVELOPE_MEDIA_TYPE } })).status).toBe(200);
  });

  test("come as an envelope to who accepts one", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"), device.batch("b"));
    const response = await call(`/v1/topics/${place.name}/partitions/0/records?offset=1`, {
      headers: { accept: ENVELOPE_MEDIA_TYPE },
    });
    expect(response.headers.get("content-type")).toBe(ENVELOPE_MEDIA_TYPE);
    const body = new Uint8Array(await response.arrayBuffer());
    const { head, payloadStart } = readEnvelope(body);
    const bytes = body.slice(payloadStart);
    expect(head).toMatchObject({ logStartOffset: 0, highWatermark: 2, bytes: bytes.length });
    const values = Array.from(batches(bytes)).flatMap((batch) =>
      Array.from(records(batch), ({ offset, value }) => [offset, value]),
    );
    expect(values).toEqual([[1, new TextEncoder().encode("b")]]);
  });

  test("are waited for with minBytes and maxWaitMs", async () => {
    const place = await newPlace();
    const reading = read(place, "?minBytes=1&maxWaitMs=20000");
    const device = await newDevice(place);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await device.send(device.batch("a"));
    expect((await reading).records).toMatchObject([{ offset: 0, value: "a" }]);
    expect(await read(place, "?offset=1&minBytes=1&maxWaitMs=50")).toMatchObject({ records: [], nextOffset: 1 });
  });

  test("are the caller's own: no cache between may keep them", async () => {
    const { name } = await newPlace();
    const response = await call(`/v1/topics/${name}/partitions/0/records`);
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
  });
});

describe("offsets", () => {
  test("earliest and latest are the bounds", async () => {
    const place = await newPlace();
    expect(await offsetAt(place, "earliest")).toMatchObject({ offset: 0, timestamp: null });
    expect(await offsetAt(place, "latest")).toMatchObject({ offset: 0, timestamp: null });
    await produceRun(place, plainBatch(["a", "b"]));
    expect(await offsetAt(place, "earliest")).toMatchObject({ offset: 0 });
    expect(await offsetAt(place, "latest")).toMatchObject({ offset: 2, leaderEpoch: { counter: 0 } });
  });

  test("of a time are those of the first record at or after it, whatever order the times have", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const at = (timestamp: number): { value: string; timestamp: number } => ({ value: "", timestamp });
    await device.send(device.batch(at(100), at(300)), device.batch(at(200)));
    await device.send(device.batch(at(150)));
    await device.send(
      device.seal(
        await gzipBatch(
          plainBatch([
            { value: "x".repeat(200), timestamp: 400 },
            { value: "x".repeat(200), timestamp: 500 },
          ]),
        ),
        2,
      ),
    );
    const found = async (time: number): Promise<unknown> => {
      const { offset, timestamp } = await offsetAt(place, time);
      return [offset, timestamp];
    };
    expect(await found(0)).toEqual([0, 100]);
    expect(await found(100)).toEqual([0, 100]);
    expect(await found(101)).toEqual([1, 300]);
    expect(await found(300)).toEqual([1, 300]);
    expect(await found(301)).toEqual([4, 400]);
    expect(await found(401)).toEqual([5, 500]);
    expect(await found(501)).toEqual([null, null]);
  });

  test("of a time in many runs are the same as by reading them all", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const times = Array.from({ length: 40 }, (_, index) => ((index * 7_919) % 53) * 10);
    for (const timestamp of times) await device.send(device.batch({ value: "", timestamp }));
    for (let time = 0; time <= 540; time += 45) {
      const offset = times.findIndex((one) => one >= time);
      expect([time, (await offsetAt(place, time)).offset]).toEqual([time, offset < 0 ? null : offset]);
    }
  });
});

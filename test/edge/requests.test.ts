/** Requests that cannot be read. */
import { describe, expect, test } from "vitest";
import { writeEnvelope } from "../../shared/envelope.ts";
import { LIMITS } from "../../shared/limits.ts";
import { plainBatch } from "./device.ts";
import { call, errorOf, newPlace, valuesOf } from "./edge.ts";

const TOPIC_ID = "00000000-0000-4000-8000-000000000000";
const produceHead = { topicId: TOPIC_ID, partition: 0, leaderEpoch: null, producerKey: null, chain: 0, bytes: 3 };
const fetchPartition = {
  topicId: TOPIC_ID,
  partition: 0,
  offset: 0,
  leaderEpoch: null,
  previousCrc: null,
  maxBytes: 1,
};
const fetchBody = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1, partitions: [fetchPartition] };
const reconcileBody = {
  topicId: TOPIC_ID,
  producerKey: "0".repeat(32),
  from: 0,
  batches: [{ count: 1, crc: 1 }],
  giveUp: false,
};
const NUMBERS = [-1, 1.5, 2 ** 53, "1", null] as const;

function wrong(body: object, field: string): object[] {
  return NUMBERS.map((value) => ({ ...body, [field]: value }));
}

describe("what is not well formed answers 400 and stores nothing:", () => {
  test.each(["", "{", "[1", "nonsense", '"\ud800"'])("the body %j", async (body) => {
    for (const path of ["/v1/fetch", "/v1/topics", "/v1/topics/a/partitions/0/reconcile"]) {
      expect(await errorOf(await call(path, { method: "POST", body }))).toMatchObject({
        status: 400,
        code: "INVALID_REQUEST",
      });
    }
  });

  test.each([
    ...["partition", "chain", "bytes"].flatMap((field) => wrong(produceHead, field)),
    { ...produceHead, bytes: 0 },
    { ...produceHead, chain: 2 ** 32 },
    { ...produceHead, partition: 2 ** 31 },
    { ...produceHead, topicId: "a" },
    { ...produceHead, topicId: TOPIC_ID.replace("4", "X") },
    { ...produceHead, producerKey: "AB".repeat(16) },
    { ...produceHead, leaderEpoch: {} },
    { ...produceHead, leaderEpoch: { counter: -1, random: 0 } },
    {},
    null,
  ])("the produce head %j", async (head) => {
    const body = writeEnvelope({ partitions: [head] }, [new Uint8Array(3)]);
    expect(await errorOf(await call("/v1/produce", { body }))).toMatchObject({
      status: 400,
      code: "INVALID_REQUEST",
      retriable: false,
    });
  });

  test.each([
    null,
    [],
    {},
    { partitions: [] },
    { partitions: null },
    { partitions: Array.from({ length: 1_001 }, (_, partition) => ({ ...produceHead, partition })) },
  ])("the produce head %.40j", async (head) => {
    const error = await errorOf(await call("/v1/produce", { body: writeEnvelope(head, []) }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test("a partition that stands in a request twice", async () => {
    const twice = writeEnvelope({ partitions: [produceHead, produceHead] }, [new Uint8Array(3), new Uint8Array(3)]);
    const json = { ...fetchBody, partitions: [fetchPartition, { ...fetchPartition, offset: 1 }] };
    for (const response of [await call("/v1/produce", { body: twice }), await call("/v1/fetch", { json })])
      expect(await errorOf(response)).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "partitions" });
  });

  test.each([
    ["no envelope at all", Uint8Array.of(1, 2, 3)],
    ["a head beyond the body", Uint8Array.of(0, 0, 0, 9, 123, 125)],
    ["a head beyond its limit", Uint8Array.of(255, 255, 255, 255, 123, 125)],
    ["a head that is no JSON", Uint8Array.of(0, 0, 0, 2, 123, 123)],
    ["a head that is no UTF-8", Uint8Array.of(0, 0, 0, 2, 255, 254)],
    ["a payload shorter than stated", writeEnvelope({ partitions: [produceHead] }, [new Uint8Array(2)])],
    ["a payload longer than stated", writeEnvelope({ partitions: [produceHead] }, [new Uint8Array(4)])],
  ])("%s", async (_name, body) => {
    expect(await errorOf(await call("/v1/produce", { body }))).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test.each([
    ...["maxWaitMs", "minBytes", "maxBytes"].flatMap((field) => wrong(fetchBody, field)),
    { ...fetchBody, maxWaitMs: LIMITS.fetchWaitMsMax + 1 },
    { ...fetchBody, sessionId: "a b" },
    { ...fetchBody, sessionId: "x".repeat(65) },
    { ...fetchBody, partitions: [] },
    ...["partition", "offset", "maxBytes"].flatMap((field) =>
      wrong(fetchPartition, field).map((one) => ({ ...fetchBody, partitions: [one] })),
    ),
    { ...fetchBody, partitions: [{ ...fetchPartition, previousCrc: 2 ** 32 }] },
  ])("the fetch %j", async (json) => {
    expect(await errorOf(await call("/v1/fetch", { json }))).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test.each([
    ...wrong(reconcileBody, "from"),
    ...["count", "crc"].flatMap((field) =>
      wrong({ count: 1, crc: 1 }, field).map((one) => ({ ...reconcileBody, batches: [one] })),
    ),
    { ...reconcileBody, batches: [] },
    { ...reconcileBody, batches: [{ count: 0, crc: 1 }] },
    { ...reconcileBody, giveUp: 1 },
    { ...reconcileBody, from: 2 ** 31 - 1, batches: [{ count: 1, crc: 1 }] },
    {
      ...reconcileBody,
      batches: [
        { count: 2 ** 30, crc: 1 },
        { count: 2 ** 30, crc: 1 },
      ],
    },
  ])("the reconcile %j", async (json) => {
    const { name, topicId } = await newPlace();
    const response = await call(`/v1/topics/${name}/partitions/0/reconcile`, { json: { ...json, topicId } });
    expect(await errorOf(response)).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test.each([
    "offset=-1",
    "offset=1.5",
    "offset=x",
    "offset=",
    "offset=0x1",
    "offset=1e3",
    "offset=+1",
    "maxBytes=99999999999999999999",
    "offset=9007199254740993",
    "maxBytes=-1",
    "minBytes=x",
    "maxWaitMs=30001",
  ])("records?%s", async (query) => {
    const { name } = await newPlace();
    const error = await errorOf(await call(`/v1/topics/${name}/partitions/0/records?${query}`));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: query.split("=")[0] });
  });

  test.each([
    "",
    "?at=",
    "?at=first",
    "?at=-1",
    "?at=1.5",
    "?at=0x1",
    "?at=1e3",
    "?at=+1",
    "?at=1e400",
    "?at=9007199254740993",
  ])("offsets%s", async (query) => {
    const { name } = await newPlace();
    const error = await errorOf(await call(`/v1/topics/${name}/partitions/0/offsets${query}`));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "at" });
  });
});

test("a JSON body beyond its limit is refused", async () => {
  const body = `{"name":"${"x".repeat(LIMITS.jsonBytesMax)}"}`;
  expect(await errorOf(await call("/v1/topics", { body }))).toMatchObject({ status: 413, code: "REQUEST_TOO_LARGE" });
});

test("no refusal tells of the inside: no stack, no SQL, no path", async () => {
  const place = await newPlace();
  const { topicId } = place;
  const batch = plainBatch(["a"]);
  batch[30] = 255;
  const bodies = [
    await call("/v1/topics/'; DROP TABLE runs; --"),
    await call("/v1/topics", { json: { name: "a'b\"--" } }),
    await call("/v1/fetch", { json: { ...fetchBody, partitions: [{ ...fetchPartition, offset: "x" }] } }),
    await call("/v1/produce", {
      body: writeEnvelope({ partitions: [{ ...produceHead, topicId, bytes: batch.length }] }, [batch]),
    }),
    await call(`/v1/topics/${place.name}/partitions/0/records?offset=9`),
  ];
  for (const response of bodies) {
    const { error } = (await response.clone().json()) as { error?: Record<string, unknown> };
    if (error !== undefined) expect(Object.keys(error)).not.toContain("stack");
    expect(await response.text()).not.toMatch(/SQLITE|SELECT |INSERT |\.ts:|\.js:|node_modules|file:\/\/|\bat \w+ \(/);
  }
  expect(await valuesOf(place)).toEqual([]);
});

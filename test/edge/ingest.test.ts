/** `POST /v1/ingest/{key}`: what each type of body leaves in the log, and what is refused. */
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../shared/limits.ts";
import type { SendRecordsAnswer } from "../../shared/api/send-records.ts";
import { call, errorOf, newPlace, recordsOf, valuesOf } from "./edge.ts";
import { ingest, keyOf, newKey } from "./ingest-lab.ts";

const ok = (offset: number): object => ({ partition: 0, offset, timestamp: expect.any(Number), error: null });

describe("types", () => {
  test("JSON is a record, or a list of them", async () => {
    const keyed = await newKey();
    const one = await ingest(keyed, { body: '{"key":"k","value":{"page":"/"},"headers":{"h":"x"}}' });
    expect([one.status, await one.json()]).toEqual([200, { records: [ok(0)] }]);
    await ingest(keyed, { type: "Application/JSON; charset=utf-8", body: '{"records":[{"value":"a"},{"value":"b"}]}' });
    expect(await valuesOf(keyed)).toEqual(['{"page":"/"}', "a", "b"]);
    const [first] = await recordsOf(keyed);
    expect(first).toMatchObject({ key: "k", headers: [{ key: "h", value: "x" }, { key: "content-type" }] });
  });

  test.each(["text/plain", "text/plain;charset=UTF-8", "application/x-ndjson", "application/jsonl"])(
    "%s is a record a line, and each answers for itself",
    async (type) => {
      const keyed = await newKey();
      const body = '{"value":"a"}\n\n{"valu":"b"}\r\nnot json\n{"value":"c","partition":9}\n{"value":"d"}';
      const response = await ingest(keyed, { type, body });
      const { records }: SendRecordsAnswer = await response.json();
      expect(response.status).toBe(200);
      expect(records.map(({ error, offset }) => error?.code ?? offset)).toEqual([
        0,
        "INVALID_RECORD",
        "INVALID_RECORD",
        "UNKNOWN_TOPIC_OR_PARTITION",
        1,
      ]);
      expect(await valuesOf(keyed)).toEqual(["a", "d"]);
    },
  );

  test("a request under an Idempotency-Key is stored once, whatever its type", async () => {
    const keyed = await newKey();
    const headers = { "idempotency-key": "delivery-1" };
    for (const sent of [
      { type: "text/plain", body: '{"value":"a"}\n{"value":"b"}' },
      { type: "text/plain", body: '{"value":"a"}\n{"value":"b"}' },
    ])
      expect((await ingest(keyed, { ...sent, headers })).status).toBe(200);
    const other = await ingest(keyed, { type: "text/plain", body: '{"value":"c"}', headers });
    expect(await errorOf(other)).toMatchObject({ status: 422, code: "IDEMPOTENCY_KEY_REUSED" });
    expect(await valuesOf(keyed)).toEqual(["a", "b"]);
  });

  test("lines of nothing are no records", async () => {
    const keyed = await newKey();
    for (const body of ["", "\n\n \n"]) {
      const response = await ingest(keyed, { type: "text/plain", body });
      expect([response.status, await response.json()]).toEqual([200, { records: [] }]);
    }
    expect(await valuesOf(keyed)).toEqual([]);
  });

  test("bytes and forms are one record as they came, with their type", async () => {
    const keyed = await newKey();
    await ingest(keyed, { type: "application/octet-stream", body: new Uint8Array([0, 255]) });
    await ingest(keyed, { type: "application/x-www-form-urlencoded", body: "a=1&b=%20" });
    const [bytes, form] = await recordsOf(keyed);
    expect(bytes).toMatchObject({ valueBase64: "AP8=", headers: [{ value: "application/octet-stream" }] });
    expect(form).toMatchObject({
      key: null,
      value: "a=1&b=%20",
      headers: [{ key: "content-type", value: "application/x-www-form-urlencoded" }],
    });
  });

  test.each([null, "", "text/html", "multipart/form-data", "application/cloudevents+json", "text/plainer"])(
    "%s is refused",
    async (type) => {
      const keyed = await newKey();
      const body = new TextEncoder().encode('{"value":"a"}');
      const error = await errorOf(await ingest(keyed, { type, body }));
      expect(error).toMatchObject({ status: 415, code: "UNSUPPORTED_MEDIA_TYPE" });
      expect(await valuesOf(keyed)).toEqual([]);
    },
  );

  test("text/plain is lines here alone", async () => {
    const { name } = await newPlace();
    for (const path of [`/v1/topics/${name}/records`, `/kafka-rest/topics/${name}`]) {
      const response = await call(path, {
        method: "POST",
        body: '{"value":"a"}',
        headers: { "content-type": "text/plain" },
      });
      expect(response.status).toBe(415);
    }
  });
});

describe("bad input leaves nothing", () => {
  test.each([
    [400, "INVALID_REQUEST", "{"],
    [400, "INVALID_REQUEST", ""],
    [422, "INVALID_RECORD", "1"],
    [422, "INVALID_RECORD", '{"page":"/"}'],
    [422, "INVALID_RECORD", '{"__proto__":{"value":"a"}}'],
    [422, "INVALID_RECORD", '{"value":"a","constructor":1}'],
    [400, "INVALID_REQUEST", '{"records":[],"topic":"other"}'],
    [404, "UNKNOWN_TOPIC_OR_PARTITION", '{"value":"a","partition":1}'],
    [422, "INVALID_TIMESTAMP", '{"value":"a","timestamp":-1}'],
    [400, "INVALID_REQUEST", `${'{"value":'.repeat(100)}1${"}".repeat(100)}`],
  ])("%i %s: %s", async (status, code, body) => {
    const keyed = await newKey();
    expect(await errorOf(await ingest(keyed, { body }))).toMatchObject({ status, code });
    expect(await valuesOf(keyed)).toEqual([]);
    expect(({} as { value?: string }).value).toBeUndefined();
  });

  test("S05: a body over the cap, with a length or without", async () => {
    const keyed = await newKey();
    const bytes = new Uint8Array(LIMITS.ingestBytesMax + 1).fill(32);
    const streamed = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    for (const body of [bytes, streamed]) {
      const error = await errorOf(await ingest(keyed, { type: "text/plain", body }));
      expect(error).toMatchObject({ status: 413, code: "REQUEST_TOO_LARGE", limit: LIMITS.ingestBytesMax });
    }
    expect(await valuesOf(keyed)).toEqual([]);
  });

  test.each(["x", "-1", "1.5"])("S05: a length that is none: %s", async (length) => {
    const keyed = await newKey();
    const error = await errorOf(await ingest(keyed, { headers: { "content-length": length } }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    expect(await valuesOf(keyed)).toEqual([]);
  });

  test("S05: more records than one request may have", async () => {
    const keyed = await newKey();
    const body = '{"value":""}\n'.repeat(LIMITS.recordsPerRequestMax + 1);
    const error = await errorOf(await ingest(keyed, { type: "text/plain", body }));
    expect(error).toMatchObject({ code: "RECORD_LIST_TOO_LARGE", limit: LIMITS.recordsPerRequestMax });
    expect(await valuesOf(keyed)).toEqual([]);
  });

  test("a query is taken by none of it, and other methods are not", async () => {
    const { key } = await newKey();
    const asked = await call(`/v1/ingest/${key}?topic=other`, { json: { value: "a" } });
    expect(await errorOf(asked)).toMatchObject({ status: 400, code: "INVALID_REQUEST", field: "topic" });
    const got = await call(`/v1/ingest/${key}`);
    expect(await errorOf(got)).toMatchObject({ status: 405, allow: "POST" });
  });
});

test("a topic that is gone takes its keys along: one made again under the name is not written by them", async () => {
  const keyed = await newKey();
  await ingest(keyed);
  await call(`/v1/topics/${keyed.name}`, { method: "DELETE" });
  await call("/v1/topics", { json: { name: keyed.name, partitionCount: 1 } });
  const response = await ingest(keyed);
  expect([401, 404]).toContain(response.status);
  expect(await valuesOf(keyed)).toEqual([]);
  const { keys } = await (await call(`/v1/ingest-keys?topic=${keyed.name}`)).json<{ keys: unknown[] }>();
  expect(keys).toEqual([]);
  const again = await keyOf({ topic: keyed.name });
  expect((await ingest(again)).status).toBe(200);
});

test("no topic is made by a key", async () => {
  const response = await call("/v1/ingest-keys", { json: { topic: "never-made" } });
  expect(await errorOf(response)).toMatchObject({ status: 404, code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect((await call("/v1/topics/never-made")).status).toBe(404);
});

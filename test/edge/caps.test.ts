/** S05: what is too much is refused at its cap, by its name, and the neighbours go on. S06: no name is special. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp } from "../../edge/app.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import { LENGTH_AT, writeInt32 } from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import type { ProduceAnswer } from "../../shared/api/produce.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { checkAnswer } from "./answer-check.ts";
import { newDevice, plainBatch, produceRun } from "./device.ts";
import { call, errorOf, newPlace, valuesOf } from "./edge.ts";

const TOO_LARGE = { status: 413, code: "REQUEST_TOO_LARGE", retriable: false };
const app = createApp();

/** Straight at the Worker: what stands between a client and it would not let every lie through. */
async function ask(path: string, init: RequestInit): Promise<Response> {
  const response = await app.fetch(new Request(`http://localhost${path}`, init), env, createExecutionContext());
  await checkAnswer({ method: init.method ?? "GET", path }, response);
  return response;
}

/** Says how much of it was taken. */
function endless(chunkBytes: number): { readonly body: ReadableStream<Uint8Array>; readonly taken: () => number } {
  let taken = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      taken += chunkBytes;
      controller.enqueue(new Uint8Array(chunkBytes));
    },
  });
  return { body, taken: () => taken };
}

/** gzip of zeros behind the header of another batch: what `inflatedBytes` takes in parts, as no test could hold it. */
async function bombOf(inflatedBytes: number): Promise<Uint8Array> {
  const packer = new CompressionStream("gzip");
  const packed = new Response(packer.readable).arrayBuffer();
  const writer = packer.writable.getWriter();
  const zeros = new Uint8Array(1_048_576);
  for (let left = inflatedBytes; left > 0; left -= zeros.length) await writer.write(zeros.subarray(0, left));
  await writer.close();
  const gzip = new Uint8Array(await packed);
  const small = await gzipBatch(plainBatch(["0".repeat(1_000)]));
  const bytes = new Uint8Array(61 + gzip.length);
  bytes.set(small.subarray(0, 61));
  bytes.set(gzip, 61);
  writeInt32(bytes, LENGTH_AT, bytes.length - 12);
  writeCrc(bytes, 0);
  return bytes;
}

describe("S05 bytes", () => {
  test("a body without a length is read up to the cap and no further", async () => {
    for (const [path, cap] of [
      ["/v1/topics", LIMITS.jsonBytesMax],
      ["/v1/produce", LIMITS.produceBytesMax],
    ] as const) {
      const { body, taken } = endless(65_536);
      expect(await errorOf(await ask(path, { method: "POST", body }))).toMatchObject({ ...TOO_LARGE, limit: cap });
      expect(taken()).toBeLessThan(cap + 4 * 65_536);
    }
  });

  test("a stated length over the cap is refused before anything is read", async () => {
    const { body, taken } = endless(65_536);
    const headers = { "content-length": "99999999999" };
    expect(await errorOf(await ask("/v1/produce", { method: "POST", body, headers }))).toMatchObject(TOO_LARGE);
    expect(taken()).toBeLessThan(4 * 65_536);
  });

  test.each(["5", "0", "400000"])("a length of %s that lies is told so, and nothing is done", async (length) => {
    const body = JSON.stringify({ name: `lie-${length}`, partitionCount: 1 });
    const stream = new Response(body).body;
    const headers = { "content-length": length };
    const error = await errorOf(await ask("/v1/topics", { method: "POST", body: stream, headers }));
    expect(error).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    expect((await call(`/v1/topics/lie-${length}`)).status).toBe(404);
  });

  test.each(["-1", "1e3x", "abc", "1.5"])("a length of %s is none", async (length) => {
    const response = await ask("/v1/topics", {
      method: "POST",
      body: new Response("{}").body,
      headers: { "content-length": length },
    });
    expect(await errorOf(response)).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  });

  test("an address or a path that is too long", async () => {
    const path = `/v1/topics/${"a".repeat(LIMITS.pathCharsMax)}`;
    expect(await errorOf(await call(path))).toMatchObject({ ...TOO_LARGE, limit: LIMITS.pathCharsMax });
    const query = `/v1/metadata?topics=${"a,".repeat(LIMITS.urlCharsMax / 2)}`;
    expect(await errorOf(await call(query))).toMatchObject({ ...TOO_LARGE, limit: LIMITS.urlCharsMax });
    expect((await call(`/v1/metadata?topics=${"a,".repeat(5_000)}`)).status).toBe(200);
  });

  test.each(["gzip", "br", "deflate, gzip", "x".repeat(100)])("a body encoded as %s", async (encoding) => {
    const response = await call("/v1/topics", { json: { name: "a" }, headers: { "content-encoding": encoding } });
    expect(await errorOf(response)).toMatchObject({
      status: 415,
      code: "UNSUPPORTED_COMPRESSION_TYPE",
      contentEncoding: encoding.slice(0, 32),
    });
  });
});

describe("S05 JSON", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

  test.each([65, 1_000, 100_000])("that nests %i deep is refused by every face that takes any", async (depth) => {
    const body = `{"name":"deep","x":${nested(depth)}}`;
    for (const path of ["/v1/topics", "/v1/fetch", "/v1/topics/a/partitions/0/reconcile"])
      expect(await errorOf(await call(path, { method: "POST", body }))).toMatchObject({
        status: 400,
        code: "INVALID_REQUEST",
        limit: LIMITS.jsonDepthMax,
      });
    const text = new TextEncoder().encode(`{"partitions":${nested(depth)}}`);
    const envelope = new Uint8Array(4 + text.length);
    writeInt32(envelope, 0, text.length);
    envelope.set(text, 4);
    expect(await errorOf(await call("/v1/produce", { body: envelope }))).toMatchObject({
      status: 400,
      message: expect.stringContaining("nests deeper"),
    });
  });

  test("nests as deep as it may before its fields are looked at, and brackets in texts are no depth", async () => {
    const body = `{"name":"as-deep","partitionCount":${nested(LIMITS.jsonDepthMax - 1)}}`;
    expect(await errorOf(await call("/v1/topics", { method: "POST", body }))).toMatchObject({
      field: "partitionCount",
    });
    const refused = await call("/v1/topics", { json: { name: '[{"\\'.repeat(99), partitionCount: 1 } });
    expect((await errorOf(refused)).code).toBe("INVALID_TOPIC_EXCEPTION");
  });

  test("with a hundred thousand keys is refused by their number", async () => {
    const config = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`k${index}`, "1"]));
    expect(await errorOf(await call("/v1/topics", { json: { name: "many", config } }))).toMatchObject({
      status: 400,
      code: "INVALID_REQUEST",
      message: expect.stringContaining("at most 100 entries"),
    });
  });
});

describe("S05 records", () => {
  test("with too many headers are named", async () => {
    const place = await newPlace();
    const headers = Array.from({ length: LIMITS.recordHeadersMax + 1 }, () => ({ key: "h", value: "1" }));
    expect(() => plainBatch([{ value: "b", headers }])).toThrow(
      expect.objectContaining<Partial<StrandlineError>>({ code: "INVALID_RECORD" }),
    );
    const most = plainBatch(["a", { value: "b", headers: headers.slice(1) }]);
    expect((await produceRun(place, most)).error).toBeNull();
    expect(await valuesOf(place)).toEqual(["a", "b"]);
  });

  test("of a MiB that inflates to a GiB are refused; who appends to the same partition meanwhile is not held up", async () => {
    const place = await newPlace();
    const bomb = await bombOf(1_000 * 1_048_576);
    expect(bomb.length).toBeGreaterThan(1_000_000);
    expect(bomb.length).toBeLessThan(LIMITS.batchBytesMax);
    const neighbour = await newDevice(place);
    const startedAt = performance.now();
    const bombs = Array.from({ length: 8 }, async () => await produceRun(place, bomb));
    for (let index = 0; index < 10; index += 1)
      expect((await neighbour.send(neighbour.batch(`${index}`))).error).toBeNull();
    for (const { error } of await Promise.all(bombs))
      expect(error).toMatchObject({ code: "MESSAGE_TOO_LARGE", retriable: false });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await valuesOf(place)).toEqual(Array.from({ length: 10 }, (_, index) => `${index}`));
  });

  test("of a thousand small bombs in one request: each is refused for itself", async () => {
    const place = await newPlace({}, 500);
    const bomb = await bombOf(8_000_000);
    expect(bomb.length).toBeLessThan(9_000);
    const partitions = Array.from({ length: 500 }, (_, partition) => ({
      ...{ topicId: place.topicId, partition, leaderEpoch: null, producerKey: null, chain: 0, bytes: bomb.length },
    }));
    const response = await call("/v1/produce", {
      body: writeEnvelope(
        { partitions },
        partitions.map(() => bomb),
      ),
    });
    const answer: ProduceAnswer = await response.json();
    expect(new Set(answer.partitions.map(({ error }) => error?.code))).toEqual(new Set(["MESSAGE_TOO_LARGE"]));
    expect((await produceRun(place, plainBatch(["a"]))).error).toBeNull();
  });
});

describe("S06 names of what every object has", () => {
  const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty"];

  test.each(NAMES)(
    "%s is a topic like any other, and its records, keys and headers are as they were sent",
    async (name) => {
      const made = await call("/v1/topics", { json: { name, partitionCount: 1 } });
      expect(made.status).toBe(201);
      const { topicId } = (await made.json()) as Awaited<ReturnType<typeof newPlace>>;
      const headers = NAMES.map((key) => ({ key, value: "h" }));
      const value = '{"__proto__": {"polluted": true}}';
      await produceRun({ topicId, partition: 0 }, plainBatch([{ key: name, value, headers }]));
      const answer: RecordsAnswer = await (await call(`/v1/topics/${name}/partitions/0/records`)).json();
      expect(answer.records).toMatchObject([{ key: name, value, headers }]);
      const listed = await call(`/v1/metadata?topics=${name}&create=false`);
      expect(await listed.json()).toMatchObject({ topics: [{ name, topicId }] });
      expect(await (await call("/metrics")).text()).not.toContain("[object");
      expect((await call(`/v1/topics/${name}`, { method: "DELETE" })).status).toBe(200);
    },
  );

  test.each(NAMES)("%s is no config, and says so", async (name) => {
    const body = `{"name": "config-${name.replaceAll("_", "")}", "config": {"${name}": "1"}}`;
    const refused = await errorOf(await call("/v1/topics", { method: "POST", body }));
    expect(refused).toMatchObject({ status: 400, code: "INVALID_CONFIG", config: name });
    const place = await newPlace();
    const altered = await call(`/v1/topics/${place.name}`, { method: "PATCH", body: `{"config": {"${name}": null}}` });
    expect(await errorOf(altered)).toMatchObject({ status: 400, code: "INVALID_CONFIG", config: name });
  });

  test.each(NAMES)("%s is no parameter, field or frame that does anything", async (name) => {
    const place = await newPlace();
    const records = `/v1/topics/${place.name}/partitions/0/records`;
    expect(await errorOf(await call(`${records}?${name}=1&${name}[polluted]=1`))).toMatchObject({ status: 400 });
    const body = `{"${name}": {"polluted": 1}, "name": "field-${name.replaceAll("_", "")}", "partitionCount": 1}`;
    expect((await errorOf(await call("/v1/topics", { method: "POST", body }))).status).toBe(400);
    expect(await errorOf(await call(`${records}?offset=${name}`))).toMatchObject({ status: 400, value: `"${name}"` });
    const produced = await call("/v1/produce", { body: writeEnvelope({ [name]: 1, partitions: [] }, []) });
    expect((await errorOf(produced)).status).toBe(400);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

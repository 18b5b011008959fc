/** Quotas over HTTP and sockets: each with its error. The edge's own settings bind the open doors of a test. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp } from "../../edge/app.ts";
import type { Env } from "../../edge/env.ts";
import { CUT_OFF_MS, REFUSALS_MAX } from "../../edge/quota/principal-meter.ts";
import type { FetchHead } from "../../shared/api/fetch.ts";
import type { ProduceAnswer } from "../../shared/api/produce.ts";
import type { EntityQuotas } from "../../shared/api/quotas.ts";
import { readEnvelope, writeEnvelope } from "../../shared/envelope.ts";
import { checkAnswer } from "./answer-check.ts";
import { lockedEdge, tokenOf } from "./credentials.ts";
import { plainBatch, produceRun } from "./device.ts";
import { call, errorOf, newPlace, stubOf, valuesOf, type Place } from "./edge.ts";

const EDGE: Env = env;
const app = createApp();

/** Rates of a test are its own: a bucket of another rate is another bucket. */
async function ask(settings: Partial<Env>, path: string, init: RequestInit = {}): Promise<Response> {
  const method = init.method ?? (init.body === undefined ? "GET" : "POST");
  const request = new Request(`http://localhost${path}`, { ...init, method });
  const response = await app.fetch(request, { ...EDGE, ...settings }, createExecutionContext());
  await checkAnswer({ method, path }, response);
  return response;
}

function produceBody({ topicId, partition }: Place, bytes: number): Uint8Array<ArrayBuffer> {
  const run = plainBatch(["x".repeat(bytes)]);
  const head = { topicId, partition, leaderEpoch: null, producerKey: null, chain: 0, bytes: run.length };
  return writeEnvelope({ partitions: [head] }, [run]);
}

function fetchBody({ topicId, partition }: Place): string {
  const one = { topicId, partition, offset: 0, leaderEpoch: null, previousCrc: null, maxBytes: 1_000_000 };
  return JSON.stringify({ sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, partitions: [one] });
}

describe("the API", () => {
  const put = async (entity: string, quotas: object): Promise<Response> =>
    await call("/v1/quotas", { method: "PUT", body: JSON.stringify({ entity, quotas }) });

  test("keeps what is said of an entity, changes what is named and removes what is null", async () => {
    expect(await (await put("User:ada", { producer_byte_rate: 1_000, topics_max: 3 })).json()).toEqual({
      entity: "User:ada",
      quotas: { producer_byte_rate: 1_000, topics_max: 3 },
    });
    await put("<default>", { request_rate: 0.5 });
    await put("User:ada", { producer_byte_rate: null, connections_max: 0 });
    const answer: { entities: EntityQuotas[] } = await (await call("/v1/quotas")).json();
    expect(answer.entities).toEqual([
      { entity: "<default>", quotas: { request_rate: 0.5 } },
      { entity: "User:ada", quotas: { topics_max: 3, connections_max: 0 } },
    ]);
    await put("User:ada", { topics_max: null, connections_max: null });
    await put("<default>", { request_rate: null });
    expect(await (await call("/v1/quotas")).json()).toEqual({ entities: [] });
  });

  test.each([
    ["ada", {}],
    ["User:", {}],
    [`User:${"a".repeat(600)}`, {}],
    ["User:ada", { producer_byte_rate: 0 }],
    ["User:ada", { producer_byte_rate: -1 }],
    ["User:ada", { topics_max: 1.5 }],
    ["User:ada", { request_rate: "1" }],
    ["User:ada", { bytes: 1 }],
    ["User:ada", JSON.parse('{"__proto__": 1}') as object],
    ["User:ada", { constructor: 1 }],
  ])("refuses %s %j, and changes nothing", async (entity, quotas) => {
    expect((await errorOf(await put(entity, quotas))).code).toBe("INVALID_REQUEST");
    expect(await (await call("/v1/quotas")).json()).toEqual({ entities: [] });
  });

  test("S06 takes a principal of any name, and no other is touched", async () => {
    for (const name of ["__proto__", "constructor", "toString"]) await put(`User:${name}`, { topics_max: 1 });
    const answer: { entities: EntityQuotas[] } = await (await call("/v1/quotas")).json();
    expect(answer.entities.map(({ entity }) => entity)).toEqual([
      "User:__proto__",
      "User:constructor",
      "User:toString",
    ]);
    for (const { entity } of answer.entities) await put(entity, { topics_max: null });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("bytes in", () => {
  test("the request that goes over is carried out and told how long; the next is refused and stores nothing", async () => {
    const place = await newPlace();
    const settings = { STRANDLINE_QUOTA_PRODUCER_BYTE_RATE: "1001" };
    const first = await ask(settings, "/v1/produce", { body: produceBody(place, 40_000) });
    const answer: ProduceAnswer = await first.json();
    expect(answer.partitions[0]?.error).toBeNull();
    expect(answer.throttleTimeMs).toBeGreaterThan(25_000);
    expect(answer.throttleTimeMs).toBeLessThan(35_000);
    expect(first.headers.get("strandline-throttle-ms")).toBe(String(answer.throttleTimeMs));
    const second = await ask(settings, "/v1/produce", { body: produceBody(place, 1) });
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(24);
    const refused = await errorOf(second);
    expect(refused).toMatchObject({ status: 429, code: "THROTTLING_QUOTA_EXCEEDED", retriable: true, limit: 1_001 });
    expect(refused["retryAfterMs"]).toBeGreaterThan(24_000);
    expect(await valuesOf(place)).toHaveLength(1);
    // Reading has a quota of its own.
    expect((await ask(settings, "/v1/fetch", { body: fetchBody(place) })).status).toBe(200);
  });

  test("a neighbour without a quota appends to the same partition all the while", async () => {
    const place = await newPlace();
    const settings = { STRANDLINE_QUOTA_PRODUCER_BYTE_RATE: "1002" };
    await ask(settings, "/v1/produce", { body: produceBody(place, 40_000) });
    expect((await ask(settings, "/v1/produce", { body: produceBody(place, 1) })).status).toBe(429);
    for (let index = 0; index < 5; index += 1) expect((await produceRun(place, plainBatch(["n"]))).error).toBeNull();
    expect(await valuesOf(place)).toHaveLength(6);
  });

  test("many partitions of one request are carried out together", async () => {
    const place = await newPlace({}, 3);
    const run = plainBatch(["x".repeat(20_000)]);
    const { topicId } = place;
    const partitions = [0, 1, 2].map((partition) => ({
      ...{ topicId, partition, leaderEpoch: null, producerKey: null, chain: 0, bytes: run.length },
    }));
    const body = writeEnvelope({ partitions }, [run, run, run]);
    const answer: ProduceAnswer = await (
      await ask({ STRANDLINE_QUOTA_PRODUCER_BYTE_RATE: "1003" }, "/v1/produce", { body })
    ).json();
    expect(answer.partitions.map(({ error }) => error)).toEqual([null, null, null]);
    expect(answer.throttleTimeMs).toBeGreaterThan(45_000);
  });

  test("a partition refuses a principal that comes to it by many isolates", async () => {
    const place = await newPlace();
    const { topicId, partition } = place;
    const address = { namespace: "default", topicId, partition };
    const bytes = plainBatch(["x".repeat(20_000)]);
    const request = { leaderEpoch: null, bytes, producer: { kind: "none" as const } };
    const checked = [{ start: 0, count: 1, crc: 1, maxTimestamp: 1_700_000_000_000 }] as never;
    const append = async (principal: string): Promise<unknown> =>
      await stubOf(place).append(address, { ...request, batches: checked, quota: { principal, byteRate: 1_000 } });
    expect(await append("ada")).toMatchObject({ ok: true, value: { error: null, throttleMs: expect.any(Number) } });
    expect(await append("ada")).toMatchObject({
      ok: false,
      error: { code: "THROTTLING_QUOTA_EXCEEDED", quota: "producer_byte_rate", retryAfterMs: expect.any(Number) },
    });
    expect(await append("bob")).toMatchObject({ ok: true });
    expect(await valuesOf(place)).toHaveLength(2);
  });
});

describe("bytes out", () => {
  test("the fetch that goes over is answered whole, the next refused, in JSON as well", async () => {
    const place = await newPlace();
    await produceRun(place, plainBatch(["x".repeat(50_000)]));
    const settings = { STRANDLINE_QUOTA_CONSUMER_BYTE_RATE: "1004" };
    const response = await ask(settings, "/v1/fetch", { body: fetchBody(place) });
    const { head } = readEnvelope(new Uint8Array(await response.arrayBuffer()));
    const { throttleTimeMs, partitions } = head as FetchHead;
    expect(partitions[0]?.bytes).toBeGreaterThan(50_000);
    expect(throttleTimeMs).toBeGreaterThan(35_000);
    expect(response.headers.get("strandline-throttle-ms")).toBe(String(throttleTimeMs));
    expect((await errorOf(await ask(settings, "/v1/fetch", { body: fetchBody(place) }))).status).toBe(429);
    const records = `/v1/topics/${place.name}/partitions/0/records?offset=0`;
    expect(await errorOf(await ask(settings, records))).toMatchObject({ status: 429, quota: "consumer_byte_rate" });
    expect((await ask(settings, "/v1/produce", { body: produceBody(place, 1) })).status).toBe(200);
  });

  test("an event stream slows down to its rate and loses nothing", async () => {
    const place = await newPlace();
    const values = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(20_000, "."));
    for (const value of values) await produceRun(place, plainBatch([value]));
    const startedAt = performance.now();
    const settings = { STRANDLINE_QUOTA_CONSUMER_BYTE_RATE: "60005" };
    const path = `/v1/topics/${place.name}/partitions/0/records?offset=0`;
    const response = await ask(settings, path, { headers: { accept: "text/event-stream" } });
    let text = "";
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("id: 49-") && text.endsWith("\n\n")) break;
    }
    const ids = Array.from(text.matchAll(/^id: (\d+)-/gm), ([, id]) => Number(id));
    expect(ids).toEqual(values.map((_, index) => index));
    // A million bytes, 600,050 of them at once and a window ahead of what is paid for.
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  });
});

test("requests: the one that goes over is answered and told to wait, the next refused on every route", async () => {
  const settings = { STRANDLINE_QUOTA_REQUEST_RATE: "0.1006" };
  expect((await ask(settings, "/v1/topics")).headers.has("strandline-throttle-ms")).toBe(false);
  const over = await ask(settings, "/v1/topics");
  expect(over.status).toBe(200);
  expect(Number(over.headers.get("strandline-throttle-ms"))).toBeGreaterThan(8_000);
  for (const path of ["/v1/topics", "/v1/metadata", "/metrics", "/v1/quotas"])
    expect(await errorOf(await ask(settings, path))).toMatchObject({ status: 429, quota: "request_rate" });
  const socket = await ask(settings, "/v1/tail", { headers: { upgrade: "websocket" } });
  expect(socket.status).toBe(429);
});

test("what is said of a principal binds it at once, and no administrator; nobody else may say it", async () => {
  const edge = lockedEdge();
  const admin = await tokenOf();
  const bob = await tokenOf({ claims: { sub: "bob", scope: "topic:*:all cluster:create" } });
  const put = async (token: string): Promise<Response> =>
    await edge("/v1/quotas", {
      ...{ method: "PUT", token },
      body: JSON.stringify({ entity: "User:bob", quotas: { request_rate: 0.1, topics_max: 1 } }),
    });
  expect(await errorOf(await put(bob))).toMatchObject({ status: 403, code: "CLUSTER_AUTHORIZATION_FAILED" });
  expect((await edge("/v1/quotas", { token: bob })).status).toBe(403);
  expect((await put(admin)).status).toBe(200);
  const create = async (name: string): Promise<Response> =>
    await edge("/v1/topics", { method: "POST", token: bob, body: JSON.stringify({ name, partitionCount: 1 }) });
  expect((await create("of-bob")).status).toBe(201);
  expect(await errorOf(await create("one-more"))).toMatchObject({ status: 429, quota: "topics_max", limit: 1 });
  expect(await errorOf(await create("too-soon"))).toMatchObject({ status: 429, quota: "request_rate" });
  for (let index = 0; index < 5; index += 1) expect((await edge("/v1/topics", { token: admin })).status).toBe(200);
});

describe("topics and partitions", () => {
  test("a controller counts what a principal has created, frees what it deletes, and repeats what it made", async () => {
    const controller = env.CONTROLLER.get(env.CONTROLLER.idFromName("quotas-of-topics"));
    const by = { principal: "ada", isBound: true };
    await controller.alterQuotas({ entity: "User:ada", quotas: { topics_max: 2, partitions_max: 5 } });
    const refused = { ok: false, error: { code: "THROTTLING_QUOTA_EXCEEDED", quota: "topics_max", limit: 2 } };
    expect(await controller.createTopic({ name: "a", partitionCount: 2, token: "t" }, by)).toMatchObject({ ok: true });
    expect(await controller.createTopic({ name: "b", partitionCount: 4 }, by)).toMatchObject({
      error: { quota: "partitions_max", limit: 5 },
    });
    expect(await controller.createTopic({ name: "b", partitionCount: 2 }, by)).toMatchObject({ ok: true });
    expect(await controller.createTopic({ name: "c", partitionCount: 1 }, by)).toMatchObject(refused);
    expect(await controller.topics(["c"], true, by)).toMatchObject([refused]);
    // What stands takes no room, and others are not counted.
    expect(await controller.createTopic({ name: "a", partitionCount: 2, token: "t" }, by)).toMatchObject({ ok: true });
    expect(
      await controller.createTopic({ name: "d", partitionCount: 9 }, { principal: "bob", isBound: true }),
    ).toMatchObject({ ok: true });
    expect(await controller.growTopic("a", 4, by)).toMatchObject({ ok: false, error: { quota: "partitions_max" } });
    expect(await controller.growTopic("a", 3, by)).toMatchObject({ ok: true, value: { topic: { partitionCount: 3 } } });
    // An administrator is free.
    expect(await controller.growTopic("a", 20, { principal: "root", isBound: false })).toMatchObject({ ok: true });
    await controller.deleteTopic("a");
    expect(await controller.createTopic({ name: "c", partitionCount: 3 }, by)).toMatchObject({ ok: true });
    expect(await controller.topics(null, false)).toHaveLength(3);
  });
});

describe("connections", () => {
  test("sockets and event streams are counted together, until they are closed", async () => {
    const place = await newPlace();
    const settings = { STRANDLINE_QUOTA_CONNECTIONS_MAX: "2" };
    const socket = await ask(settings, "/v1/tail", { headers: { upgrade: "websocket" } });
    const path = `/v1/topics/${place.name}/partitions/0/records`;
    const stream = await ask(settings, path, { headers: { accept: "text/event-stream" } });
    expect([socket.status, stream.status]).toEqual([101, 200]);
    const third = await ask(settings, "/v1/tail", { headers: { upgrade: "websocket" } });
    expect(await errorOf(third)).toMatchObject({ status: 429, quota: "connections_max", limit: 2 });
    const fourth = await ask(settings, path, { headers: { accept: "text/event-stream" } });
    expect(fourth.status).toBe(429);
    await stream.body?.cancel();
    socket.webSocket?.accept();
    const again = await ask(settings, path, { headers: { accept: "text/event-stream" } });
    expect(again.status).toBe(200);
    await again.body?.cancel();
    socket.webSocket?.close();
  });
});

test("an edge whose setting is no quota serves nobody", async () => {
  const response = await ask({ STRANDLINE_QUOTA_TOPICS_MAX: "many" }, "/v1/topics");
  expect(await errorOf(response)).toMatchObject({ status: 503, setting: "STRANDLINE_QUOTA_TOPICS_MAX" });
});

test("who goes on asking is cut off: the open socket is closed, and every request refused", async () => {
  const place = await newPlace();
  const settings = { STRANDLINE_QUOTA_PRODUCER_BYTE_RATE: "1008", STRANDLINE_QUOTA_CONNECTIONS_MAX: "9" };
  const { webSocket } = await ask(settings, "/v1/tail", { headers: { upgrade: "websocket" } });
  const came: string[] = [];
  const closed = new Promise<number>((resolve) => webSocket?.addEventListener("close", ({ code }) => resolve(code)));
  webSocket?.addEventListener("message", ({ data }) => void came.push(String(data)));
  webSocket?.accept();
  await ask(settings, "/v1/produce", { body: produceBody(place, 30_000) });
  for (let refused = 0; refused <= REFUSALS_MAX; refused += 1)
    expect((await ask(settings, "/v1/produce", { body: produceBody(place, 1) })).status).toBe(429);
  expect(await closed).toBe(1008);
  expect(JSON.parse(came[0] ?? "")).toMatchObject({ type: "error", error: { code: "THROTTLING_QUOTA_EXCEEDED" } });
  const other = await errorOf(await ask(settings, "/v1/topics"));
  expect(other).toMatchObject({ status: 429, code: "THROTTLING_QUOTA_EXCEEDED" });
  expect(other["retryAfterMs"]).toBeGreaterThan(CUT_OFF_MS - 10_000);
  // Whom no quota binds is not touched by it.
  expect(await valuesOf(place)).toHaveLength(1);
});

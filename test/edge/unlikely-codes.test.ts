/** Refusals that take a partition in a rare state, or a body of a rare kind. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp } from "../../edge/app.ts";
import { ERRORS, type ErrorCode } from "../../shared/error-table.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ATTRIBUTES_AT, writeInt16 } from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { runBytesOf, within } from "./aged-log.ts";
import { checkAnswer } from "./answer-check.ts";
import { kafkaBatch, newDevice, produceRun } from "./device.ts";
import { call, errorOf, evict, newPlace, type CallOptions, type Place } from "./edge.ts";
import { keyOf } from "./ingest-lab.ts";

const V2 = "application/vnd.kafka.binary.v2+json";

async function refused(code: ErrorCode, path: string, init: CallOptions = {}): Promise<void> {
  const response = await call(path, init);
  expect(response.ok).toBe(false);
  expect(await response.text()).toContain(`"message":"${ERRORS[code].sentence}`);
}

describe("records that cannot be opened here", () => {
  async function snappy(): Promise<Place> {
    const place = await newPlace();
    const batch = kafkaBatch(["b"], { id: 7, epoch: 0, sequence: 0 });
    writeInt16(batch, ATTRIBUTES_AT, 2);
    writeCrc(batch, 0);
    expect((await produceRun(place, batch)).error).toBeNull();
    return place;
  }

  test.each([
    ["are not looked through for a time", "/v1", "offsets?at=0"],
    ["are no answer of the REST proxy's", "/kafka-rest", "records?offset=0"],
  ])("%s", async (_, face, asked) => {
    const { name } = await snappy();
    await refused("UNSUPPORTED_COMPRESSION_TYPE", `${face}/topics/${name}/partitions/0/${asked}`);
  });
});

test("R26 records that are damaged at rest are no answer of the REST proxy's", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  const [bytes = new Uint8Array()] = await runBytesOf(place);
  bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1);
  await within(place, (_, { storage }) => void storage.sql.exec("UPDATE runs SET bytes = ?", bytes.buffer));
  await evict(place);
  await refused("CORRUPT_MESSAGE", `/kafka-rest/topics/${place.name}/partitions/0/records?offset=0`);
});

describe("a record alone", () => {
  const ASKED: [string, (place: Place) => Promise<string>][] = [
    ["of a request", ({ name }) => Promise.resolve(`/v1/topics/${name}/records`)],
    ["under an ingest key", async ({ name }) => `/v1/ingest/${(await keyOf({ topic: name })).key}`],
  ];
  const send = async (path: string, value: string): Promise<unknown> =>
    await errorOf(await call(path, { json: { value }, headers: { "content-type": "application/json" } }));

  test.each(ASKED)("%s that a full partition has no room for is refused as that", async (_, pathOf) => {
    const place = await newPlace();
    const path = await pathOf(place);
    const device = await newDevice(place);
    await device.send(device.batch("a"));
    await evict(place);
    await within(place, (object) => {
      const own = object as unknown as { env: Record<string, unknown> };
      own.env = { ...own.env, STRANDLINE_STORAGE_BYTES_MAX: "1" };
    });
    expect(await send(path, "b")).toMatchObject({ status: 507, code: "STORAGE_FULL" });
  });

  test.each(ASKED)("%s that is larger than its topic allows is refused as that", async (_, pathOf) => {
    const path = await pathOf(await newPlace({ "max.message.bytes": "200" }));
    expect(await send(path, "x".repeat(300))).toMatchObject({ status: 413, code: "MESSAGE_TOO_LARGE" });
  });
});

test("a stream of events whose socket closes before a word is none", async () => {
  const { name } = await newPlace();
  const mute = {
    idFromName: (of: string) => env.PARTITION.idFromName(of),
    get: (id: DurableObjectId) =>
      new Proxy(env.PARTITION.get(id), {
        get: (stub, member) =>
          member === "fetch" ? () => closedSocket() : (Reflect.get(stub, member, stub) as unknown),
      }),
  };
  const path = `/v1/topics/${name}/partitions/0/records?offset=0`;
  const request = new Request(`http://localhost${path}`, { headers: { accept: "text/event-stream" } });
  const settings = { ...env, PARTITION: mute as unknown as typeof env.PARTITION };
  const response = await createApp().fetch(request, settings, createExecutionContext());
  await checkAnswer({ method: "GET", path }, response);
  expect(await errorOf(response)).toMatchObject({ status: 502, code: "NETWORK_EXCEPTION", retriable: true });
});

function closedSocket(): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  server.close();
  return new Response(null, { status: 101, webSocket: client });
}

test("a producer gives up as many batches as are remembered, and none more", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  const [held, more] = [device.batch("b"), device.batch("c")];
  const limits = LIMITS as { voidsPerProducerMax: number };
  const { voidsPerProducerMax } = limits;
  // As many as they are, they would take minutes.
  limits.voidsPerProducerMax = 1;
  try {
    expect(await device.reconcile([held], true)).toMatchObject({ batches: [{ verdict: "void" }] });
    const refusal: unknown = await device.reconcile([more], true);
    expect(refusal).toMatchObject({ error: { code: "VOID_LIMIT", limit: 1, retriable: false } });
    expect(await device.reconcile([more])).toMatchObject({ batches: [{ verdict: "absent" }] });
  } finally {
    limits.voidsPerProducerMax = voidsPerProducerMax;
  }
});

describe("the REST proxy refuses what is produced to one partition as to a topic:", () => {
  async function produce(
    { name }: Place,
    body: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const path = `/kafka-rest/topics/${name}/partitions/0`;
    return await call(path, { method: "POST", body, headers: { "content-type": V2, ...headers } });
  }

  test.each([
    ["no Base64", '{"records":[{"value":"?"}]}', 422, 42_203],
    ["too many records", `{"records":[${"{},".repeat(10_000)}{}]}`, 413, 413],
  ])("%s", async (_, body, status, error_code) => {
    const response = await produce(await newPlace(), body);
    expect([response.status, await response.json()]).toMatchObject([status, { error_code }]);
  });

  test("another body under the same key", async () => {
    const place = await newPlace();
    const headers = { "idempotency-key": "k" };
    expect((await produce(place, '{"records":[{"value":"YQ=="}]}', headers)).status).toBe(200);
    const other = await produce(place, '{"records":[{"value":"Yg=="}]}', headers);
    expect([other.status, await other.json()]).toMatchObject([422, { error_code: 422 }]);
  });

  test("a batch of v3 that is no JSON", async () => {
    const { name } = await newPlace();
    const path = `/kafka-rest/v3/clusters/default/topics/${name}/records:batch`;
    const headers = { "content-type": "text/plain" };
    await refused("UNSUPPORTED_MEDIA_TYPE", path, { method: "POST", body: "{}", headers });
  });
});

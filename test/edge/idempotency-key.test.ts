/** `Idempotency-Key` at each address that takes records in a request of its own, and refused where they stream. */
import { expect, test } from "vitest";
import { call, errorOf, newPlace, valuesOf } from "./edge.ts";

interface Asked {
  readonly path: (topic: string) => string;
  readonly mediaType: string;
  readonly body: string;
}

const REQUESTS: Readonly<Record<string, Asked>> = {
  "POST /v1/topics/{t}/records": {
    path: (topic) => `/v1/topics/${topic}/records`,
    mediaType: "application/json",
    body: '{"records":[{"value":"a"},{"value":"b"}]}',
  },
  "a record alone": {
    path: (topic) => `/v1/topics/${topic}/records`,
    mediaType: "application/json",
    body: '{"value":"a"}',
  },
  "the REST proxy's v2": {
    path: (topic) => `/kafka-rest/topics/${topic}`,
    mediaType: "application/vnd.kafka.binary.v2+json",
    body: '{"records":[{"value":"YQ=="},{"value":"Yg=="}]}',
  },
  "the REST proxy's v3, a batch": {
    path: (topic) => `/kafka-rest/v3/clusters/default/topics/${topic}/records:batch`,
    mediaType: "application/json",
    body: '{"entries":[{"id":"1","value":{"type":"STRING","data":"a"}}]}',
  },
};

const STREAMS: Readonly<Record<string, Asked>> = {
  NDJSON: {
    path: (topic) => `/v1/topics/${topic}/records`,
    mediaType: "application/x-ndjson",
    body: '{"value":"a"}\n',
  },
  "the REST proxy's v3": {
    path: (topic) => `/kafka-rest/v3/clusters/default/topics/${topic}/records`,
    mediaType: "application/json",
    body: '{"value":{"type":"STRING","data":"a"}}',
  },
};

async function send({ path, mediaType, body }: Asked, topic: string, key: string): Promise<Response> {
  const headers = { "content-type": mediaType, "idempotency-key": key };
  return await call(path(topic), { method: "POST", body, headers });
}

test.each(Object.entries(REQUESTS))("%s: carried out once, another body is 422", async (_, asked) => {
  const place = await newPlace();
  const first = await send(asked, place.name, '"8e03978e"');
  const answer = await first.text();
  expect(first.ok, answer).toBe(true);
  const stored = await valuesOf(place);
  expect(stored.length).toBeGreaterThan(0);
  const again = await send(asked, place.name, '"8e03978e"');
  expect([again.status, await again.text()]).toEqual([first.status, answer]);
  const other = await send({ ...asked, body: `${asked.body} ` }, place.name, '"8e03978e"');
  expect(other.status).toBe(422);
  expect(await other.text()).toContain("Another request was made under this Idempotency-Key");
  expect(await valuesOf(place)).toEqual(stored);
});

test.each(Object.entries(STREAMS))("%s streams, and takes no key", async (_, asked) => {
  const place = await newPlace();
  const response = await send(asked, place.name, "k");
  expect([400, 422]).toContain(response.status);
  expect(await response.text()).toContain("Idempotency-Key");
  expect(await valuesOf(place)).toEqual([]);
});

test("a key that is none is told", async () => {
  const place = await newPlace();
  const response = await send(REQUESTS["a record alone"] as Asked, place.name, "two words");
  expect(await errorOf(response)).toMatchObject({ code: "INVALID_REQUEST", field: "Idempotency-Key", status: 400 });
});

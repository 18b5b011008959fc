/** S02: who may not write to a topic sends nothing to it by any of the ways for plain producers, whether it is there or not. */
import { beforeAll, describe, expect, test } from "vitest";
import { lockedEdge, tokenOf } from "./credentials.ts";

const ask = lockedEdge();
const JSON_TYPE = { "content-type": "application/json" };
const V3 = "/kafka-rest/v3/clusters/acme/topics";

interface Way {
  readonly name: string;
  readonly path: (topic: string) => string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answers: object;
}

const OWN = { error: { code: "TOPIC_AUTHORIZATION_FAILED", operation: "WRITE" } };
const REST = { error_code: 40301 };
const EVENT = '{"specversion":"1.0","id":"1","source":"/a","type":"t"}';
const own = (name: string, type: string, body: string): Way => ({
  name,
  path: (topic) => `/v1/topics/${topic}/records`,
  body,
  headers: { "content-type": type },
  answers: OWN,
});

const WAYS: readonly Way[] = [
  own("JSON", "application/json", '{"value":"a"}'),
  own("lines", "application/x-ndjson", '{"value":"a"}\n'),
  own("an event", "application/cloudevents+json", EVENT),
  own("events", "application/cloudevents-batch+json", `[${EVENT}]`),
  {
    ...own("an event in headers", "text/plain", "a"),
    headers: { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "t" },
  },
  {
    name: "REST v2",
    path: (topic) => `/kafka-rest/topics/${topic}`,
    body: '{"records":[{"value":1}]}',
    headers: JSON_TYPE,
    answers: REST,
  },
  {
    name: "REST v2, a partition",
    path: (topic) => `/kafka-rest/topics/${topic}/partitions/0`,
    body: '{"records":[{"value":1}]}',
    headers: JSON_TYPE,
    answers: REST,
  },
  {
    name: "REST v3",
    path: (topic) => `${V3}/${topic}/records`,
    body: '{"value":{"type":"JSON","data":1}}',
    headers: JSON_TYPE,
    answers: REST,
  },
  {
    name: "REST v3, a batch",
    path: (topic) => `${V3}/${topic}/records:batch`,
    body: '{"entries":[{"id":"1"}]}',
    headers: JSON_TYPE,
    answers: REST,
  },
];

beforeAll(async () => {
  const token = await tokenOf();
  for (const name of ["guarded", "open"]) {
    const body = JSON.stringify({ name, partitionCount: 1 });
    expect((await ask("/v1/topics", { method: "POST", body, token })).status).toBe(201);
  }
});

async function end(topic: string): Promise<number> {
  const response = await ask(`/v1/topics/${topic}/partitions/0/offsets?at=latest`, { token: await tokenOf() });
  return ((await response.json()) as { readonly offset: number }).offset;
}

describe.each(WAYS)("S02: $name", ({ path, body, headers, answers }) => {
  test.each(["guarded", "not-there"])("is refused to a reader of %s", async (topic) => {
    const token = await tokenOf({ claims: { scope: "topic:*:read topic:open:write" } });
    const response = await ask(path(topic), { method: "POST", body, headers, token });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject(answers);
    expect(await end("guarded")).toBe(0);
  });

  test("is let in where the same caller may write", async () => {
    const before = await end("open");
    const token = await tokenOf({ claims: { scope: "topic:*:read topic:open:write" } });
    const response = await ask(path("open"), { method: "POST", body, headers, token });
    expect([200, 207]).toContain(response.status);
    await response.text();
    expect(await end("open")).toBe(before + 1);
  });
});

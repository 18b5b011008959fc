/** Records over plain HTTP from senders with a quota, and streams whose sender loses its credential or its right. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp } from "../../edge/app.ts";
import type { Env } from "../../edge/env.ts";
import type { LineReport } from "../../shared/api/send-records.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { checkAnswer } from "./answer-check.ts";
import { bearer, lockedEdge, now, tokenOf, type Claims } from "./credentials.ts";
import { errorOf, newPlace, recordsOf, valuesOf, type Place } from "./edge.ts";
import { RightsLab } from "./rights-lab.ts";

const EDGE: Env = env;
const app = createApp();

interface Way {
  readonly path: (name: string) => string;
  readonly type: string;
  readonly body: (value: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
}

const records = (name: string): string => `/v1/topics/${name}/records`;
const v2 = (name: string): string => `/kafka-rest/topics/${name}`;
const v3 = (name: string): string => `/kafka-rest/v3/clusters/default/topics/${name}/records`;
const event = { specversion: "1.0", id: "1", source: "/shop", type: "order.made" };
const typed = (data: string): object => ({ value: { type: "STRING", data } });
const json = "application/json";
const restJson = "application/vnd.kafka.json.v2+json";

const WAYS: Readonly<Record<string, Way>> = {
  JSON: { path: records, type: json, body: (value) => JSON.stringify({ records: [{ value }] }) },
  "JSON, once": {
    ...{ path: records, type: json, body: (value: string) => JSON.stringify({ records: [{ value }] }) },
    headers: { "idempotency-key": "k" },
  },
  lines: { path: records, type: "application/x-ndjson", body: (value) => `${JSON.stringify({ value })}\n` },
  "a CloudEvent": {
    ...{ path: records, type: "application/cloudevents+json" },
    body: (data) => JSON.stringify({ ...event, data }),
  },
  "REST v2": { path: v2, type: restJson, body: (value) => JSON.stringify({ records: [{ value }] }) },
  "REST v2, a partition": {
    ...{ path: (name: string) => `${v2(name)}/partitions/0`, type: restJson },
    body: (value) => JSON.stringify({ records: [{ value }] }),
  },
  "REST v3": { path: v3, type: json, body: (value) => JSON.stringify(typed(value)) },
  "REST v3, a batch": {
    ...{ path: (name: string) => `${v3(name)}:batch`, type: json },
    body: (value) => JSON.stringify({ entries: [{ id: "a", ...typed(value) }] }),
  },
};

/** A rate that no other test has has a bucket of its own. */
async function send(place: Place, { path, type, body, headers }: Way, rate: number, value: string): Promise<Response> {
  const asked = { method: "POST", path: path(place.name) };
  const settings = { ...EDGE, STRANDLINE_QUOTA_PRODUCER_BYTE_RATE: String(rate) };
  const init = { method: "POST", headers: { "content-type": type, ...headers }, body: body(value) };
  const response = await app.fetch(
    new Request(`http://localhost${asked.path}`, init),
    settings,
    createExecutionContext(),
  );
  await checkAnswer(asked, response);
  return response;
}

describe("S05: over its rate a sender is refused as a whole, and nothing is stored:", () => {
  test.each(Object.entries(WAYS).map(([name, way], index) => [name, way, 2_001 + index] as const))(
    "%s",
    async (_, way, rate) => {
      const place = await newPlace();
      const first = await send(place, way, rate, "x".repeat(40 * rate));
      expect(first.ok).toBe(true);
      await first.text();
      const second = await send(place, way, rate, "y");
      expect(second.status).toBe(429);
      expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(10);
      if (way.path(place.name).startsWith("/v1/"))
        expect(await errorOf(second)).toMatchObject({ code: "THROTTLING_QUOTA_EXCEEDED", quota: "producer_byte_rate" });
      else expect(await second.json()).toMatchObject({ error_code: 42901 });
      expect(await recordsOf(place)).toHaveLength(1);
    },
  );
});

test("S05: lines that come faster than their rate are all stored, in order", async () => {
  const place = await newPlace();
  const rate = 40_021;
  const count = 6_000;
  const values = Array.from({ length: count }, (_, index) => `${index}`.padEnd(70, "."));
  const way: Way = {
    ...{ path: records, type: "application/x-ndjson" },
    body: () => values.map((value) => `${JSON.stringify({ value })}\n`).join(""),
  };
  const text = await (await send(place, way, rate, "")).text();
  const reports = text.trimEnd().split("\n");
  expect(reports).toEqual(values.map((_, index) => `{"line":${index + 1},"partition":0,"offset":${index}}`));
  expect(await valuesOf(place)).toEqual(values);
  // It had to wait, or it would be no test of that: what it sent is more than the burst.
  expect(values.join("").length).toBeGreaterThan(10 * rate);
});

interface Sending {
  readonly next: () => Promise<LineReport>;
  readonly line: (value: string) => void;
  readonly close: () => Promise<void>;
}

async function sending(lab: RightsLab, claims: Claims): Promise<Sending> {
  const token = await tokenOf({ claims: { sub: "bob", namespace: lab.namespace, scope: "", ...claims } });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const line = (value: string): void =>
    void writer.write(bytesOf(`${JSON.stringify({ value })}\n`)).catch(() => undefined);
  line("a");
  const headers = { ...bearer(token), "content-type": "application/x-ndjson" };
  const response = await lockedEdge()(records("orders"), { method: "POST", headers, body: readable });
  expect(response.status).toBe(200);
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  const next = async (): Promise<LineReport> => JSON.parse((await reader.read()).value ?? "null") as LineReport;
  expect(await next()).toEqual({ line: 1, partition: 0, offset: 1 });
  return { next, line, close: async () => await writer.close().catch(() => undefined) };
}

describe("S04: a stream that is under way ends, and stores no line behind,", () => {
  const WRITE = { operation: "WRITE" } as const;
  const ends: readonly (readonly [string, () => Claims, string, (lab: RightsLab) => Promise<unknown>])[] = [
    [
      "where the credential expires",
      () => ({ exp: now() + 3 }),
      "SASL_AUTHENTICATION_FAILED",
      async () => await Promise.resolve(),
    ],
    [
      "where it is revoked",
      () => ({ jti: "t-1" }),
      "SASL_AUTHENTICATION_FAILED",
      async (lab) => await lab.asAdmin({ method: "POST", path: "/v1/revocations", json: { credentialId: "t-1" } }),
    ],
    [
      "where the right is taken away",
      () => ({}),
      "TOPIC_AUTHORIZATION_FAILED",
      async (lab) => await lab.allow({ ...WRITE, permissionType: "DENY" }),
    ],
  ];
  test.each(ends)(
    "%s",
    async (_, claims, code, act) => {
      const lab = new RightsLab();
      const place = await lab.topic("orders");
      await lab.allow(WRITE);
      const stream = await sending(lab, claims());
      await act(lab);
      const last = await stream.next();
      expect(last).toMatchObject({ error: { code } });
      expect(last).not.toHaveProperty("line");
      stream.line("b");
      await stream.close();
      const path = `/v1/topics/${place.name}/partitions/0/records`;
      const { records: held } = await lab.asAdmin<{ records: { value: string }[] }>({ method: "GET", path });
      expect(held.map(({ value }) => value)).toEqual(["first", "a"]);
    },
    20_000,
  );
});

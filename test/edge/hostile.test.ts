/**
 * S06: whatever stands in keys, values, headers and names comes back as it was sent, runs nowhere, forges nothing. Names of
 * what every object has as topics, configs and fields: caps.test.ts. What a line of the log may hold: edge-rules/log.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readPrometheus } from "../harness/prometheus.ts";
import { base64Bytes } from "../../edge/intake/base64.ts";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import { ConsoleLines } from "./console-lines.ts";
import { lockedEdge, tokenOf, type LockedInit } from "./credentials.ts";
import { HOSTILE } from "./hostile-texts.ts";

const edge = lockedEdge();
const DEBUG = { STRANDLINE_LOG_LEVEL: "debug", STRANDLINE_REPORT_SECONDS: "0.1" };
const JSON_TYPE = "application/json";
const LINES_TYPE = "application/x-ndjson";
const JSON_V2 = "application/vnd.kafka.json.v2+json";
const BINARY_V2 = "application/vnd.kafka.binary.v2+json";
const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const pristine = PROTOTYPES.map((one) => Reflect.ownKeys(one));

let lines: ConsoleLines;
let namespaces = 0;
let namespace = "";
beforeEach(() => {
  lines = new ConsoleLines();
  namespaces += 1;
  namespace = `hostile-${namespaces}`;
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(lines.lines.length).toBeGreaterThan(0);
  lines.check();
  expect(PROTOTYPES.map((one) => Reflect.ownKeys(one))).toEqual(pristine);
});

/** Whatever is answered: no page, and nothing that a text of the request has put into its headers. */
async function ask(path: string, init: LockedInit = {}): Promise<Response> {
  const token = init.token ?? (await tokenOf({ claims: { namespace } }));
  const response = await edge(path, { ...init, token, settings: DEBUG });
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("content-type")).toMatch(
    /^(application\/(.+\+)?(json|x-ndjson)|text\/(plain|event-stream);)/,
  );
  expect(response.headers.get("set-cookie")).toBeNull();
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  for (const [, value] of response.headers) expect(value).not.toMatch(/[\u0000-\u001f\u007f-\uffff]/);
  expect(response.status).toBeLessThan(500);
  return response;
}

async function topic(): Promise<void> {
  const response = await ask("/v1/topics", { method: "POST", body: '{"name":"orders","partitionCount":1}' });
  expect(response.status).toBe(201);
}

async function send(path: string, type: string, body: string): Promise<string> {
  const response = await ask(path, { method: "POST", headers: { "content-type": type }, body });
  expect(response.status).toBe(200);
  return await response.text();
}

const RECORDS = "/v1/topics/orders/partitions/0/records";
const REST = "/kafka-rest/topics/orders";

async function read(): Promise<RecordsAnswer["records"]> {
  const answer: RecordsAnswer = await (await ask(`${RECORDS}?offset=earliest`)).json();
  return answer.records;
}

const SENT = HOSTILE.map((text) => ({ key: text, value: text, headers: [{ key: text, value: text }] }));
/** Timestamps and offsets are the edge's. */
const asSent = (found: RecordsAnswer["records"]): unknown =>
  found.map(({ key, value, headers }) => ({ key, value, headers }));

test("S06 there are more than two hundred of them, and no two are one", () => {
  lines.lines.push('{"level":"info","event":"none"}');
  expect(new Set(HOSTILE).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThan(200);
  expect(HOSTILE.filter((text) => !text.isWellFormed())).toEqual([]);
});

describe("S06 records", () => {
  test("in JSON", async () => {
    await topic();
    await send("/v1/topics/orders/records", JSON_TYPE, JSON.stringify({ records: SENT }));
    expect(asSent(await read())).toEqual(SENT);
  });

  test("in lines of JSON, and events that no text can end", async () => {
    await topic();
    const body = SENT.map((record) => `${JSON.stringify(record)}\n`).join("");
    const reports = (await send("/v1/topics/orders/records", LINES_TYPE, body)).trimEnd().split("\n");
    expect(reports.map((line) => JSON.parse(line) as unknown)).toEqual(
      HOSTILE.map((_, offset) => ({ line: offset + 1, partition: 0, offset })),
    );
    expect(asSent(await read())).toEqual(SENT);
    const stream = await ask(`${RECORDS}?offset=earliest`, { headers: { accept: "text/event-stream" } });
    expect(asSent(await eventsOf(stream, HOSTILE.length))).toEqual(SENT);
  });

  test("through the REST proxies' faces, as JSON and as bytes", async () => {
    await topic();
    const records = HOSTILE.map((text) => ({ key: text, value: { [text]: text } }));
    await send(REST, JSON_V2, JSON.stringify({ records }));
    const found = await (await ask(`${REST}/partitions/0/records?offset=0`, { headers: { accept: JSON_V2 } })).json();
    expect((found as typeof records).map(({ key, value }) => ({ key, value }))).toEqual(records);

    const v3 = HOSTILE.map((data) => ({ key: { type: "STRING", data }, value: { type: "STRING", data } }));
    const path = `/kafka-rest/v3/clusters/${namespace}/topics/orders/records`;
    const reports = await send(path, JSON_TYPE, v3.map((one) => JSON.stringify(one)).join(""));
    expect(reports.match(/"error_code":200/g)).toHaveLength(HOSTILE.length);
    const from = `${REST}/partitions/0/records?offset=${HOSTILE.length}`;
    const bytes: { key: string; value: string }[] = await (await ask(from, { headers: { accept: BINARY_V2 } })).json();
    const text = (base64: string): string =>
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(base64Bytes(base64) ?? undefined);
    expect(bytes.map(({ key, value }) => [text(key), text(value)])).toEqual(HOSTILE.map((one) => [one, one]));
  });
});

/** By the grammar of event streams, whose lines end in CR as well. Throws where an event has another field than it should. */
async function eventsOf(response: Response, count: number): Promise<RecordsAnswer["records"]> {
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const found: RecordsAnswer["records"][number][] = [];
  for (let text = ""; found.length < count;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    const events = text.split(/(?:\r\n|\r|\n){2}/);
    text = events.pop() ?? "";
    for (const event of events) {
      const fields = event.split(/\r\n|\r|\n/).filter((line) => !line.startsWith(":"));
      for (const field of fields) expect(field).toMatch(/^(id|data|retry): /);
      const data = fields.find((field) => field.startsWith("data: "))?.slice("data: ".length);
      if (data === undefined) continue;
      found.push(JSON.parse(data) as RecordsAnswer["records"][number]);
    }
  }
  await reader.cancel();
  return found;
}

describe("S06 names", () => {
  const LEGAL = /^[a-zA-Z0-9._-]{1,249}$/;

  test("of topics: the legal ones are topics, the others are refused, and none is another's", async () => {
    const legal = HOSTILE.filter((name) => LEGAL.test(name) && name !== "." && name !== "..");
    for (const name of HOSTILE) {
      const made = await ask("/v1/topics", { method: "POST", body: JSON.stringify({ name, partitionCount: 1 }) });
      expect([name, made.status]).toEqual([name, legal.includes(name) ? 201 : 400]);
      if (name === "" || name === "." || name === ".." || encodeURIComponent(name).length > 1_000) continue;
      const path = encodeURIComponent(name);
      const status = legal.includes(name) ? 200 : 404;
      for (const prefix of ["/v1/topics/", "/kafka-rest/topics/"])
        expect([name, (await ask(prefix + path)).status]).toEqual([name, status]);
    }
    const { topics }: { topics: { name: string }[] } = await (await ask("/v1/topics")).json();
    expect(topics.map(({ name }) => name).toSorted()).toEqual(legal.toSorted());
    expect(legal.length).toBeGreaterThan(10);
    await vi.waitFor(async () => {
      const text = await (await ask("/metrics")).text();
      expect(text).toContain("strandline_requests_total");
      expect([...readPrometheus(text).keys()].filter((name) => name.includes("forged"))).toEqual([]);
    });
  });

  const isName = (text: string): boolean =>
    // oxlint-disable-next-line no-control-regex -- spelt out: the product says it by a class of Unicode
    text !== "" && text.length <= 128 && !/[\u0000-\u001f\u007f-\u009f]/.test(text);

  test("of principals and namespaces: those that are none are refused, the others are told as they are", async () => {
    for (const name of HOSTILE) {
      const token = await tokenOf({ claims: { namespace: name, sub: name } });
      const response = await ask("/v1/metadata", { token });
      const told: unknown = await response.json();
      if (isName(name)) expect(told).toEqual({ namespace: name, principal: name, topics: [] });
      else expect([name, response.status]).toEqual([name, 401]);
    }
  });

  test("of ACLs and quotas: what is kept is listed as it was sent", async () => {
    const acls: unknown[] = [];
    const entities: string[] = [];
    for (const name of HOSTILE) {
      const acl = { resourceType: "GROUP", resourceName: name, patternType: "LITERAL", operation: "READ" };
      const own = { ...acl, principal: `User:${name}`, permissionType: "DENY" };
      if ((await ask("/v1/acls", { method: "POST", body: JSON.stringify({ acls: [own] }) })).ok) acls.push(own);
      const quota = { entity: `User:${name}`, quotas: { topics_max: 1 } };
      if ((await ask("/v1/quotas", { method: "PUT", body: JSON.stringify(quota) })).ok) entities.push(quota.entity);
    }
    const listed: { acls: unknown[] } = await (await ask("/v1/acls")).json();
    expect(listed.acls).toHaveLength(acls.length);
    expect(listed.acls).toEqual(expect.arrayContaining(acls));
    const quotas: { entities: { entity: string }[] } = await (await ask("/v1/quotas")).json();
    expect(quotas.entities.map(({ entity }) => entity).toSorted()).toEqual(entities.toSorted());
    expect(Math.min(acls.length, entities.length)).toBeGreaterThan(100);
  });

  test("in queries and headers: nothing comes back but JSON that names them", async () => {
    await topic();
    for (const text of HOSTILE.filter((one) => one.length < 400)) {
      const query = encodeURIComponent(text);
      await ask(`/v1/metadata?topics=${query}`);
      await ask(`${RECORDS}?offset=${query}`);
      await ask(`/v1/topics?${query}=${query}`);
      await ask(`/v1/nothing/${query}`);
      if (!/^[\t\u0020-\u007e]+$/.test(text)) continue;
      for (const name of ["origin", "accept", "strandline-owner", "last-event-id", "if-none-match", "idempotency-key"])
        await ask(RECORDS, { headers: { [name]: text } });
      await ask("/v1/topics/orders/records", { method: "POST", headers: { "content-type": text }, body: "x" });
    }
  });
});

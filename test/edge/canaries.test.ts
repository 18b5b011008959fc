/**
 * S07: what is secret stands in no log, error, answer's header, metric or document, whatever becomes of the request that it
 * came with. What a log may hold at all: edge-rules/log. Nothing secret in an address is a credential: locked.test.ts.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ROUTES } from "../../edge/app.ts";
import type { Env } from "../../edge/env.ts";
import type { TicketAnswer } from "../../shared/api/tickets.ts";
import { ConsoleLines } from "./console-lines.ts";
import { bearer, lockedEdge, SECRET, tokenOf } from "./credentials.ts";
import { SAMPLES } from "./route-samples.ts";

const REAL: Env = env;
const OWN_SECRET = "canary-of-the-edge-itself-longer-than-32-bytes";
const IDEMPOTENCY_KEY = "canary-idempotency-key";
const RECORD = { key: "canary-key", value: "canary-value", headers: { "canary-header": "canary-header-value" } };
const PAGE = "https://app.example";
const edge = lockedEdge();

let lines: ConsoleLines;
let namespaces = 0;
let token = "";
let secrets: string[] = [];
beforeEach(async () => {
  lines = new ConsoleLines();
  namespaces += 1;
  token = await tokenOf({ claims: { namespace: `canary-${namespaces}`, jti: "canary-jti" } });
  // Of a token its parts too: a signature alone is half of a forgery.
  secrets = [token, ...token.split(".").slice(1), SECRET, OWN_SECRET, IDEMPOTENCY_KEY];
  secrets.push(
    ...Object.values(RECORD).flatMap((part) => (typeof part === "string" ? part : Object.entries(part).flat())),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  // The level is debug: each request is a line.
  expect(lines.lines.length).toBeGreaterThan(0);
  lines.check();
  for (const line of lines.lines) expectNone(line);
});

function expectNone(text: string): void {
  for (const secret of secrets) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(encodeURIComponent(secret));
    expect(text).not.toContain(btoa(secret).replaceAll("=", ""));
  }
}

interface Sent extends RequestInit {
  readonly settings?: Partial<Env>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of an answer that hands out none of them. */
async function ask(path: string, { settings, ...init }: Sent = {}): Promise<Response> {
  const own = { STRANDLINE_SECRET: OWN_SECRET, STRANDLINE_LOG_LEVEL: "debug", STRANDLINE_ORIGINS: PAGE };
  const response = await edge(path, { ...init, settings: { ...own, ...settings } });
  expectNone(JSON.stringify([...response.headers]));
  if (response.status !== 101) expectNone(await response.clone().text());
  response.webSocket?.accept();
  response.webSocket?.close();
  return response;
}

const SENT = { "content-type": "application/json", "idempotency-key": IDEMPOTENCY_KEY };
const PATH = "/v1/topics/orders/records";

async function topic(): Promise<void> {
  const body = '{"name":"orders","partitionCount":1}';
  expect((await ask("/v1/topics", { method: "POST", headers: bearer(token), body })).status).toBe(201);
}

describe("S07 at every route", () => {
  const rows = ROUTES.map(([method, path]) => ({ method, route: `${method} ${path}` }));

  test.each(rows)("$route", async ({ method, route }) => {
    const { path, body, headers } = SAMPLES.get(route) ?? { path: "" };
    const asked = async (more: Readonly<Record<string, string>>, query = "", other = body): Promise<number> => {
      const address = query === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
      const init = { method, headers: { ...headers, ...more }, ...(other === undefined ? {} : { body: other }) };
      return (await ask(address, init)).status;
    };
    const broken = bearer(`${token.slice(0, -8)}AAAAAAAA`);
    expect(await asked(broken)).toBe(401);
    for (const authorization of [token, `Basic ${token}`, `Bearer ${token}, Bearer ${token}`, `Bearer ${token}\u00ff`])
      expect(await asked({ authorization })).toBe(401);
    expect(await asked({}, `access_token=${token}`)).toBe(401);
    await asked(bearer(token), `access_token=${token}`);
    await asked({ ...bearer(token), cookie: `token=${token}`, "sec-websocket-protocol": `ticket.${token}` });
    if (body === undefined) return;
    // Where another thing is expected, or nothing of the kind.
    for (const wrong of [JSON.stringify(RECORD), `{"records":[${JSON.stringify(RECORD)}]}`, RECORD.value])
      for (const type of ["application/json", "application/x-ndjson", "text/plain", "application/cloudevents+json"])
        await asked({ ...bearer(token), "content-type": type, "idempotency-key": IDEMPOTENCY_KEY }, "", wrong);
  });
});

describe("S07 records", () => {
  test.each([
    ["that is taken", "application/json", JSON.stringify(RECORD)],
    ["of a partition that is none", "application/json", JSON.stringify({ ...RECORD, partition: 99 })],
    ["with a field of another kind", "application/json", JSON.stringify({ ...RECORD, timestamp: RECORD.value })],
    ["with a header of another kind", "application/json", `{"value":"canary-value","headers":{"h":["canary-value"]}}`],
    ["that is cut", "application/json", JSON.stringify(RECORD).slice(0, -1)],
    [
      "that is cut, in lines",
      "application/x-ndjson",
      `${JSON.stringify(RECORD)}\n${JSON.stringify(RECORD).slice(0, -1)}`,
    ],
    ["of no Base64", "application/json", '{"valueBase64":"canary-value"}'],
    ["of bytes that are no text", "application/json", "\u00ff\ud800canary-value"],
    ["that is too large", "application/json", JSON.stringify({ ...RECORD, value: "canary-value".repeat(100_000) })],
    [
      "that is no event",
      "application/cloudevents+json",
      '{"specversion":"1.0","id":"canary-value","time":"canary-value"}',
    ],
  ])("one %s", async (_what, type, body) => {
    await topic();
    await ask(PATH, { method: "POST", headers: { ...bearer(token), "content-type": type }, body });
    const own = { ...bearer(token), "content-type": "application/vnd.kafka.json.v2+json" };
    await ask("/kafka-rest/topics/orders", { method: "POST", headers: own, body: `{"records":[${body}]}` });
  });

  test("under an idempotency key that another body has, or that is none", async () => {
    await topic();
    const sent = async (body: string, more = {}): Promise<number> =>
      (await ask(PATH, { method: "POST", headers: { ...bearer(token), ...SENT, ...more }, body })).status;
    expect(await sent(JSON.stringify(RECORD))).toBe(200);
    expect(await sent(JSON.stringify({ ...RECORD, value: "canary-value-2" }))).toBe(422);
    expect(await sent(JSON.stringify(RECORD), { "idempotency-key": `${IDEMPOTENCY_KEY} ä` })).toBe(400);
    expect(await sent("\n", { "content-type": "application/x-ndjson" })).toBe(400);
  });

  test("while the objects behind the edge fail, and say what they failed with", async () => {
    await topic();
    const failing = {
      get: () => {
        throw new TypeError(`${RECORD.value} ${token}`);
      },
      idFromName: () => "",
    };
    const settings: Partial<Env> = { PARTITION: failing as never };
    const init = { method: "POST", headers: { ...bearer(token), "content-type": "application/json" } };
    const body = JSON.stringify({ records: [RECORD] });
    const answer: unknown = await (await ask(PATH, { ...init, body, settings })).json();
    expect(answer).toMatchObject({ records: [{ error: { code: "KAFKA_STORAGE_ERROR" } }] });
    const controller = { ...settings, CONTROLLER: failing as never };
    expect((await ask("/v1/topics", { headers: bearer(token), settings: controller })).status).toBe(500);
    expect(lines.lines.filter((line) => /"level":"(warn|error)"/.test(line)).length).toBeGreaterThan(1);
  });

  test("in metrics, listings and documents", async () => {
    await topic();
    await ask(PATH, { method: "POST", headers: { ...bearer(token), ...SENT }, body: JSON.stringify(RECORD) });
    for (const path of [
      "/metrics",
      "/openapi.json",
      "/v1/topics",
      "/v1/metadata",
      "/v1/acls",
      "/v1/quotas",
      "/v1/revocations",
    ])
      expect((await ask(path, { headers: bearer(token) })).status).toBe(200);
  });
});

describe("S07 a ticket", () => {
  test("is told to who asks for it, and to nobody after that", async () => {
    const headers = { ...bearer(token), origin: PAGE };
    const answered = await ask("/v1/tickets", { method: "POST", headers });
    const { ticket }: TicketAnswer = await answered.json();
    secrets.push(ticket, ...ticket.split(".").slice(1));
    const upgrade = async (protocols: string, path = "/v1/tail", more = {}): Promise<number> => {
      const own = { upgrade: "websocket", "sec-websocket-protocol": protocols, origin: PAGE, ...more };
      return (await ask(path, { headers: own })).status;
    };
    const protocols = `strandline.v1, ticket.${ticket}`;
    expect(await upgrade(`${protocols}x`)).toBe(401);
    expect(await upgrade(`${protocols}, ticket.${ticket}`)).toBe(400);
    expect(await upgrade(`ticket.${ticket}`)).toBe(400);
    expect(await upgrade(protocols, "/v1/tail", { origin: "https://evil.example" })).toBe(403);
    expect(await upgrade("strandline.v1", `/v1/tail?ticket=${ticket}`)).toBe(401);
    expect(await upgrade("strandline.v1", `/v1/tail?ticket=${ticket}`, bearer(token))).toBe(400);
    expect(await upgrade(protocols)).toBe(101);
    expect(await upgrade(protocols)).toBe(401);
    expect((await ask("/metrics", { headers: bearer(token) })).status).toBe(200);
  });
});

test.each([
  ["a secret that is too short", { STRANDLINE_JWT_SECRET: "canary-too-short" }],
  [
    "an address of keys that holds a password",
    { STRANDLINE_JWT_SECRET: "", STRANDLINE_JWKS_URL: "http://u:canary-pass@evil.example/" },
  ],
  ["a secret of tickets that is too short", { STRANDLINE_SECRET: "canary-too-short" }],
])("S07 settings: %s is named, and not told", async (_what, settings) => {
  secrets.push("canary-too-short", "canary-pass");
  const response = await ask("/v1/tickets", { method: "POST", headers: bearer(token), settings });
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining("NOT_CONFIGURED")]);
  expect(REAL.STRANDLINE_AUTH).toBe("none");
});

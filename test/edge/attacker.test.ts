/**
 * What an outside attacker tried by hand, and what has to hold. Elsewhere: bad credentials at every route (locked), tickets
 * (tickets), caps, bombs and names of what every object has (caps), hosts and origins (served, locked-origins), tenants
 * that never meet (tenants), what refusals may tell (rights-told), lying lengths and smuggled headers
 * (test/system/attacker).
 */
import { base64url } from "jose";
import { describe, expect, test } from "vitest";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { AUDIENCE, ISSUER, lockedEdge, now, SECRET, tokenOf } from "./credentials.ts";
import { call, errorOf, newPlace, recordsOf } from "./edge.ts";
import { RightsLab } from "./rights-lab.ts";

const ask = lockedEdge();

/** Signed as the issuer would, over texts that no JSON writer would write. */
async function signed(head: string, payload: string): Promise<string> {
  const text = `${base64url.encode(head)}.${base64url.encode(payload)}`;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytesOf(SECRET), hmac, false, ["sign"]);
  return `${text}.${base64url.encode(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytesOf(text))))}`;
}

const HEAD = '{"alg":"HS256","typ":"JWT"}';
const ALICE = '"sub":"alice","namespace":"acme"';

function payload(claims: string, exp: string | number = now() + 300): string {
  return `{"iss":"${ISSUER}","aud":"${AUDIENCE}","exp":${exp},${claims}}`;
}

describe("S01 a token that is signed and says what it should not", () => {
  test.each([
    ["a namespace by its prototype", HEAD, payload('"sub":"alice","__proto__":{"namespace":"acme"}'), "namespace"],
    ["a principal that is a list", HEAD, payload('"sub":["alice"],"namespace":"acme"'), "principal"],
    ["a principal with a NUL", HEAD, payload('"sub":"alice\\u0000","namespace":"acme"'), "principal"],
    ["a principal with a line of its own", HEAD, payload('"sub":"alice\\r\\nroot","namespace":"acme"'), "principal"],
    ["a namespace with a C1 escape", HEAD, payload('"sub":"alice","namespace":"ac\\u009bme"'), "namespace"],
    ["an end that is a text", HEAD, payload(ALICE, '"9999999999"'), "exp"],
    ["an end that is a list", HEAD, payload(ALICE, "[9999999999]"), "exp"],
    ["two ends, the last in the past", HEAD, payload(`${ALICE},"exp":1`), "expired"],
    ["an audience that is an object", HEAD, payload(`${ALICE},"aud":{"0":"${AUDIENCE}"}`), "audience"],
    ["an issuer that is a list", HEAD, payload(`${ALICE},"iss":["${ISSUER}"]`), "issuer"],
    ["scopes that are an object", HEAD, payload(`${ALICE},"scope":{"admin":true}`), "scope"],
    ["an id that is an object", HEAD, payload(`${ALICE},"jti":{"a":1}`), "jti"],
    ["two algorithms, the last none", '{"alg":"HS256","alg":"none","typ":"JWT"}', payload(ALICE), "algorithm"],
    ["a list of extensions", '{"alg":"HS256","typ":"JWT","crit":["b64"],"b64":false}', payload(ALICE), "crit"],
    ["an empty list of extensions", '{"alg":"HS256","typ":"JWT","crit":[]}', payload(ALICE), "crit"],
    ["no payload but a list", HEAD, "[]", "form"],
    ["a payload that is cut", HEAD, payload(ALICE).slice(0, -1), "form"],
  ])("%s", async (_what, head, text, check) => {
    const response = await ask("/v1/metadata", { token: await signed(head, text) });
    expect(await errorOf(response)).toMatchObject({ status: 401, code: "SASL_AUTHENTICATION_FAILED", check });
  });

  test("keys that it names are asked of nobody: a path, an address, a text of 5,000 characters", async () => {
    const asked: unknown[] = [];
    const edge = lockedEdge({ fetchKeys: async (...request) => (asked.push(request), Response.json({ keys: [] })) });
    for (const more of [
      { kid: "../../../../dev/null" },
      { kid: "k".repeat(5_000) },
      { jku: "http://127.0.0.1:1/keys", x5u: "https://evil.example/", jwk: { kty: "oct", k: "AA" } },
    ]) {
      const response = await edge("/v1/metadata", { token: await tokenOf({ header: more }) });
      expect(response.status).toBe(200);
    }
    expect(asked).toEqual([]);
  });

  test.each([
    "Admin",
    "ADMIN",
    "admin\u00a0",
    "admin,",
    "topic:*:ALL",
    "topic:orders",
    "__proto__",
    "constructor",
    "*:*:*",
  ])("%j is no scope, and grants nothing", async (scope) => {
    const lab = new RightsLab();
    await lab.topic("orders");
    const response = await lab.as("mallory", { method: "GET", path: "/v1/topics/orders" }, scope);
    expect(await errorOf(response)).toMatchObject({ status: 403, code: "TOPIC_AUTHORIZATION_FAILED" });
  });

  test.each(["аcme", "acme/../acme", "ACME", "acme ", "acme\u200b", "\u202eemca", "acme%00", "__proto__", "ａcme"])(
    "the namespace %j is not acme",
    async (namespace) => {
      const own = await tokenOf({ claims: { namespace: "acme" } });
      await ask("/v1/topics", { method: "POST", token: own, body: '{"name":"lookalike","partitionCount":1}' });
      const token = await tokenOf({ claims: { namespace } });
      expect(await (await ask("/v1/topics", { token })).json()).toEqual({ topics: [] });
    },
  );
});

describe("S01 what is not there and what is not allowed are told in the same words", () => {
  const JSON_TYPE = { "content-type": "application/json" };
  const REST_TYPE = { "content-type": "application/vnd.kafka.json.v2+json" };
  const REST_RECORD = { records: [{ value: "x" }] };
  const V3 = (cluster: string): string => `/kafka-rest/v3/clusters/${cluster}/topics/TOPIC`;
  type Probe = readonly [method: string, path: string, json?: object, headers?: Readonly<Record<string, string>>];
  const PROBES: readonly Probe[] = [
    ["GET", "/v1/topics/TOPIC"],
    ["PATCH", "/v1/topics/TOPIC", { config: {} }],
    ["PATCH", "/v1/topics/TOPIC", { config: { nonsense: "1" } }],
    ["DELETE", "/v1/topics/TOPIC"],
    ["POST", "/v1/topics/TOPIC/partitions", { partitionCount: 1 }],
    ["POST", "/v1/topics", { name: "TOPIC", partitionCount: 1 }],
    ["POST", "/v1/topics/TOPIC/records", { records: [{ value: "x", partition: 9 }] }, JSON_TYPE],
    ["POST", "/v1/topics/TOPIC/records", { nonsense: 1 }, JSON_TYPE],
    ["DELETE", "/v1/topics/TOPIC/records?key=k"],
    ...["0", "9"].flatMap((partition): Probe[] => [
      ["GET", `/v1/topics/TOPIC/partitions/${partition}/records`],
      ["GET", `/v1/topics/TOPIC/partitions/${partition}/records?offset=99`],
      ["GET", `/v1/topics/TOPIC/partitions/${partition}/offsets?at=earliest`],
      ["DELETE", `/v1/topics/TOPIC/partitions/${partition}/records?before=latest`],
      ["GET", `/kafka-rest/topics/TOPIC/partitions/${partition}`],
      ["GET", `/kafka-rest/topics/TOPIC/partitions/${partition}/offsets`],
      ["GET", `/kafka-rest/topics/TOPIC/partitions/${partition}/records?offset=0`],
      ["POST", `/kafka-rest/topics/TOPIC/partitions/${partition}`, REST_RECORD, REST_TYPE],
    ]),
    ["GET", "/v1/metadata?topics=TOPIC"],
    ["GET", "/v1/metadata?topics=TOPIC&create=true"],
    ["GET", "/kafka-rest/topics/TOPIC"],
    ["GET", "/kafka-rest/topics/TOPIC/partitions"],
    ["POST", "/kafka-rest/topics/TOPIC", REST_RECORD, REST_TYPE],
    ["POST", `${V3("NAMESPACE")}/records`, { value: { type: "JSON", data: 1 } }, JSON_TYPE],
    ["POST", `${V3("NAMESPACE")}/records:batch`, { entries: [] }, JSON_TYPE],
    ["POST", `${V3("another")}/records`, { value: { type: "JSON", data: 1 } }, JSON_TYPE],
    ["OPTIONS", "/v1/topics/TOPIC/records"],
    ["PUT", "/v1/topics/TOPIC"],
  ];

  test.each(PROBES.map((probe) => ({ probe, what: `${probe[0]} ${probe[1]}` })))("$what", async ({ probe }) => {
    const [method, path, json, headers] = probe;
    const lab = new RightsLab();
    await lab.topic("orders");
    const told = async (topic: string): Promise<unknown> => {
      const put = (text: string): string => text.replace("TOPIC", topic).replace("NAMESPACE", lab.namespace);
      const body = json === undefined ? {} : { body: put(JSON.stringify(json)) };
      const sent = { ...headers, origin: "https://app.example" };
      // A right to something else, so that rules are looked at.
      const response = await lab.as("mallory", { method, path: put(path), headers: sent, ...body }, "topic:mine:read");
      const text = (await response.text()).replaceAll(topic, "TOPIC");
      const answered = [...response.headers].filter(([name]) => name !== "content-length");
      return { status: response.status, text, answered };
    };
    expect(await told("orders")).toEqual(await told("absent"));
  });
});

describe("S03 an answer that somebody may have kept", () => {
  test("is not confirmed to another tenant, to a principal without the right, nor to nobody", async () => {
    const lab = new RightsLab();
    const { name } = await lab.topic("orders");
    const path = `/v1/topics/${name}/partitions/0/records`;
    const own = await lab.as("root", { method: "GET", path }, "admin");
    const etag = own.headers.get("etag") ?? "";
    expect(own.headers.get("cache-control")).toBe("private, no-cache");
    expect(own.headers.get("vary")).toMatch(/\bAuthorization\b/);
    const again = await lab.as("root", { method: "GET", path, headers: { "if-none-match": etag } }, "admin");
    expect(again.status).toBe(304);
    const other = new RightsLab();
    await other.topic("orders");
    for (const match of [etag, `W/${etag}`, "*", `"x", ${etag}`]) {
      const headers = { "if-none-match": match };
      expect((await lab.as("mallory", { method: "GET", path, headers })).status).toBe(403);
      expect((await ask(path, { headers })).status).toBe(401);
      // It has a topic of that name, with other records behind the same offsets.
      const theirs = await other.as("root", { method: "GET", path, headers }, "admin");
      if (match !== "*") expect(theirs.status).toBe(200);
    }
  });
});

describe("addresses that lead somewhere else", () => {
  test.each([
    ...[
      "..%2forders",
      "..%2f..%2forders",
      "orders%00",
      "orders%2fpartitions%2f0%2frecords",
      "%c0%ae%c0%ae",
      "orders%20",
    ],
    ...["ORDERS", "%EF%BD%8Frders", "orders;x=1", "orders%0d%0aset-cookie:a=b", "%3Cscript%3E", "toString", "valueOf"],
  ])("the topic %s is none", async (name) => {
    const lab = new RightsLab();
    await lab.topic("orders");
    for (const path of [`/v1/topics/${name}/partitions/0/records`, `/kafka-rest/topics/${name}`]) {
      const response = await lab.as("root", { method: "GET", path }, "admin");
      expect([response.status, response.headers.get("set-cookie")]).toEqual([404, null]);
      expect(response.headers.get("content-type")).toMatch(/json/);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });
});

describe("S06 half a surrogate pair, which has no UTF-8, is refused and never becomes another text", () => {
  const HALF = '"\\ud83d"';
  const TEXTS = [`{"value":${HALF}}`, `{"key":${HALF},"value":"v"}`, `{"value":"v","headers":{${HALF}:"x"}}`];
  TEXTS.push(`{"value":"v","headers":{"h":${HALF}}}`);

  test.each(TEXTS)("%s", async (record) => {
    const place = await newPlace();
    const path = `/v1/topics/${place.name}/records`;
    const headers = { "content-type": "application/json" };
    const alone = await call(path, { method: "POST", headers, body: record });
    expect(await errorOf(alone)).toMatchObject({ status: 422, code: "INVALID_RECORD" });
    const body = `{"records":[${record},{"value":"a"}]}`;
    const many = await call(path, { method: "POST", headers, body });
    expect(await many.json()).toMatchObject({ records: [{ error: { code: "INVALID_RECORD" } }, { error: null }] });
    const lines = { "content-type": "application/x-ndjson" };
    const streamed = await call(path, { method: "POST", headers: lines, body: `${record}\n{"value":"b"}\n` });
    expect(await streamed.text()).toMatch(/"code":"INVALID_RECORD".*\n\{"line":2,"partition":0,"offset":1\}\n$/);
    expect((await recordsOf(place)).map(({ value }) => value)).toEqual(["a", "b"]);
  });

  test("in JSON that is kept as JSON, where it has an escape, it stays as it is", async () => {
    const place = await newPlace();
    const headers = { "content-type": "application/json" };
    await call(`/v1/topics/${place.name}/records`, { method: "POST", headers, body: `{"value":[${HALF}]}` });
    const path = `/v1/topics/${place.name}/partitions/0/records`;
    const { records }: RecordsAnswer = await (await call(path)).json();
    expect(JSON.parse(records[0]?.value ?? "")).toEqual(["\ud83d"]);
  });
});

test("S01 an origin that is empty is no listed one", async () => {
  const settings = { STRANDLINE_AUTH: "none", STRANDLINE_ORIGINS: " , " };
  const response = await ask("/v1/topics", { headers: { origin: "" }, settings });
  expect(await errorOf(response)).toMatchObject({ status: 403, code: "FORBIDDEN_ORIGIN" });
  const shut = await ask("/v1/topics", { headers: { origin: "" }, token: await tokenOf() });
  expect(shut.headers.get("access-control-allow-origin")).toBeNull();
});

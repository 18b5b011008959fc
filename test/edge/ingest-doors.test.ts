/** S01 and S03 of ingest keys: who gets in by one, from which pages, how much, and how far. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Env } from "../../edge/env.ts";
import { writeIngestKey } from "../../edge/auth/ingest-key.ts";
import type { CreateIngestKeyRequest, IngestKey } from "../../shared/api/ingest-keys.ts";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import { LOCKED, lockedEdge, tokenOf, type LockedInit } from "./credentials.ts";
import { call, errorOf, valuesOf } from "./edge.ts";
import { ingest, newKey } from "./ingest-lab.ts";

const REAL: Env = env;
const ask = lockedEdge();
const touched: string[] = [];

function watched<Namespace extends object>(name: string, namespace: Namespace): Namespace {
  return new Proxy(namespace, {
    get: (target, property) => {
      touched.push(`${name}.${String(property)}`);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

const WATCHED: Partial<Env> = {
  CONTROLLER: watched("CONTROLLER", REAL.CONTROLLER),
  PARTITION: watched("PARTITION", REAL.PARTITION),
};

let namespaces = 0;

interface LockedKey {
  readonly namespace: string;
  readonly key: string;
  readonly id: string;
  readonly token: string;
}

/** Of `orders` in a namespace of its own, or of the one that is named. */
async function lockedKey(
  terms: Omit<CreateIngestKeyRequest, "topic"> = {},
  named: string | null = null,
): Promise<LockedKey> {
  namespaces += 1;
  const namespace = named ?? `ingest-${namespaces}`;
  const token = await tokenOf({ claims: { namespace } });
  const config = { name: "orders", partitionCount: 1 };
  await ask("/v1/topics", { method: "POST", body: JSON.stringify(config), token });
  const body = JSON.stringify({ topic: "orders", ...terms });
  const made = await ask("/v1/ingest-keys", { method: "POST", body, token });
  if (made.status !== 201) throw new Error(await made.text());
  const { key, id }: IngestKey = await made.json();
  return { namespace, key, id, token };
}

async function sent(key: string, { headers, ...init }: LockedInit = {}): Promise<Response> {
  return await ask(`/v1/ingest/${key}`, {
    method: "POST",
    body: '{"value":"a"}',
    headers: { "content-type": "application/json", ...(headers as Record<string, string>) },
    ...init,
  });
}

async function held({ token }: Pick<LockedKey, "token">): Promise<(string | null | undefined)[]> {
  const response = await ask("/v1/topics/orders/partitions/0/records", { token });
  const { records }: RecordsAnswer = await response.json();
  return records.map(({ value }) => value);
}

describe("S01: a key that is none is refused, and wakes nobody", () => {
  const forged: readonly (readonly [name: string, (key: string, named: LockedKey) => string | Promise<string>])[] = [
    ["random", () => "kJ7x0cF4TQ2mW9"],
    ["empty parts", () => "..."],
    ["__proto__", () => "__proto__"],
    ["a MAC cut short", (key) => key.slice(0, -1)],
    ["a MAC that is longer", (key) => `${key}A`],
    ["a MAC changed", (key) => key.slice(0, -5) + (key.at(-5) === "A" ? "B" : "A") + key.slice(-4)],
    ["no MAC", (key) => key.slice(0, key.lastIndexOf("."))],
    ["another id", (key, { id }) => key.replace(id, "A".repeat(22))],
    ["another namespace", (key) => key.replace(/\.[^.]+\./, ".YWNtZQ.")],
    ["another version", (key) => key.replace("ik1", "ik2")],
    ["one part more", (key) => `${key}.a`],
    ["thousands of characters", (key) => `${key}${"A".repeat(1_500)}`],
    ["of an edge with another secret", async (_, named) => await writeIngestKey({ ...LOCKED, ...OTHER }, named)],
    ["of an edge whose doors are open", async (_, named) => await writeIngestKey({ ...REAL }, named)],
    ["a token", async () => await tokenOf()],
  ];
  const OTHER = { STRANDLINE_SECRET: "of another edge, longer than 32 bytes" };

  test.each(forged)("%s", async (_name, forge) => {
    const named = await lockedKey();
    const key = await forge(named.key, named);
    touched.length = 0;
    for (const origin of [null, "https://a.example"]) {
      const headers = origin === null ? {} : { origin };
      const response = await sent(key, { headers, settings: WATCHED, token: named.token });
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(await errorOf(response)).toMatchObject({
        status: 401,
        code: "SASL_AUTHENTICATION_FAILED",
        check: "ingest-key",
      });
      const preflight = await ask(`/v1/ingest/${key}`, { method: "OPTIONS", headers, settings: WATCHED });
      expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect(touched).toEqual([]);
    expect(await held(named)).toEqual([]);
  });

  test("the real one is seen to wake somebody, and needs no token; a bad one does it no harm", async () => {
    const named = await lockedKey();
    touched.length = 0;
    expect((await sent(named.key, { settings: WATCHED })).status).toBe(200);
    expect(touched).not.toEqual([]);
    const headers = { authorization: "Bearer nonsense", cookie: "session=1" };
    expect((await sent(named.key, { headers })).status).toBe(200);
    expect(await held(named)).toEqual(["a", "a"]);
  });

  test("a signed key of an id that nobody made is refused as well", async () => {
    const { namespace } = await lockedKey();
    const key = await writeIngestKey(LOCKED, { namespace, id: "A".repeat(22) });
    expect(await errorOf(await sent(key))).toMatchObject({ status: 401, check: "ingest-key" });
  });
});

describe("S03: a key writes to its topic and does nothing else", () => {
  test("it is no token, and nobody of that name can read", async () => {
    const { key } = await lockedKey();
    for (const path of ["/v1/topics", "/v1/topics/orders/partitions/0/records", "/v1/ingest-keys", "/metrics"])
      expect((await ask(path, { headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
    expect((await ask(`/v1/ingest/${key}`)).status).toBe(401);
  });

  test("two namespaces with equal topics: each key goes to its own", async () => {
    const [one, two] = [await lockedKey(), await lockedKey()];
    await sent(one.key);
    expect([await held(one), await held(two)]).toEqual([["a"], []]);
    const hidden = await ask(`/v1/ingest-keys/${one.id}`, { method: "DELETE", token: two.token });
    expect(await errorOf(hidden)).toMatchObject({ status: 404, code: "NOT_FOUND" });
    const { keys } = await (await ask("/v1/ingest-keys", { token: two.token })).json<{ keys: { id: string }[] }>();
    expect(keys.map(({ id }) => id)).toEqual([two.id]);
    expect((await sent(one.key)).status).toBe(200);
  });

  test("an ACL that denies it its topic binds it", async () => {
    const { key, id, token } = await lockedKey();
    const acl = {
      resourceType: "TOPIC",
      resourceName: "orders",
      patternType: "LITERAL",
      principal: `User:ingest:${id}`,
      operation: "WRITE",
      permissionType: "DENY",
    };
    await ask("/v1/acls", { method: "POST", body: JSON.stringify({ acls: [acl] }), token });
    expect(await errorOf(await sent(key))).toMatchObject({ status: 403, code: "TOPIC_AUTHORIZATION_FAILED" });
  });
});

describe("origins", () => {
  const GOOD = "https://good.com";
  const PORT = "http://good.com:8080";

  test("a listed one may send and read, and asks before where it has to", async () => {
    const { key } = await lockedKey({ origins: [GOOD, PORT] });
    for (const origin of [GOOD, PORT]) {
      const preflight = await ask(`/v1/ingest/${key}`, { method: "OPTIONS", headers: { origin } });
      const leave = ["origin", "methods", "headers"].map((one) => preflight.headers.get(`access-control-allow-${one}`));
      expect([preflight.status, ...leave]).toEqual([204, origin, "POST", "content-type"]);
      const response = await sent(key, { headers: { origin } });
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(response.headers.get("vary")).toContain("Origin");
      // What is wrong with the request may be read as well.
      const refused = await sent(key, { headers: { origin }, body: "{" });
      expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([400, origin]);
    }
  });

  test.each([
    "null",
    "HTTPS://GOOD.COM",
    "https://Good.com",
    "http://good.com",
    "https://good.com:8443",
    "https://good.com:443",
    "http://good.com:80",
    "https://good.com/",
    "https://good.com.evil.com",
    "https://evil.com?https://good.com",
    "https://evilgood.com",
    "https://www.good.com",
    "https://good.com,https://evil.com",
    "https://good.com https://evil.com",
    "",
    "*",
    "file://",
    "http://localhost:5173",
  ])("another one, or none, is refused and nothing stored: %j", async (origin) => {
    const named = await lockedKey({ origins: [GOOD, PORT] });
    const settings = { STRANDLINE_ORIGINS: "https://listed.example" };
    for (const headers of [{ origin }, {}]) {
      const response = await sent(named.key, { headers, settings });
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(await errorOf(response)).toMatchObject({ status: 403, code: "FORBIDDEN_ORIGIN" });
    }
    const preflight = await ask(`/v1/ingest/${named.key}`, { method: "OPTIONS", headers: { origin }, settings });
    expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
    expect(await held(named)).toEqual([]);
  });

  test("a key without a list takes any, and servers, which have none", async () => {
    const named = await lockedKey();
    for (const headers of [{}, { origin: "https://anywhere.example" }, { origin: "null" }])
      expect((await sent(named.key, { headers })).status).toBe(200);
    expect(await held(named)).toEqual(["a", "a", "a"]);
  });

  test("where doors are open the key's list goes for pages, and hosts stay this machine's", async () => {
    const keyed = await newKey({ origins: [GOOD] });
    expect((await ingest(keyed, { headers: { origin: GOOD, "sec-fetch-site": "cross-site" } })).status).toBe(200);
    expect((await ingest(keyed, { headers: { origin: "http://localhost:5173" } })).status).toBe(403);
    const settings = { STRANDLINE_AUTH: "none", STRANDLINE_JWT_SECRET: "" };
    const foreign = await sent(keyed.key, { headers: { origin: GOOD }, settings });
    expect(await errorOf(foreign)).toMatchObject({ status: 403, code: "FORBIDDEN_ORIGIN", host: "edge.example" });
    expect(await valuesOf(keyed)).toEqual(["a"]);
  });

  test("an edge that is not configured serves nobody", async () => {
    const { key } = await lockedKey();
    for (const STRANDLINE_AUTH of ["", "None"]) {
      const settings = { STRANDLINE_AUTH };
      expect(await errorOf(await sent(key, { settings }))).toMatchObject({ status: 503, code: "NOT_CONFIGURED" });
    }
  });
});

describe("its own quota", () => {
  test("requests: a burst of ten seconds, then it waits", async () => {
    const keyed = await newKey({ quota: { requestsPerSecond: 0.3 } });
    const statuses: number[] = [];
    for (let sends = 0; sends < 6; sends += 1) statuses.push((await ingest(keyed)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    const response = await ingest(keyed);
    expect(response.headers.get("retry-after")).toMatch(/^[1-4]$/);
    expect(await errorOf(response)).toMatchObject({
      status: 429,
      code: "THROTTLING_QUOTA_EXCEEDED",
      quota: "requestsPerSecond",
      limit: 0.3,
    });
    expect(await valuesOf(keyed)).toEqual(["a", "a", "a", "a"]);
  });

  test("bytes: what is over is taken, and owed", async () => {
    const keyed = await newKey({ quota: { bytesPerSecond: 10 } });
    const body = JSON.stringify({ value: "x".repeat(500) });
    expect((await ingest(keyed, { body })).status).toBe(200);
    expect(await errorOf(await ingest(keyed))).toMatchObject({ status: 429, quota: "bytesPerSecond" });
    expect((await valuesOf(keyed)).length).toBe(1);
  });

  test("one key's is not another's, and a raised one counts anew", async () => {
    const keyed = await newKey({ quota: { requestsPerSecond: 0.1 } });
    for (const status of [200, 200, 429]) expect((await ingest(keyed)).status).toBe(status);
    expect((await ingest(await newKey({ quota: { requestsPerSecond: 0.1 } }))).status).toBe(200);
    await call(`/v1/ingest-keys/${keyed.id}`, { method: "PATCH", json: { quota: { requestsPerSecond: 100 } } });
    expect((await ingest(keyed)).status).toBe(200);
  });
});

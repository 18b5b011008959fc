/** S01: every route refuses each bad credential, and nothing happens. Generated from the table of routes. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../edge/app.ts";
import type { Env } from "../../edge/env.ts";
import { BAD_CREDENTIALS, KEY_SET, keyedToken, keySet, type BadCredential } from "./bad-credentials.ts";
import { lockedEdge, tokenOf } from "./credentials.ts";
import { SAMPLES, type Sample } from "./route-samples.ts";

const REAL: Env = env;
const touched: string[] = [];

/** Its objects, and a note of each attempt to reach one. */
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
  GROUP: watched("GROUP", REAL.GROUP),
  REST_CONSUMER: watched("REST_CONSUMER", REAL.REST_CONSUMER),
};
const ask = lockedEdge({ fetchKeys: async () => keySet() });

const rows = ROUTES.map(([method, path]) => ({ method, route: `${method} ${path}` }));

function sampleOf(route: string): Sample {
  const sample = SAMPLES.get(route);
  if (sample === undefined) throw new Error(`${route} has no sample in route-samples.ts`);
  return sample;
}

function isRest(route: string): boolean {
  return route.includes(" /kafka-rest/");
}

async function tried(method: string, { path, body, headers }: Sample, bad: BadCredential): Promise<Response> {
  const query = bad.query === undefined ? "" : `${path.includes("?") ? "&" : "?"}${bad.query}`;
  return await ask(path + query, {
    method,
    headers: { ...headers, ...bad.headers },
    settings: { ...WATCHED, ...bad.settings },
    ...(body === undefined ? {} : { body }),
  });
}

test("S01: every route has a sample, and every sample a route", () => {
  expect([...SAMPLES.keys()].toSorted()).toEqual(rows.map(({ route }) => route).toSorted());
});

const guarded = rows.filter(({ route }) => SAMPLES.get(route)?.isItsOwnCredential !== true);

describe.each(guarded)("S01: $route", ({ method, route }) => {
  test.each(BAD_CREDENTIALS)("refuses: $name", async (bad) => {
    touched.length = 0;
    const response = await tried(method, sampleOf(route), bad);
    const challenge = bad.check === "missing" ? "Bearer" : 'Bearer error="invalid_token"';
    expect(response.headers.get("www-authenticate")).toBe(challenge);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.status).toBe(401);
    const error: object = await response.json();
    // The face of Kafka's REST proxies has a number and a sentence for it.
    const own = { error: { code: "SASL_AUTHENTICATION_FAILED", errno: 58, retriable: false, check: bad.check } };
    expect(error).toMatchObject(isRest(route) ? { error_code: 40101 } : own);
    const secrets = Object.values(bad.headers).map((value) => value.slice(-20));
    expect(secrets.filter((secret) => secret.length > 10 && JSON.stringify(error).includes(secret))).toEqual([]);
    expect(touched).toEqual([]);
  });

  test("lets a good one in, and is seen to", async () => {
    touched.length = 0;
    const sample = sampleOf(route);
    const good = { name: "good", check: "", headers: { authorization: `bearer ${await tokenOf()}` } };
    const response = await tried(method, sample, good);
    expect([401, 405, 503]).not.toContain(response.status);
    if (response.status === 404) {
      const missing = isRest(route) ? /"error_code":4040[123]/ : /"code":"(?:UNKNOWN_TOPIC|GROUP_ID_NOT_FOUND)/;
      const expected = /:(?:revocation|id)$/.test(route) ? /"code":"NOT_FOUND"/ : missing;
      expect(JSON.stringify(await response.json())).toMatch(expected);
    }
    response.webSocket?.accept();
    response.webSocket?.close();
    if (sample.wakesNobody !== true) expect(touched).not.toEqual([]);
  });
});

test("S01: no topic came of all that", async () => {
  const response = await ask("/v1/topics", { token: await tokenOf({ claims: { namespace: "untouched" } }) });
  expect(await response.json()).toMatchObject({ topics: [] });
});

describe.each([
  ["an address that leads nowhere", "GET", "/v1/nothing"],
  ["a method that is not taken", "PUT", "/v1/topics"],
  ["a HEAD", "HEAD", "/v1/topics"],
])("%s", (_name, method, path) => {
  test.each(BAD_CREDENTIALS)("tells nothing to: $name", async (bad) => {
    touched.length = 0;
    expect((await tried(method, { path }, bad)).status).toBe(401);
    expect(touched).toEqual([]);
  });
});

test("what is refused by one kind of key is let in by the other: the refusals are of the credential alone", async () => {
  const response = await ask("/v1/topics", { token: await keyedToken(), settings: KEY_SET });
  expect(response.status).toBe(200);
});

test("health is open, and says no more than that", async () => {
  touched.length = 0;
  const response = await ask("/healthz", { settings: WATCHED });
  expect([response.status, await response.json(), touched]).toEqual([200, { status: "ok" }, []]);
});

/** CORS of one topic (`cors.origins`): for its records, for nothing else, and without telling which topics there are. */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Env } from "../../edge/env.ts";
import { LIMITS } from "../../shared/limits.ts";
import { lockedEdge, tokenOf, type LockedInit } from "./credentials.ts";
import { call, errorOf, newPlace, valuesOf } from "./edge.ts";

const REAL: Env = env;
const SHOP = "https://shop.example";
const ask = lockedEdge();

function allowed(response: Response): string | null {
  return response.headers.get("access-control-allow-origin");
}

async function preflight(path: string, origin: string, init: LockedInit = {}): Promise<Response> {
  return await ask(path, { method: "OPTIONS", headers: { origin }, ...init });
}

describe("the config", () => {
  test.each([SHOP, `${SHOP},http://localhost:5173`, `${SHOP}, https://b.example:8443`])("%s", async (value) => {
    const { name } = await newPlace({ "cors.origins": value });
    expect(await (await call(`/v1/topics/${name}`)).json()).toMatchObject({ config: { "cors.origins": value } });
  });

  test.each([
    "",
    "null",
    "shop.example",
    `${SHOP}/`,
    `${SHOP},`,
    `${SHOP},*`,
    "https://*.shop.example",
    "HTTPS://shop.example",
    "javascript://shop.example",
    "https://shop.example:443",
    "*",
    Array.from({ length: LIMITS.originsPerListMax + 1 }, (_, n) => `https://a${n}.example`).join(","),
  ])("%s is refused where doors are open", async (value) => {
    const { name } = await newPlace();
    const refused = { status: 400, code: "INVALID_CONFIG", config: "cors.origins" };
    const config = { "cors.origins": value };
    const altered = await call(`/v1/topics/${name}`, { method: "PATCH", json: { config } });
    expect(await errorOf(altered)).toMatchObject(refused);
    const made = await call("/v1/topics", { json: { name: "never-made-cors", config } });
    expect(await errorOf(made)).toMatchObject(refused);
    expect((await call("/v1/topics/never-made-cors")).status).toBe(404);
  });
});

describe("where doors are open", () => {
  const headers = { origin: SHOP, "content-type": "application/json" };

  test("a listed page may write, read and follow, and is told so beforehand", async () => {
    const place = await newPlace({ "cors.origins": `https://other.example, ${SHOP}` });
    const [records, partition] = [`/v1/topics/${place.name}/records`, `/v1/topics/${place.name}/partitions/0`];
    for (const path of [records, `${partition}/records`, `${partition}/offsets`]) {
      const before = await call(path, { method: "OPTIONS", headers: { origin: SHOP } });
      expect([before.status, allowed(before)]).toEqual([204, SHOP]);
      expect(before.headers.get("access-control-allow-methods")).toBe("GET, POST");
    }
    const sent = await call(records, { method: "POST", body: '{"value":"a"}', headers });
    expect([sent.status, allowed(sent)]).toEqual([200, SHOP]);
    const read = await call(`${partition}/records`, { headers: { origin: SHOP } });
    expect([read.status, allowed(read)]).toEqual([200, SHOP]);
    const events = await call(`${partition}/records`, { headers: { origin: SHOP, accept: "text/event-stream" } });
    expect([events.status, allowed(events)]).toEqual([200, SHOP]);
    await events.body?.cancel();
    expect(await valuesOf(place)).toEqual(["a"]);
  });

  test("it may do nothing else, and no other page may do that", async () => {
    const place = await newPlace({ "cors.origins": SHOP });
    const own = `/v1/topics/${place.name}`;
    const elsewhere: readonly (readonly [string, string])[] = [
      ["DELETE", `${own}/records?key=a`],
      ["DELETE", `${own}/partitions/0/records?before=latest`],
      ["POST", `${own}/partitions`],
      ["DELETE", own],
      ["PATCH", own],
      ["GET", own],
      ["GET", "/v1/topics"],
      ["POST", "/v1/produce"],
      ["GET", "/metrics"],
    ];
    for (const [method, path] of elsewhere) {
      const response = await call(path, { method, headers: { origin: SHOP } });
      expect([path, response.status, allowed(response)]).toEqual([path, 403, null]);
    }
    for (const origin of ["https://evil.example", "null", "https://shop.example.evil.com", "https://SHOP.example"]) {
      const response = await call(`${own}/records`, {
        method: "POST",
        body: '{"value":"a"}',
        headers: { ...headers, origin },
      });
      expect([response.status, allowed(response)]).toEqual([403, null]);
      expect(allowed(await call(`${own}/records`, { method: "OPTIONS", headers: { origin } }))).toBeNull();
    }
    expect(await valuesOf(place)).toEqual([]);
  });

  test("a topic that is not there answers as one that lists nobody, and is not made", async () => {
    const { name } = await newPlace();
    const answers = await Promise.all(
      [name, "not-there-cors", "__proto__", "%ff", "%2e"].map(async (topic) => {
        const path = `/v1/topics/${topic}/records`;
        const before = await call(path, { method: "OPTIONS", headers: { origin: SHOP } });
        const response = await call(path, { method: "POST", body: '{"value":"a"}', headers });
        const { code, message } = await errorOf(response);
        return [before.status, allowed(before), response.status, allowed(response), code, message];
      }),
    );
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect((await call("/v1/topics/not-there-cors")).status).toBe(404);
  });

  test("a name that points here is no host of this machine, whatever a topic lists", async () => {
    const { name } = await newPlace({ "cors.origins": SHOP });
    const settings = { STRANDLINE_AUTH: "none" };
    const init = { method: "POST", body: '{"value":"a"}', headers, settings };
    const response = await ask(`/v1/topics/${name}/records`, init);
    expect(await errorOf(response)).toMatchObject({ status: 403, host: "edge.example" });
    expect(allowed(await preflight(`/v1/topics/${name}/records`, SHOP, { settings }))).toBeNull();
  });
});

describe("where a token is asked for", () => {
  const RECORDS = "/v1/topics/orders/records";

  async function topic(namespace: string, config: Readonly<Record<string, string>>): Promise<string> {
    const token = await tokenOf({ claims: { namespace } });
    const made = { name: "orders", partitionCount: 1, config };
    const response = await ask("/v1/topics", { method: "POST", body: JSON.stringify(made), token });
    expect(response.status).toBe(201);
    return token;
  }

  async function sendFrom(origin: string, token: string, site = "cross-site"): Promise<Response> {
    const headers = { origin, "content-type": "application/json", "sec-fetch-site": site };
    return await ask(RECORDS, { method: "POST", body: '{"value":"a"}', headers, token });
  }

  test("the token says whose topic it is: listed there, and not elsewhere", async () => {
    const [one, two] = [await topic("cors-one", { "cors.origins": SHOP }), await topic("cors-two", {})];
    const sent = await sendFrom(SHOP, one);
    expect([sent.status, allowed(sent)]).toEqual([200, SHOP]);
    const refused = await sendFrom(SHOP, two);
    expect([allowed(refused), (await errorOf(refused)).code]).toEqual([null, "FORBIDDEN_ORIGIN"]);
  });

  test("a preflight tells nothing of any topic, and wakes nobody", async () => {
    const touched: string[] = [];
    const CONTROLLER = new Proxy(REAL.CONTROLLER, {
      get: (_, property) => {
        touched.push(String(property));
        throw new Error("woken");
      },
    });
    for (const path of [RECORDS, "/v1/topics/not-there/records"]) {
      const response = await preflight(path, SHOP, { settings: { CONTROLLER } });
      expect([response.status, allowed(response)]).toEqual([204, SHOP]);
      expect(response.headers.get("access-control-allow-methods")).toBe("GET, POST");
    }
    expect(allowed(await preflight("/v1/produce", SHOP, { settings: { CONTROLLER } }))).toBeNull();
    expect(touched).toEqual([]);
  });

  test("* is any page, where a credential is asked for", async () => {
    const token = await topic("cors-star", { "cors.origins": "*" });
    for (const origin of [SHOP, "null"]) {
      const sent = await sendFrom(origin, token);
      expect([sent.status, allowed(sent)]).toEqual([200, origin]);
    }
  });

  test("who may not know of a topic gets no word more from a listed page", async () => {
    await topic("cors-hidden", { "cors.origins": SHOP });
    const token = await tokenOf({ claims: { namespace: "cors-hidden", sub: "eve", scope: "" } });
    const refused = await sendFrom(SHOP, token);
    expect([allowed(refused), (await errorOf(refused)).code]).toEqual([null, "FORBIDDEN_ORIGIN"]);
  });

  test("a page of the same origin needs no list, and gets no header", async () => {
    const token = await topic("cors-same", {});
    for (const sent of [await sendFrom("https://edge.example", token), await sendFrom(SHOP, token, "same-origin")])
      expect([sent.status, allowed(sent)]).toEqual([200, null]);
  });

  test("what is listed for the whole goes for every topic", async () => {
    const token = await topic("cors-whole", {});
    const headers = { origin: SHOP, "content-type": "application/json" };
    const settings = { STRANDLINE_ORIGINS: SHOP };
    const sent = await ask(RECORDS, { method: "POST", body: '{"value":"a"}', headers, token, settings });
    expect([sent.status, allowed(sent)]).toEqual([200, SHOP]);
  });
});

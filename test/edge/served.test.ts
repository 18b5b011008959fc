/** Callers that are not served, and addresses that lead nowhere. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp, ROUTES } from "../../edge/app.ts";
import type { Env } from "../../edge/env.ts";
import { checkAnswer } from "./answer-check.ts";
import { call, errorOf, newPlace } from "./edge.ts";

const EDGE: Env = env;
const app = createApp();

async function ask(
  settings: Partial<Env>,
  path: string,
  init: RequestInit = {},
  host = "localhost",
): Promise<Response> {
  const ctx = createExecutionContext();
  const response = await app.request(`http://${host}${path}`, init, { ...EDGE, ...settings }, ctx);
  await checkAnswer({ method: init.method ?? "GET", path }, response);
  return response;
}

const ADDRESSES = ROUTES.map(([method, path]) => ({
  method,
  path: path.replace(":topic", "a").replace(":partition", "0"),
}));

describe("who is served", () => {
  test.each(ADDRESSES)("$method $path answers 503 where nothing is configured", async ({ method, path }) => {
    const { STRANDLINE_AUTH: _, ...closed } = EDGE;
    const response = await app.request(`http://localhost${path}`, { method }, closed);
    const own = { error: { code: "NOT_CONFIGURED", retriable: false } };
    const expected = path.startsWith("/kafka-rest/") ? { error_code: 50301 } : own;
    expect([response.status, await response.json()]).toMatchObject([503, expected]);
  });

  test.each(["", "None", "nonee", "true"])("STRANDLINE_AUTH=%j opens no door", async (STRANDLINE_AUTH) => {
    const response = await ask({ STRANDLINE_AUTH }, "/v1/topics");
    expect(await errorOf(response)).toMatchObject({ status: 503, code: "NOT_CONFIGURED" });
  });

  test("an address that leads nowhere answers 503 there too, and health always", async () => {
    expect((await ask({ STRANDLINE_AUTH: "" }, "/secret")).status).toBe(503);
    const health = await ask({ STRANDLINE_AUTH: "" }, "/healthz");
    expect([health.status, await health.json()]).toEqual([200, { status: "ok" }]);
  });

  test.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.0.7"])(
    "the host %s is refused: a page may point any name at this machine",
    async (host) => {
      expect(await errorOf(await ask({}, "/v1/topics", {}, host))).toMatchObject({
        status: 403,
        code: "FORBIDDEN_ORIGIN",
        host,
      });
    },
  );

  test.each(["https://evil.example", "null", "http://localhost.evil.example", "file://"])(
    "the origin %s is refused",
    async (origin) => {
      const response = await ask({}, "/v1/topics", { headers: { origin } });
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(await errorOf(response)).toMatchObject({ status: 403, code: "FORBIDDEN_ORIGIN", origin });
    },
  );

  test.each(["http://localhost:5173", "http://127.0.0.1:8787", "http://app.localhost", "https://app.example"])(
    "the origin %s is served",
    async (origin) => {
      const settings = { STRANDLINE_ORIGINS: "https://other.example, https://app.example" };
      const response = await ask(settings, "/v1/topics", { headers: { origin } });
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      const preflight = await ask(settings, "/v1/produce", { method: "OPTIONS", headers: { origin } });
      expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    },
  );

  test.each([
    ["cross-site", 403],
    ["same-site", 200],
    ["same-origin", 200],
    ["none", 200],
  ])("a GET without an origin, sent from a page that is %s, is answered %i", async (site, status) => {
    const response = await ask({}, "/v1/metadata?topics=made-by-an-image&create=true", {
      headers: { "sec-fetch-site": site },
    });
    expect(response.status).toBe(status);
    const { topics }: { topics: { name: string }[] } = await (await ask({}, "/v1/topics")).json();
    if (status === 403) expect(topics.map(({ name }) => name)).not.toContain("made-by-an-image");
  });

  test("a preflight of a foreign origin is given no leave", async () => {
    const response = await ask({}, "/v1/produce", { method: "OPTIONS", headers: { origin: "https://evil.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(response.headers.get("access-control-allow-methods")).toBeNull();
  });
});

describe("addresses", () => {
  test("that lead nowhere answer 404 and name themselves", async () => {
    const error = await errorOf(await call("/v1/nothing"));
    expect(error).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(error.message).toContain("/v1/nothing");
  });

  test.each(["PUT", "DELETE", "PATCH"])("do not take %s, and say what they take", async (method) => {
    const takes = { "/v1/produce": "POST", "/v1/topics": "GET, POST", "/v1/topics/a/partitions/0/offsets": "GET" };
    for (const [path, allow] of Object.entries(takes)) {
      const response = await call(path, { method });
      expect(response.headers.get("allow")).toBe(allow);
      expect(await errorOf(response)).toMatchObject({ status: 405, code: "METHOD_NOT_ALLOWED", allow });
    }
  });

  test.each(["-1", "1.5", "x", "1e3", "99999999999999999999", "%00", "0x0", ""])(
    "have no partition %j",
    async (partition) => {
      const { name } = await newPlace();
      const response = await call(`/v1/topics/${name}/partitions/${partition}/records`);
      expect(await errorOf(response)).toMatchObject({ status: 404 });
    },
  );

  test.each(["%", "%E0%A4%A", "%00", "a'b", "🌊", "..", "x".repeat(1_900)])("have no topic %.20j", async (name) => {
    const response = await call(`/v1/topics/${name}/partitions/0/records`);
    expect(await errorOf(response)).toMatchObject({ status: 404 });
  });
});

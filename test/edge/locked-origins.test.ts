/** Pages of other origins, where a credential is asked for: tokens do not come along unasked, as cookies do. */
import { describe, expect, test } from "vitest";
import { lockedEdge, tokenOf } from "./credentials.ts";
import { errorOf } from "./edge.ts";

const ask = lockedEdge({ authenticate: () => null });
const ORIGIN = "https://app.example";
const LISTED = { STRANDLINE_ORIGINS: `https://other.example, ${ORIGIN}` };

function allowed(response: Response): string | null {
  return response.headers.get("access-control-allow-origin");
}

describe("a listed origin", () => {
  test("is given leave beforehand, without a credential, to send one", async () => {
    for (const settings of [LISTED, { STRANDLINE_ORIGINS: "*" }, { ...LISTED, STRANDLINE_AUTH: "hook" }]) {
      const response = await ask("/v1/produce", {
        method: "OPTIONS",
        headers: { origin: ORIGIN, "access-control-request-method": "POST" },
        settings,
      });
      expect([response.status, allowed(response)]).toEqual([204, ORIGIN]);
      expect(response.headers.get("access-control-allow-headers")).toMatch(/\bauthorization\b/);
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    }
  });

  test.each([
    ["served", 200, {}, true],
    ["refused", 401, {}, false],
    ["told of a wrong configuration", 503, { STRANDLINE_JWT_ISSUER: "" }, true],
  ])("may read that it is %s: %i", async (_what, status, settings, withToken) => {
    const response = await ask("/v1/topics", {
      headers: { origin: ORIGIN },
      settings: { ...LISTED, ...settings },
      ...(withToken ? { token: await tokenOf() } : {}),
    });
    expect([response.status, allowed(response)]).toEqual([status, ORIGIN]);
    expect(response.headers.get("vary")).toContain("Origin");
    expect(response.headers.get("access-control-expose-headers")).toContain("www-authenticate");
  });
});

describe("an origin that is not listed", () => {
  test.each([ORIGIN, "null", "http://localhost:5173", "https://edge.example.evil.example"])(
    "%s gets no leave",
    async (origin) => {
      for (const settings of [
        {},
        { STRANDLINE_ORIGINS: "https://other.example" },
        { STRANDLINE_ORIGINS: "https://*" },
      ]) {
        const headers = { origin };
        expect(allowed(await ask("/v1/topics", { method: "OPTIONS", headers, settings }))).toBeNull();
        expect(allowed(await ask("/v1/topics", { headers, settings, token: await tokenOf() }))).toBeNull();
      }
    },
  );
});

test("where doors are open, no list opens them to every origin", async () => {
  const settings = { STRANDLINE_AUTH: "none", STRANDLINE_ORIGINS: "*" };
  const response = await lockedEdge()("/v1/topics", { headers: { origin: ORIGIN }, settings });
  expect(await errorOf(response)).toMatchObject({ status: 403, code: "FORBIDDEN_ORIGIN" });
  expect(allowed(response)).toBeNull();
});

/** `STRANDLINE_AUTH=hook`: a check of one's own, and what is believed of its answers. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import type { OwnCheck } from "../../edge/auth/own-check.ts";
import type { MetadataAnswer } from "../../shared/api/metadata.ts";
import { hexOf } from "../../shared/producer-identity.ts";
import worker from "../../examples/own-auth/own-auth-worker.ts";
import { lockedEdge, tokenOf, type Ask } from "./credentials.ts";
import { errorOf } from "./edge.ts";

const HOOK = { STRANDLINE_AUTH: "hook" };
const ALICE = { namespace: "acme", principal: "alice", scopes: ["admin"], expiresAtMs: null };

function edgeOf(authenticate: OwnCheck): Ask {
  const ask = lockedEdge({ authenticate });
  return async (path, init = {}) => await ask(path, { ...init, settings: { ...HOOK, ...init.settings } });
}

describe("the answer of one's own check", () => {
  test("says who is calling", async () => {
    const ask = edgeOf(async () => await Promise.resolve(ALICE));
    const answer: MetadataAnswer = await (await ask("/v1/metadata")).json();
    expect(answer).toMatchObject({ namespace: "acme", principal: "alice" });
  });

  test("may be null: nobody", async () => {
    const ask = edgeOf(() => null);
    const none = await ask("/v1/topics");
    expect(none.headers.get("www-authenticate")).toBe("Bearer");
    expect(await errorOf(none)).toMatchObject({ status: 401, check: "missing" });
    const bad = await ask("/v1/topics", { token: "no-good" });
    expect(bad.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    expect(await errorOf(bad)).toMatchObject({ status: 401, check: "own" });
  });

  test("may be of a credential that has expired", async () => {
    const ask = edgeOf(() => ({ ...ALICE, expiresAtMs: Date.now() - 1 }));
    expect(await errorOf(await ask("/v1/topics"))).toMatchObject({ status: 401, check: "expired" });
  });

  test.each([
    [undefined, "namespace"],
    ["alice", "namespace"],
    [{}, "namespace"],
    [{ ...ALICE, namespace: "" }, "namespace"],
    [{ ...ALICE, namespace: "a\u0000" }, "namespace"],
    [{ ...ALICE, principal: 7 }, "principal"],
    [{ ...ALICE, scopes: "admin" }, "scopes"],
    [{ ...ALICE, scopes: [["admin"]] }, "scopes"],
    [{ ...ALICE, expiresAtMs: undefined }, "expiresAtMs"],
    [{ ...ALICE, expiresAtMs: Number.NaN }, "expiresAtMs"],
    [{ ...ALICE, credentialId: "" }, "credentialId"],
    [{ ...ALICE, issuedAtMs: "now" }, "issuedAtMs"],
  ])("%j serves nobody, since its %s is not legal", async (answer, field) => {
    const ask = edgeOf(() => answer as never);
    const error = await errorOf(await ask("/v1/topics"));
    expect(error).toMatchObject({ status: 503, code: "NOT_CONFIGURED" });
    expect(error.message).toContain(field);
  });

  test("is not told of when it throws", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const ask = edgeOf(() => Promise.reject(new Error("no such key: password123")));
    const response = await ask("/v1/topics");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("password123");
    expect(logged.mock.calls.flat().join()).toContain("the hook has thrown");
    expect(logged.mock.calls.flat().join()).not.toContain("password123");
    logged.mockRestore();
  });
});

test("one's own check is asked where the setting says so, and nowhere else", async () => {
  const check = vi.fn(() => ALICE);
  const ask = lockedEdge({ authenticate: check });
  expect((await ask("/v1/topics")).status).toBe(401);
  expect((await ask("/v1/topics", { token: await tokenOf() })).status).toBe(200);
  expect((await ask("/v1/topics", { settings: { STRANDLINE_AUTH: "" } })).status).toBe(503);
  expect((await ask("/healthz", { settings: HOOK })).status).toBe(200);
  expect(check).not.toHaveBeenCalled();
  expect((await ask("/v1/topics", { settings: HOOK })).status).toBe(200);
  expect(check).toHaveBeenCalledTimes(1);
});

describe("examples/own-auth", () => {
  const KEY = "a key that was handed out";

  async function asked(key: string | null): Promise<Response> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(KEY)));
    const API_KEYS = JSON.stringify({ [hexOf(digest)]: { tenant: "acme", name: "billing", scopes: ["admin"] } });
    const headers: Record<string, string> = key === null ? {} : { "x-api-key": key };
    const request = new Request("https://edge.example/v1/metadata", { headers });
    const made = await worker.fetch?.(request as never, { ...env, ...HOOK, API_KEYS }, createExecutionContext());
    if (made === undefined) throw new Error("the example answers nothing");
    return made;
  }

  test("knows the holders of its keys", async () => {
    const answer: MetadataAnswer = await (await asked(KEY)).json();
    expect(answer).toMatchObject({ namespace: "acme", principal: "billing" });
  });

  test.each([null, "", "another key", "__proto__"])("and nobody who sends %j", async (key) => {
    expect((await asked(key)).status).toBe(401);
  });
});

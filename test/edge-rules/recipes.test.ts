/**
 * Hosted identity as `docs/securing.md` sets it up: tokens in the shape that each issuer gives them are taken with the
 * settings that the page shows, and what else those issuers sign is not.
 */
import { EncryptJWT, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { authenticate, makeChecks } from "../../edge/auth/authenticate.ts";
import type { Env } from "../../edge/env.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { ROOT } from "../harness/paths.ts";
import { settingsIn } from "../harness/shell-blocks.ts";

const PAGE = readFileSync(join(ROOT, "docs", "securing.md"), "utf8");
const RECIPES = new Map(
  Array.from(PAGE.matchAll(/^```ini (?<name>[\w-]+)\n(?<text>[\s\S]*?)^```$/gm), ({ groups }) => [
    groups?.["name"] ?? "",
    settingsIn(groups?.["text"] ?? ""),
  ]),
);
const NOW = Math.floor(Date.now() / 1_000);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

type Claims = Readonly<Record<string, unknown>>;
type Verify = (token: string) => Promise<unknown>;

/** The caller, or which check failed. Keys are served at the address of the recipe, and nowhere else. */
function edgeOf(recipe: string, keys: readonly JWK[] = []): Verify {
  const settings = RECIPES.get(recipe);
  if (settings === undefined) throw new Error(`no recipe ${recipe}`);
  const checks = makeChecks({
    fetchKeys: (url) => {
      const isThere = url === settings["STRANDLINE_JWKS_URL"];
      return Promise.resolve(isThere ? Response.json({ keys }) : new Response("", { status: 404 }));
    },
  });
  const env = settings as unknown as Env;
  return async (token) => {
    const request = new Request("https://edge.example/v1/topics", { headers: { authorization: `Bearer ${token}` } });
    try {
      return await authenticate(env, request, checks);
    } catch (thrown) {
      if (thrown instanceof StrandlineError && thrown.code === "SASL_AUTHENTICATION_FAILED")
        return thrown.details["check"];
      throw thrown;
    }
  };
}

async function pairOf(alg: string, kid: string): Promise<{ readonly key: CryptoKey; readonly jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { key: privateKey, jwk: { ...(await exportJWK(publicKey)), alg, kid, use: "sig" } };
}

const READ_ALL = { resourceType: "TOPIC", resourceName: "*", patternType: "LITERAL", operation: "READ" };

test("every recipe of the page is tried here", () => {
  expect([...RECIPES.keys()]).toEqual(["clerk", "supabase", "supabase-legacy", "authjs"]);
});

describe("Clerk", async () => {
  const { key, jwk } = await pairOf("RS256", "ins_2abc");
  const verify = edgeOf("clerk", [jwk]);
  const signed = async (changes: Claims = {}, header: Claims = {}): Promise<string> =>
    await new SignJWT({
      azp: "https://app.example",
      exp: NOW + 60,
      fva: [0, -1],
      iat: NOW,
      iss: "https://clerk.app.example",
      jti: "c8a5d2ab1e",
      nbf: NOW - 10,
      o: { id: "org_2xyz", rol: "member", slg: "acme" },
      sid: "sess_2def",
      sts: "active",
      sub: "user_2ghi",
      v: 2,
      ...changes,
    })
      .setProtectedHeader({ alg: "RS256", cat: "cl_B7d4PD111AAA", kid: "ins_2abc", typ: "JWT", ...header })
      .sign(key);

  test("session tokens are taken", async () => {
    expect(await verify(await signed())).toMatchObject({
      namespace: "org_2xyz",
      principal: "user_2ghi",
      grants: expect.arrayContaining([READ_ALL]) as unknown,
      credentialId: "c8a5d2ab1e",
    });
  });

  test.each([
    ["of another page", { azp: "https://evil.example" }, "audience"],
    ["of no page", { azp: undefined }, "audience"],
    ["of another page with an aud of this one", { azp: undefined, aud: "https://app.example" }, "audience"],
    ["of nobody's organisation", { o: undefined }, "namespace"],
    ["of another instance", { iss: "https://clerk.evil.example" }, "issuer"],
    ["that have expired", { exp: NOW - 60 }, "expired"],
  ])("tokens %s are not", async (_which, changes, check) => {
    expect(await verify(await signed(changes))).toBe(check);
  });
});

const SUPABASE = {
  iss: "https://project.supabase.co/auth/v1",
  sub: "5be5ab16-1ea5-4bd1-9d1e-4d6ba4f8a111",
  aud: "authenticated",
  exp: NOW + 3_600,
  iat: NOW,
  email: "alice@example.com",
  phone: "",
  app_metadata: { provider: "email", providers: ["email"], tenant: "acme", scope: "topic:*:read" },
  user_metadata: { tenant: "globex", scope: "admin" },
  role: "authenticated",
  aal: "aal1",
  amr: [{ method: "password", timestamp: NOW }],
  session_id: "b3b1c3b2-5d3e-4f62-9a55-7d3b0f6d2222",
  is_anonymous: false,
};

describe("Supabase", async () => {
  const { key, jwk } = await pairOf("ES256", "3d1c4a2e");
  const verify = edgeOf("supabase", [jwk]);
  const signed = async (changes: Claims = {}): Promise<string> =>
    await new SignJWT({ ...SUPABASE, ...changes })
      .setProtectedHeader({ alg: "ES256", kid: "3d1c4a2e", typ: "JWT" })
      .sign(key);

  test("access tokens are taken, and what users write of themselves is not heeded", async () => {
    expect(await verify(await signed())).toMatchObject({
      namespace: "acme",
      principal: SUPABASE.sub,
      grants: [READ_ALL],
    });
  });

  test.each([
    ["whose tenant only the user has written", { app_metadata: { provider: "email" } }, "namespace"],
    ["of the anonymous audience", { aud: "anon" }, "audience"],
    ["of another project", { iss: "https://other.supabase.co/auth/v1" }, "issuer"],
  ])("tokens %s are not", async (_which, changes, check) => {
    expect(await verify(await signed(changes))).toBe(check);
  });

  test("nor are tokens with the public key as a secret", async () => {
    const token = new SignJWT(SUPABASE).setProtectedHeader({ alg: "HS256", kid: "3d1c4a2e", typ: "JWT" });
    expect(await verify(await token.sign(bytes(JSON.stringify(jwk))))).toBe("algorithm");
  });
});

describe("Supabase with the legacy secret", () => {
  const verify = edgeOf("supabase-legacy");
  const secret = bytes(RECIPES.get("supabase-legacy")?.["STRANDLINE_JWT_SECRET"] ?? "");
  const signed = async (claims: Claims): Promise<string> =>
    await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);

  test("access tokens are taken", async () => {
    expect(await verify(await signed(SUPABASE))).toMatchObject({ namespace: "acme", principal: SUPABASE.sub });
  });

  test.each(["anon", "service_role"])("the project's key %s is not", async (role) => {
    expect(await verify(await signed({ iss: "supabase", ref: "project", role, iat: NOW, exp: NOW + 9 }))).toBe(
      "issuer",
    );
  });
});

describe("Auth.js", () => {
  const verify = edgeOf("authjs");
  const secret = bytes(RECIPES.get("authjs")?.["STRANDLINE_JWT_SECRET"] ?? "");

  test("tokens as the page's route signs them are taken", async () => {
    const token = await new SignJWT({ scope: "topic:*:read topic:*:write" })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuer("https://app.example")
      .setAudience("strandline")
      .setSubject("clx1")
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(secret);
    expect(await verify(token)).toMatchObject({
      namespace: "app",
      principal: "clx1",
      grants: [READ_ALL, { ...READ_ALL, operation: "WRITE" }],
    });
  });

  test("its encrypted session is not", async () => {
    const session = new EncryptJWT({ name: "Alice", sub: "clx1", iat: NOW, exp: NOW + 9, jti: "a" });
    const token = await session.setProtectedHeader({ alg: "dir", enc: "A256CBC-HS512" }).encrypt(new Uint8Array(64));
    expect(await verify(token)).toBe("form");
  });
});

/** `STRANDLINE_AUTH=jwt`: what a token has to be, and what of it is believed. */
import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from "jose";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { authenticate, makeChecks } from "../../edge/auth/authenticate.ts";
import type { Caller } from "../../edge/auth/caller.ts";
import type { Env } from "../../edge/env.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import {
  bearer,
  ISSUER,
  LOCKED,
  lockedEdge,
  now,
  SECRET,
  tokenOf,
  type Claims,
  type TokenShape,
} from "./credentials.ts";
import { errorOf } from "./edge.ts";

const checks = makeChecks();

async function callerOf(shape: TokenShape, settings: Partial<Env> = {}): Promise<Caller> {
  const request = new Request("https://edge.example/v1/topics", { headers: bearer(await tokenOf(shape)) });
  return await authenticate({ ...LOCKED, ...settings }, request, checks);
}

/** Which check failed; null: none. */
async function checkOf(shape: TokenShape, settings: Partial<Env> = {}): Promise<unknown> {
  try {
    await callerOf(shape, settings);
    return null;
  } catch (thrown) {
    if (!(thrown instanceof StrandlineError) || thrown.code !== "SASL_AUTHENTICATION_FAILED") throw thrown;
    return thrown.details["check"];
  }
}

describe("a good token", () => {
  test("says who is calling, and until when", async () => {
    const exp = now() + 60;
    const claims = {
      sub: "alice",
      namespace: "acme",
      scope: "topic:orders:read openid",
      exp,
      iat: exp - 90,
      jti: "t-1",
    };
    expect(await callerOf({ claims })).toEqual({
      namespace: "acme",
      principal: "alice",
      grants: [{ resourceType: "TOPIC", resourceName: "orders", patternType: "LITERAL", operation: "READ" }],
      expiresAtMs: (exp + 5) * 1_000,
      credentialId: "t-1",
      issuedAtMs: (exp - 90) * 1_000,
    });
  });

  test("is served, and nothing of it is in the answer", async () => {
    const token = await tokenOf();
    const response = await lockedEdge()("/v1/topics", { token });
    expect(response.status).toBe(200);
    expect(await response.text()).not.toContain(token.slice(0, 20));
  });

  test.each([
    [{ sub: undefined }, {}, "principal"],
    [{ sub: "" }, {}, "principal"],
    [{ sub: 7 }, {}, "principal"],
    [{ sub: "a\u0000b" }, {}, "principal"],
    [{ sub: "a\ud800" }, {}, "principal"],
    [{ sub: "x".repeat(256) }, {}, "principal"],
    [{ namespace: undefined }, {}, "namespace"],
    [{ namespace: ["acme"] }, {}, "namespace"],
    [{ namespace: "x".repeat(129) }, {}, "namespace"],
    [{ namespace: "\u0085" }, {}, "namespace"],
    [{ scope: 7 }, {}, "scope"],
    [{ scope: ["admin", 7] }, {}, "scope"],
    [{ jti: "" }, {}, "jti"],
    [{ exp: undefined }, {}, "exp"],
    [{ exp: "soon" }, {}, "exp"],
    [{ iat: now() + 60 }, {}, "iat"],
    [{ nbf: now() + 60 }, {}, "nbf"],
    [{ exp: now() - 6 }, {}, "expired"],
    [{ aud: ["other"] }, {}, "audience"],
    [{ aud: undefined }, {}, "audience"],
    [{ aud: "strandlin" }, {}, "audience"],
    [{ iss: [ISSUER] }, {}, "issuer"],
    [{ iss: undefined }, {}, "issuer"],
    [{ "app.namespace": "acme" }, { STRANDLINE_JWT_NAMESPACE_CLAIM: "app.namespace" }, "namespace"],
    [{}, { STRANDLINE_JWT_NAMESPACE_CLAIM: "constructor.name" }, "namespace"],
    [{}, { STRANDLINE_JWT_NAMESPACE_CLAIM: "__proto__" }, "namespace"],
    [{}, { STRANDLINE_JWT_AUDIENCE_CLAIM: "azp" }, "audience"],
    [{ azp: "strandline" }, { STRANDLINE_JWT_AUDIENCE: "other" }, "audience"],
  ] as [object, Partial<Env>, string][])("with the claims %j under %j is not: %s", async (claims, settings, check) => {
    expect(await checkOf({ claims: claims as Claims }, settings)).toBe(check);
  });

  test.each([
    [{ exp: now() - 1 }, {}],
    [{ exp: 1e300 }, {}],
    [{ iat: now() + 3, nbf: now() + 3 }, {}],
    [{ iat: undefined }, {}],
    [{ aud: ["other", "strandline"] }, {}],
    [{ aud: "b" }, { STRANDLINE_JWT_AUDIENCE: "a, b" }],
    [{ aud: undefined, azp: "strandline" }, { STRANDLINE_JWT_AUDIENCE_CLAIM: "azp" }],
    [{ namespace: undefined }, { STRANDLINE_JWT_NAMESPACE: "acme" }],
    [{ namespace: undefined, app: { tenant: "acme" } }, { STRANDLINE_JWT_NAMESPACE_CLAIM: "app.tenant" }],
    [{ "https://a.example/t": "acme" }, { STRANDLINE_JWT_NAMESPACE_CLAIM: "https://a.example/t" }],
    [{ sub: 7, email: "alice" }, { STRANDLINE_JWT_PRINCIPAL_CLAIM: "email" }],
    [{ scope: undefined, roles: ["admin"] }, { STRANDLINE_JWT_SCOPE_CLAIM: "roles" }],
    [{ scope: null }, { STRANDLINE_DEFAULT_SCOPES: "admin" }],
  ] as [object, Partial<Env>][])("may have the claims %j under %j", async (claims, settings) => {
    const caller = await callerOf({ claims: claims as Claims }, settings);
    expect(caller).toMatchObject({ namespace: "acme", principal: "alice", grants: "all" });
    expect(Number.isSafeInteger(caller.expiresAtMs)).toBe(true);
  });

  test("has the default scopes besides its own", async () => {
    const settings = { STRANDLINE_DEFAULT_SCOPES: "topic:app-*:read  cluster:describe" };
    const { grants } = await callerOf({ claims: { scope: "topic:orders:write" } }, settings);
    expect(grants).toEqual([
      { resourceType: "TOPIC", resourceName: "orders", patternType: "LITERAL", operation: "WRITE" },
      { resourceType: "TOPIC", resourceName: "app-", patternType: "PREFIXED", operation: "READ" },
      { resourceType: "CLUSTER", resourceName: "kafka-cluster", patternType: "LITERAL", operation: "DESCRIBE" },
    ]);
  });
});

describe("the header of a token", () => {
  test.each([
    [{ typ: undefined }, {}, "typ"],
    [{ typ: "at+jwt" }, {}, "typ"],
    [{ typ: "JWT" }, { STRANDLINE_JWT_TYP: "at+jwt" }, "typ"],
    [{ typ: "JWT" }, { STRANDLINE_JWT_TYP: "none" }, "typ"],
    [{ crit: ["b64"], b64: true }, {}, "crit"],
  ] as [object, Partial<Env>, string][])("%j is refused under %j: %s", async (header, settings, check) => {
    expect(await checkOf({ header: header as Record<string, unknown> }, settings)).toBe(check);
  });

  test.each([
    [{ typ: "at+jwt" }, { STRANDLINE_JWT_TYP: "at+jwt" }],
    [{ typ: "application/at+jwt" }, { STRANDLINE_JWT_TYP: "at+jwt" }],
    [{ typ: undefined }, { STRANDLINE_JWT_TYP: "none" }],
    [{ jku: "https://evil.example/keys", x5u: "https://evil.example/chain", kid: "../../etc" }, {}],
  ] as [object, Partial<Env>][])("%j is taken under %j", async (header, settings) => {
    expect(await checkOf({ header: header as Record<string, unknown> }, settings)).toBeNull();
  });
});

describe("keys of an issuer", () => {
  const pairs = new Map<string, { privateKey: CryptoKey; publicKey: CryptoKey }>();
  let keys: JWK[] = [];
  const KEYED = { STRANDLINE_JWT_SECRET: "", STRANDLINE_JWKS_URL: "https://issuer.example/keys" };
  beforeAll(async () => {
    for (const alg of ["RS256", "ES256", "EdDSA"]) pairs.set(alg, await generateKeyPair(alg, { extractable: true }));
    keys = await Promise.all(
      Array.from(pairs, async ([alg, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
    );
  });
  const served = (): Response => Response.json({ keys });
  const signed = async (alg: string, shape: TokenShape = {}): Promise<string> => {
    const pair = pairs.get(alg);
    if (pair === undefined) throw new Error(alg);
    return await tokenOf({ key: pair.privateKey, ...shape, header: { alg, kid: alg, ...shape.header } });
  };

  test.each(["RS256", "ES256", "EdDSA"])(
    "that sign with %s are asked for once, at the address that is set",
    async (alg) => {
      const fetchKeys = vi.fn(async (url: string) => (url === KEYED.STRANDLINE_JWKS_URL ? served() : Response.error()));
      const ask = lockedEdge({ fetchKeys });
      for (const sub of ["alice", "bob"]) {
        const token = await signed(alg, { claims: { sub }, header: { jku: "https://evil.example/keys" } });
        expect((await ask("/v1/topics", { token, settings: KEYED })).status).toBe(200);
      }
      expect(fetchKeys).toHaveBeenCalledTimes(1);
    },
  );

  test("are none of a token's own: neither its jwk nor its key as a secret", async () => {
    const ask = lockedEdge({ fetchKeys: async () => served() });
    const stranger = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(stranger.publicKey);
    const forged = await signed("ES256", { key: stranger.privateKey, header: { jwk } });
    const swapped = await tokenOf({ key: new TextEncoder().encode(JSON.stringify(keys[0])), header: { kid: "RS256" } });
    const unknown = await signed("ES256", { header: { kid: "other" } });
    const checked = await Promise.all(
      [forged, swapped, unknown].map(
        async (token) => await errorOf(await ask("/v1/topics", { token, settings: KEYED })),
      ),
    );
    expect(checked.map(({ status, ["check"]: check }) => [status, check])).toEqual([
      [401, "signature"],
      [401, "algorithm"],
      [401, "key"],
    ]);
  });

  test("are narrowed to the algorithms that are set", async () => {
    const settings = { ...KEYED, STRANDLINE_JWT_ALGORITHMS: "ES256, EdDSA" };
    const ask = lockedEdge({ fetchKeys: async () => served() });
    const rsa = await ask("/v1/topics", { token: await signed("RS256"), settings });
    expect(await errorOf(rsa)).toMatchObject({ status: 401, check: "algorithm" });
    expect((await ask("/v1/topics", { token: await signed("EdDSA"), settings })).status).toBe(200);
  });

  test("that cannot be had are the edge's trouble, and the issuer is left alone for a moment", async () => {
    const failures = [() => Promise.reject(new Error("no way")), async () => new Response("", { status: 500 })];
    for (const fail of [...failures, async () => new Response("{"), async () => Response.json({ keys: 1 })]) {
      const fetchKeys = vi.fn(fail);
      const ask = lockedEdge({ fetchKeys });
      for (let time = 0; time < 3; time += 1) {
        const response = await ask("/v1/topics", { token: await signed("RS256"), settings: KEYED });
        expect(response.headers.get("www-authenticate")).toBeNull();
        expect(await errorOf(response)).toMatchObject({ status: 503, code: "ISSUER_UNAVAILABLE", retriable: true });
      }
      expect(fetchKeys).toHaveBeenCalledTimes(1);
    }
  });
});

describe("settings", () => {
  const SETTINGS: [Partial<Env>, string][] = [
    [{ STRANDLINE_JWT_SECRET: "" }, "STRANDLINE_JWT_SECRET"],
    [{ STRANDLINE_JWT_SECRET: "x".repeat(31) }, "STRANDLINE_JWT_SECRET"],
    [{ STRANDLINE_JWKS_URL: "https://issuer.example/keys" }, "STRANDLINE_JWT_SECRET"],
    [{ STRANDLINE_JWT_ISSUER: " " }, "STRANDLINE_JWT_ISSUER"],
    [{ STRANDLINE_JWT_AUDIENCE: "" }, "STRANDLINE_JWT_AUDIENCE"],
    [{ STRANDLINE_JWT_ALGORITHMS: "none" }, "STRANDLINE_JWT_ALGORITHMS"],
    [{ STRANDLINE_JWT_ALGORITHMS: "HS256,RS256" }, "STRANDLINE_JWT_ALGORITHMS"],
    [{ STRANDLINE_JWT_NAMESPACE: "a", STRANDLINE_JWT_NAMESPACE_CLAIM: "b" }, "STRANDLINE_JWT_NAMESPACE"],
    [{ STRANDLINE_JWT_NAMESPACE: "a\nb" }, "STRANDLINE_JWT_NAMESPACE"],
    [{ STRANDLINE_JWT_NAMESPACE_CLAIM: "user_metadata.tenant" }, "STRANDLINE_JWT_NAMESPACE_CLAIM"],
    [{ STRANDLINE_JWT_SCOPE_CLAIM: "unsafe_metadata.scope" }, "STRANDLINE_JWT_SCOPE_CLAIM"],
    [{ STRANDLINE_JWT_PRINCIPAL_CLAIM: "a..b" }, "STRANDLINE_JWT_PRINCIPAL_CLAIM"],
    ...["http://issuer.example/keys", "issuer.example", "https://a:b@issuer.example/", "data:,x"].map(
      (url): [Partial<Env>, string] => [{ STRANDLINE_JWT_SECRET: "", STRANDLINE_JWKS_URL: url }, "STRANDLINE_JWKS_URL"],
    ),
    [{ STRANDLINE_AUTH: "hook" }, "STRANDLINE_AUTH"],
    [{ STRANDLINE_AUTH: "JWT" }, "STRANDLINE_AUTH"],
  ];

  test.each(SETTINGS)("%j serve nobody, and %s is named", async (settings, setting) => {
    const ask = lockedEdge();
    const token = await tokenOf();
    for (let time = 0; time < 2; time += 1) {
      const error = await errorOf(await ask("/v1/topics", { token, settings }));
      expect(error).toMatchObject({ status: 503, code: "NOT_CONFIGURED", retriable: false, setting });
      expect(error.message).toContain(setting);
      expect(error.message).not.toContain(SECRET.slice(0, 12));
    }
    expect((await ask("/healthz", { settings })).status).toBe(200);
  });

  test("that change are the only ones that count: a token that was good by others is checked again", async () => {
    const ask = lockedEdge();
    const token = await tokenOf();
    expect((await ask("/v1/topics", { token })).status).toBe(200);
    const settings = { STRANDLINE_JWT_SECRET: "another secret, which is long enough too" };
    expect(await errorOf(await ask("/v1/topics", { token, settings }))).toMatchObject({
      status: 401,
      check: "signature",
    });
    expect((await ask("/v1/topics", { token })).status).toBe(200);
  });
});

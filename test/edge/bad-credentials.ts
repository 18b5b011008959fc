/** Every way in which a credential can be bad, and the check that it fails. */
import { exportJWK, exportSPKI, generateKeyPair, base64url, type CryptoKey } from "jose";
import type { Env } from "../../edge/env.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { bearer, now, tokenOf, type Claims } from "./credentials.ts";

export interface BadCredential {
  readonly name: string;
  readonly check: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Appended to the address. */
  readonly query?: string;
  /** The edge takes tokens of a key set. */
  readonly settings?: Partial<Env>;
}

export const KEY_SET: Partial<Env> = {
  STRANDLINE_JWT_SECRET: "",
  STRANDLINE_JWKS_URL: "https://issuer.example/keys",
};
const issuer = await generateKeyPair("RS256", { extractable: true });
const stranger = await generateKeyPair("RS256", { extractable: true });
const publicJwk = { ...(await exportJWK(issuer.publicKey)), kid: "one", alg: "RS256" };

export function keySet(): Response {
  return Response.json({ keys: [publicJwk] });
}

/** A good one for the edge of a key set. */
export async function keyedToken(key: CryptoKey = issuer.privateKey, header: object = {}): Promise<string> {
  return await tokenOf({ key, header: { alg: "RS256", kid: "one", ...header } });
}

const good = await tokenOf();
const goodKeyed = await keyedToken();
const [head = "", payload = "", signature = ""] = good.split(".");

function part(value: unknown): string {
  return base64url.encode(JSON.stringify(value));
}

async function claiming(name: string, check: string, claims: Claims): Promise<BadCredential> {
  return { name, check, headers: bearer(await tokenOf({ claims })) };
}

function sent(name: string, check: string, token: string, settings?: Partial<Env>): BadCredential {
  return { name, check, headers: bearer(token), ...(settings === undefined ? {} : { settings }) };
}

/** The public key, in every form that a careless edge might take for a secret. */
const asSecrets: readonly (readonly [string, Uint8Array])[] = [
  ["PEM", bytesOf(await exportSPKI(issuer.publicKey))],
  ["DER", new Uint8Array((await crypto.subtle.exportKey("spki", issuer.publicKey)) as ArrayBuffer)],
  ["JWK", bytesOf(JSON.stringify(publicJwk))],
  ["modulus", base64url.decode(publicJwk.n ?? "")],
];

export const BAD_CREDENTIALS: readonly BadCredential[] = [
  { name: "none", check: "missing", headers: {} },
  { name: "none, a cookie instead", check: "missing", headers: { cookie: `token=${good}; authorization=${good}` } },
  ...["access_token", "token", "authorization", "jwt"].map((name) => ({
    name: `none, ?${name}= instead`,
    check: "missing",
    headers: {},
    query: `${name}=${good}`,
  })),
  { name: "Basic", check: "scheme", headers: { authorization: `Basic ${btoa("alice:admin")}` } },
  { name: "Basic with a good token", check: "scheme", headers: { authorization: `Basic ${good}` } },
  { name: "a token without its scheme", check: "scheme", headers: { authorization: good } },
  { name: "two tokens", check: "scheme", headers: { authorization: `Bearer ${good}, Bearer ${good}` } },
  { name: "an empty token", check: "scheme", headers: { authorization: "Bearer " } },
  sent("garbage", "form", "garbage"),
  sent("garbage in three parts", "form", "a.b.c"),
  sent("a head that is no object", "form", `${part("x")}.${payload}.${signature}`),
  sent("an encrypted token", "form", `${part({ alg: "dir", enc: "A256GCM" })}..a.b.c`),
  sent("an oversized token", "size", `${head}.${"x".repeat(9_000)}.${signature}`),
  sent("alg: none", "algorithm", `${part({ alg: "none", typ: "JWT" })}.${payload}.`),
  sent("alg: None", "algorithm", `${part({ alg: "None", typ: "JWT" })}.${payload}.`),
  sent("alg: none with a signature", "algorithm", `${part({ alg: "none", typ: "JWT" })}.${payload}.${signature}`),
  sent("no alg", "algorithm", `${part({ typ: "JWT" })}.${payload}.${signature}`),
  sent("an alg of another kind", "algorithm", `${part({ alg: ["HS256"], typ: "JWT" })}.${payload}.${signature}`),
  sent("HS512", "algorithm", await tokenOf({ header: { alg: "HS512" }, key: new Uint8Array(64) })),
  sent("RS256 to an edge with a secret", "algorithm", goodKeyed),
  sent("no signature", "signature", `${head}.${payload}.`),
  sent("half a signature", "signature", `${head}.${payload}.${signature.slice(0, 20)}`),
  sent(
    "another payload",
    "signature",
    `${head}.${part({ sub: "root", namespace: "acme", scope: "admin" })}.${signature}`,
  ),
  sent("another secret", "signature", await tokenOf({ key: bytesOf("a secret that somebody else has chosen") })),
  sent("a secret of zeros", "signature", await tokenOf({ key: new Uint8Array(32) })),
  sent("no typ", "typ", await tokenOf({ header: { typ: undefined } })),
  sent("another typ", "typ", await tokenOf({ header: { typ: "secevent+jwt" } })),
  sent(
    "a critical extension",
    "crit",
    `${part({ alg: "HS256", typ: "JWT", crit: ["x"], x: 1 })}.${payload}.${signature}`,
  ),
  await claiming("expired", "expired", { exp: now() - 60 }),
  await claiming("without an end", "exp", { exp: undefined }),
  await claiming("not yet valid", "nbf", { nbf: now() + 600 }),
  await claiming("issued later", "iat", { iat: now() + 600 }),
  await claiming("another audience", "audience", { aud: "another" }),
  await claiming("without an audience", "audience", { aud: undefined }),
  await claiming("another issuer", "issuer", { iss: "https://evil.example" }),
  await claiming("without an issuer", "issuer", { iss: undefined }),
  await claiming("without a principal", "principal", { sub: undefined }),
  await claiming("without a namespace", "namespace", { namespace: undefined }),
  ...(await Promise.all(
    asSecrets.map(async ([form, key]) =>
      sent(`HS256 with the public key (${form})`, "algorithm", await tokenOf({ key, header: { kid: "one" } }), KEY_SET),
    ),
  )),
  sent("a key that it brings along", "signature", await keyedToken(stranger.privateKey, { jwk: publicJwk }), KEY_SET),
  sent("a key of no key set", "key", await keyedToken(stranger.privateKey, { kid: "two" }), KEY_SET),
];

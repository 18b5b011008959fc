/** Tokens as an issuer signs them, good and bad, and an edge whose doors are locked. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { createApp, type AppOptions } from "../../edge/app.ts";
import type { Env } from "../../edge/env.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { checkAnswer } from "./answer-check.ts";

export const SECRET = "kept by the tests alone, longer than 32 bytes";
export const ISSUER = "https://issuer.example";
export const AUDIENCE = "strandline";

export const LOCKED: Env = {
  ...env,
  STRANDLINE_AUTH: "jwt",
  STRANDLINE_JWT_SECRET: SECRET,
  STRANDLINE_JWT_ISSUER: ISSUER,
  STRANDLINE_JWT_AUDIENCE: AUDIENCE,
};

/** Seconds since 1970. */
export function now(): number {
  return Math.floor(Date.now() / 1_000);
}

/** Whatever anybody might put there; what is undefined is left out. */
export type Claims = Readonly<Record<string, unknown>>;

export interface TokenShape {
  readonly claims?: Claims;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: Parameters<SignJWT["sign"]>[0];
}

/** Good unless told otherwise: of alice, who may do everything in the namespace `acme`. */
export async function tokenOf({ claims, header, key = bytesOf(SECRET) }: TokenShape = {}): Promise<string> {
  const payload = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: "alice",
    namespace: "acme",
    scope: "admin",
    iat: now(),
    exp: now() + 300,
    ...claims,
  };
  return await new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ: "JWT", ...header }).sign(key);
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

export interface LockedInit extends RequestInit {
  readonly token?: string;
  readonly settings?: Partial<Env>;
}

export type Ask = (path: string, init?: LockedInit) => Promise<Response>;

/** An edge of its own, which has seen no token yet. What is answered is held against what `/openapi.json` says of it. */
export function lockedEdge(options: AppOptions = {}): Ask {
  const app = createApp(options);
  return async (path, { token, settings, headers, ...init } = {}) => {
    const response = await app.request(
      `https://edge.example${path}`,
      { ...init, headers: { ...(headers as Record<string, string>), ...(token === undefined ? {} : bearer(token)) } },
      { ...LOCKED, ...settings },
      createExecutionContext(),
    );
    await checkAnswer({ method: init.method ?? "GET", path }, response);
    return response;
  };
}

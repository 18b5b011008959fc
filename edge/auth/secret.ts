/**
 * The edge's own secret, and the keys that are made of it: one for each purpose, so that what is signed for one is
 * nothing to another. A new secret ends what was signed under the old one.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import type { Env } from "../env.ts";

export type Purpose = "ticket" | "member-id" | "ingest-key";

const BYTES_MIN = 32;
/** Where the doors are open there is nothing to forge one's way into. */
const OPEN_DOORS = "the doors are open and this secret is known to all";
const KEYS_MAX = 16;

const keys = new Map<string, Promise<CryptoKey>>();

/** HMAC-SHA-256. Throws `NOT_CONFIGURED`. */
export async function macKey(env: Env, purpose: Purpose): Promise<CryptoKey> {
  const { secret, source } = secretOf(env);
  const name = JSON.stringify([purpose, source, secret]);
  const known = keys.get(name);
  if (known !== undefined) return await known;
  if (keys.size >= KEYS_MAX) keys.clear();
  const made = derived(secret, `strandline ${source} ${purpose}`);
  keys.set(name, made);
  return await made;
}

interface Secret {
  readonly secret: string;
  /** What it is besides, if anything: a key that is made of the tokens' secret is not made of the edge's own. */
  readonly source: "secret" | "jwt-secret" | "open-doors";
}

function secretOf(env: Env): Secret {
  const { STRANDLINE_SECRET: own, STRANDLINE_JWT_SECRET: tokens } = env;
  if (own !== undefined && own !== "") return { secret: long(own, "STRANDLINE_SECRET"), source: "secret" };
  if (tokens !== undefined && tokens !== "")
    return { secret: long(tokens, "STRANDLINE_JWT_SECRET"), source: "jwt-secret" };
  if (env.STRANDLINE_AUTH === "none") return { secret: OPEN_DOORS, source: "open-doors" };
  throw wrong("STRANDLINE_SECRET", `is not set; it takes ${BYTES_MIN} random bytes or more`);
}

function long(secret: string, setting: string): string {
  if (bytesOf(secret).length >= BYTES_MIN) return secret;
  throw wrong(setting, `is shorter than ${BYTES_MIN} bytes`);
}

function wrong(setting: string, said: string): StrandlineError {
  return new StrandlineError("NOT_CONFIGURED", `${setting} ${said}`, { setting });
}

async function derived(secret: string, info: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", bytesOf(secret), "HKDF", false, ["deriveKey"]);
  const salt = new Uint8Array();
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info: bytesOf(info) };
  const mac = { name: "HMAC", hash: "SHA-256", length: 256 };
  return await crypto.subtle.deriveKey(algorithm, base, mac, false, ["sign", "verify"]);
}

/** The settings of `STRANDLINE_AUTH=jwt`, checked as a whole before any token is looked at. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import type { Env } from "../env.ts";
import type { Caller } from "./caller.ts";
import { claimPath, type ClaimPath } from "./claim-path.ts";
import { isNamespace } from "./names.ts";
import { isLocal } from "./open-doors.ts";
import { grantsOf, scopesIn } from "./scopes.ts";

export type IssuerKeys =
  | { readonly secret: Uint8Array; readonly jwksUrl: null }
  | { readonly secret: null; readonly jwksUrl: URL };

export interface JwtSettings {
  readonly keys: IssuerKeys;
  readonly algorithms: readonly string[];
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly audienceClaim: string;
  /** Null: tokens state none. */
  readonly typ: string | null;
  readonly principalClaim: ClaimPath;
  /** Text: it is the same for every token. */
  readonly namespace: string | ClaimPath;
  readonly scopeClaim: ClaimPath;
  /** Every principal's. */
  readonly defaultGrants: Caller["grants"];
}

type Setting = Extract<keyof Env, `STRANDLINE_JW${string}` | "STRANDLINE_DEFAULT_SCOPES">;

/** All of them, or the compiler says so: what is kept by settings is kept by these. */
const EVERY_SETTING: Readonly<Record<Setting, true>> = {
  STRANDLINE_JWT_SECRET: true,
  STRANDLINE_JWKS_URL: true,
  STRANDLINE_JWT_ALGORITHMS: true,
  STRANDLINE_JWT_ISSUER: true,
  STRANDLINE_JWT_AUDIENCE: true,
  STRANDLINE_JWT_AUDIENCE_CLAIM: true,
  STRANDLINE_JWT_TYP: true,
  STRANDLINE_JWT_PRINCIPAL_CLAIM: true,
  STRANDLINE_JWT_NAMESPACE_CLAIM: true,
  STRANDLINE_JWT_NAMESPACE: true,
  STRANDLINE_JWT_SCOPE_CLAIM: true,
  STRANDLINE_DEFAULT_SCOPES: true,
};
export const JWT_SETTINGS: readonly Setting[] = Object.keys(EVERY_SETTING) as Setting[];

const SECRET_BYTES_MIN = 32;
const SECRET_ALGORITHMS = ["HS256"];
const KEY_SET_ALGORITHMS = ["RS256", "ES256", "EdDSA"];
/** What hosted identity lets users write themselves: nothing that decides may come from there. */
const USERS_OWN = new Set(["user_metadata", "unsafe_metadata"]);

/** Throws `NOT_CONFIGURED`, which names the setting and never its value. */
export function jwtSettingsOf(env: Env): JwtSettings {
  const keys = keysOf(env);
  return {
    keys,
    algorithms: algorithmsOf(env, keys.secret === null ? KEY_SET_ALGORITHMS : SECRET_ALGORITHMS),
    issuer: demanded(env, "STRANDLINE_JWT_ISSUER", "the iss of your tokens"),
    audiences: audiencesOf(env),
    audienceClaim: claimName(env, "STRANDLINE_JWT_AUDIENCE_CLAIM", "aud"),
    typ: typOf(env),
    principalClaim: claimPath(claimName(env, "STRANDLINE_JWT_PRINCIPAL_CLAIM", "sub")),
    namespace: namespaceOf(env),
    scopeClaim: claimPath(claimName(env, "STRANDLINE_JWT_SCOPE_CLAIM", "scope")),
    defaultGrants: grantsOf(scopesIn(stated(env, "STRANDLINE_DEFAULT_SCOPES") ?? "")),
  };
}

function keysOf(env: Env): IssuerKeys {
  // Not trimmed: every byte of a secret counts.
  const secret = env.STRANDLINE_JWT_SECRET ?? "";
  const url = stated(env, "STRANDLINE_JWKS_URL");
  if (secret !== "" && url !== null)
    throw wrong("STRANDLINE_JWT_SECRET", "is set besides STRANDLINE_JWKS_URL: set one of them");
  if (url !== null) return { secret: null, jwksUrl: keySetUrl(url) };
  const one = `a secret of at least ${SECRET_BYTES_MIN} bytes`;
  if (secret === "") throw wrong("STRANDLINE_JWT_SECRET", `is not set: set it to ${one}, or set STRANDLINE_JWKS_URL`);
  const bytes = bytesOf(secret);
  if (bytes.length < SECRET_BYTES_MIN) throw wrong("STRANDLINE_JWT_SECRET", `is too short: set it to ${one}`);
  return { secret: bytes, jwksUrl: null };
}

function keySetUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isFit =
    url !== null &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLocal(url.hostname))) &&
    url.username === "" &&
    url.password === "";
  if (!isFit) throw wrong("STRANDLINE_JWKS_URL", "is not an https address: set it to that of your issuer's key set");
  return url;
}

function algorithmsOf(env: Env, possible: readonly string[]): readonly string[] {
  const narrowed = listed(env, "STRANDLINE_JWT_ALGORITHMS");
  if (narrowed === null) return possible;
  if (narrowed.some((one) => !possible.includes(one)))
    throw wrong(
      "STRANDLINE_JWT_ALGORITHMS",
      `names what does not go with the key: set it to some of ${possible.join(", ")}`,
    );
  return narrowed;
}

function audiencesOf(env: Env): readonly string[] {
  demanded(env, "STRANDLINE_JWT_AUDIENCE", "the aud of your tokens, or several separated by commas");
  return listed(env, "STRANDLINE_JWT_AUDIENCE") ?? [];
}

function typOf(env: Env): string | null {
  const typ = stated(env, "STRANDLINE_JWT_TYP") ?? "JWT";
  return typ === "none" ? null : typ;
}

function namespaceOf(env: Env): string | ClaimPath {
  const fixed = stated(env, "STRANDLINE_JWT_NAMESPACE");
  if (fixed === null) return claimPath(claimName(env, "STRANDLINE_JWT_NAMESPACE_CLAIM", "namespace"));
  if (stated(env, "STRANDLINE_JWT_NAMESPACE_CLAIM") !== null)
    throw wrong("STRANDLINE_JWT_NAMESPACE", "is set besides STRANDLINE_JWT_NAMESPACE_CLAIM: set one of them");
  if (!isNamespace(fixed))
    throw wrong("STRANDLINE_JWT_NAMESPACE", "is no name: set it to text of at most 128 characters");
  return fixed;
}

function claimName(env: Env, setting: Setting, otherwise: string): string {
  const name = stated(env, setting) ?? otherwise;
  const path = claimPath(name);
  if (path.includes("")) throw wrong(setting, "is no name of a claim");
  if (path.some((part) => USERS_OWN.has(part)))
    throw wrong(setting, "names a claim that users may write themselves: set it to one that the issuer alone writes");
  return name;
}

function listed(env: Env, setting: Setting): readonly string[] | null {
  const items = (stated(env, setting) ?? "").split(",").map((one) => one.trim());
  const found = items.filter((one) => one !== "");
  return found.length === 0 ? null : found;
}

function demanded(env: Env, setting: Setting, what: string): string {
  const text = stated(env, setting);
  if (text === null) throw wrong(setting, `is not set: set it to ${what}`);
  return text;
}

/** An empty setting is none. */
function stated(env: Env, setting: Setting): string | null {
  const text = (env[setting] ?? "").trim();
  return text === "" ? null : text;
}

function wrong(setting: Setting, said: string): StrandlineError {
  return new StrandlineError("NOT_CONFIGURED", `${setting} ${said}`, { setting });
}

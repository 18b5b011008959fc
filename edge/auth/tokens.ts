/** `STRANDLINE_AUTH=jwt`: callers by the bearer token of their requests. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import type { Caller } from "./caller.ts";
import type { FetchKeys } from "./issuer-keys.ts";
import { JWT_SETTINGS, jwtSettingsOf } from "./jwt-settings.ts";
import { refused } from "./refusal.ts";
import { TokenCache } from "./token-cache.ts";
import { TokenVerifier } from "./token-verifier.ts";

const TOKEN_CHARS_MAX = 8_192;
const BEARER = /^Bearer +(?<token>\S+) *$/i;
/** An isolate has one env; more are a test's. */
const DOORS_MAX = 100;

/** What is checked by the same settings: a token is never good by the settings of before. */
interface Door {
  readonly verifier: TokenVerifier;
  readonly known: TokenCache;
}

export class Tokens {
  readonly #clock: Clock;
  readonly #fetchKeys: FetchKeys;
  readonly #byEnv = new WeakMap<Env, Door | StrandlineError>();
  readonly #bySettings = new Map<string, Door | StrandlineError>();

  constructor(clock: Clock, fetchKeys: FetchKeys) {
    this.#clock = clock;
    this.#fetchKeys = fetchKeys;
  }

  /** Throws or rejects with `NOT_CONFIGURED`, `SASL_AUTHENTICATION_FAILED`, `ISSUER_UNAVAILABLE`. */
  caller(env: Env, request: Request): Caller | Promise<Caller> {
    const door = this.#doorOf(env);
    if (door instanceof StrandlineError) throw door;
    const token = bearerToken(request);
    return door.known.get(token) ?? verified(door, token);
  }

  #doorOf(env: Env): Door | StrandlineError {
    const known = this.#byEnv.get(env);
    if (known !== undefined) return known;
    const key = JSON.stringify(JWT_SETTINGS.map((name) => env[name] ?? null));
    const door = this.#bySettings.get(key) ?? this.#made(env);
    if (this.#bySettings.size >= DOORS_MAX) this.#bySettings.clear();
    this.#bySettings.set(key, door);
    this.#byEnv.set(env, door);
    return door;
  }

  #made(env: Env): Door | StrandlineError {
    try {
      const settings = jwtSettingsOf(env);
      const verifier = new TokenVerifier(settings, this.#clock, this.#fetchKeys);
      return { verifier, known: new TokenCache(this.#clock) };
    } catch (thrown) {
      if (thrown instanceof StrandlineError) return thrown;
      throw thrown;
    }
  }
}

async function verified({ verifier, known }: Door, token: string): Promise<Caller> {
  const caller = await verifier.verify(token);
  known.put(token, caller);
  return caller;
}

/** From the one header and nowhere else: addresses end up in logs and histories. */
function bearerToken(request: Request): string {
  const header = request.headers.get("authorization");
  if (header === null) throw refused("missing");
  if (header.length > TOKEN_CHARS_MAX + "Bearer ".length) throw refused("size");
  const token = BEARER.exec(header)?.groups?.["token"];
  if (token === undefined) throw refused("scheme");
  return token;
}

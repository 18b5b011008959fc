/**
 * The tokens of `auth`, which runs on the page: asked for when one is needed and not before, kept until shortly before
 * it expires, and asked for again when the edge refuses it. A device that was offline for days asks once, when it is
 * back.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { TransportRequest } from "./transport.ts";

const ASK_MS_MAX = 30_000;
/** A token that ends while its request is under way would be refused. */
const EARLY_MS = 30_000;

export class TokenSource {
  readonly #ask: () => Promise<string>;
  readonly #clock: Clock;
  #token: string | null = null;
  /** Of the token, by its own word. Null: it has none, or only the edge's refusal can tell. */
  #expiresAtMs: number | null = null;
  #asking: Promise<string> | null = null;

  constructor(ask: () => Promise<string>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Rejects with `SASL_AUTHENTICATION_FAILED` where `auth` throws, answers no token, or does not answer. */
  async current(): Promise<string> {
    if (this.#token !== null && !this.#isEnding(this.#expiresAtMs)) return this.#token;
    this.#asking ??= this.#renewed().finally(() => (this.#asking = null));
    return await this.#asking;
  }

  /** As `current`, for as long as the request may last. `auth` may take its time, and others wait for it as well. */
  async for({ method, path, timeoutMs, signal }: TransportRequest): Promise<string> {
    const over = new AbortController();
    const ended = (code: "CLOSED" | "REQUEST_TIMED_OUT") =>
      new StrandlineError(code, `${method} ${path} had no token yet`);
    const calledOff = new Promise<never>((_, reject) => {
      const giveUp = (): void => reject(ended("CLOSED"));
      if (signal?.aborted === true) giveUp();
      signal?.addEventListener("abort", giveUp, { once: true, signal: over.signal });
      void this.#clock.sleep(timeoutMs, over.signal).then(() => reject(ended("REQUEST_TIMED_OUT")));
    });
    return await Promise.race([this.current(), calledOff]).finally(() => over.abort());
  }

  /** The edge did not take it. */
  refused(token: string): void {
    if (this.#token === token) this.#token = null;
  }

  async #renewed(): Promise<string> {
    const timer = new AbortController();
    const late = this.#clock.sleep(ASK_MS_MAX, timer.signal).then(() => {
      throw noToken(`auth did not answer within ${ASK_MS_MAX} ms`);
    });
    // A timer that was called off ends as well, and nobody looks at it.
    late.catch(() => undefined);
    try {
      const token: unknown = await Promise.race([this.#ask(), late]);
      if (typeof token !== "string" || token === "") throw noToken("auth answered no token");
      const expiresAtMs = expiryOf(token);
      this.#token = token;
      // A clock that is ahead has every token over at once, and would have each request ask for one.
      this.#expiresAtMs = this.#isEnding(expiresAtMs) ? null : expiresAtMs;
      return token;
    } catch (cause) {
      throw cause instanceof StrandlineError && cause.code === "SASL_AUTHENTICATION_FAILED"
        ? cause
        : noToken("auth failed", cause);
    } finally {
      timer.abort();
    }
  }

  #isEnding(expiresAtMs: number | null): boolean {
    return expiresAtMs !== null && expiresAtMs - EARLY_MS <= this.#clock.now();
  }
}

/** Of a JWT that says so. Not checked here: the edge decides what a token is worth. */
function expiryOf(token: string): number | null {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { exp } = JSON.parse(atob(payload)) as { readonly exp?: unknown };
    return typeof exp === "number" ? exp * 1_000 : null;
  } catch {
    return null;
  }
}

function noToken(said: string, cause?: unknown): StrandlineError {
  return new StrandlineError("SASL_AUTHENTICATION_FAILED", said, {}, cause);
}

/** Tokens that were found good, in the memory of one isolate, so that a busy caller's signature is not checked each time. */
import type { Clock } from "../../shared/clock.ts";
import type { Caller } from "./caller.ts";

const KEPT_MS = 60_000;
/** Of all tokens together. */
const CHARS_MAX = 2 ** 22;

interface Entry {
  readonly caller: Caller;
  readonly fromMs: number;
  readonly untilMs: number;
}

export class TokenCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #chars = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: it is to be checked. A clock that was set back makes an entry old, not young. */
  get(token: string): Caller | undefined {
    const entry = this.#entries.get(token);
    if (entry === undefined) return undefined;
    const now = this.#clock.now();
    if (now >= entry.fromMs && now < entry.untilMs) return entry.caller;
    this.#drop(token);
    return undefined;
  }

  put(token: string, caller: Caller): void {
    const fromMs = this.#clock.now();
    this.#drop(token);
    this.#entries.set(token, { caller, fromMs, untilMs: Math.min(fromMs + KEPT_MS, caller.expiresAtMs ?? Infinity) });
    this.#chars += token.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#chars <= CHARS_MAX) break;
      this.#drop(oldest);
    }
  }

  #drop(token: string): void {
    if (this.#entries.delete(token)) this.#chars -= token.length;
  }
}

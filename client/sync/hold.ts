/**
 * A pause that a loop keeps. After a failure, a hint ends it early; new work does not, or appends would hammer an edge in
 * trouble. What the edge has asked for is kept to its end: whoever comes back before is refused, and in the end cut off.
 */
import type { Clock } from "../../shared/clock.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";

/** However long an edge asks for, it is asked again after this: it may have been told of a larger quota since. */
const ASKED_MS_MAX = 300_000;

export class Hold {
  readonly #clock: Clock;
  readonly #ended: () => void;
  #cancel: AbortController | null = null;
  /** The edge has asked for the running pause up to then; null: it has not. */
  #keptUntilMs: number | null = null;

  /** `ended` is called whenever a pause is over. */
  constructor(clock: Clock, ended: () => void) {
    this.#clock = clock;
    this.#ended = ended;
  }

  get active(): boolean {
    return this.#cancel !== null;
  }

  /** A longer pause does not replace a running one. */
  start(delayMs: number): void {
    if (this.#cancel !== null) return;
    this.#pause(delayMs);
  }

  /** The edge has asked for so long a pause: no hint ends it, and it lengthens a running one. */
  keep(askedMs: number): void {
    const delayMs = Math.min(askedMs, ASKED_MS_MAX);
    const until = this.#clock.now() + delayMs;
    if (this.#keptUntilMs !== null && until <= this.#keptUntilMs) return;
    const running = this.#cancel;
    this.#pause(delayMs);
    this.#keptUntilMs = until;
    running?.abort();
  }

  end(): void {
    if (this.#keptUntilMs === null) this.#cancel?.abort();
  }

  /** For `delayMs`; longer by what the edge has asked for with the error. */
  after(error: StrandlineError | null, delayMs: number): void {
    const asked = retryAfterMs(error);
    if (asked === null) this.start(delayMs);
    else this.keep(asked + delayMs);
  }

  #pause(delayMs: number): void {
    const cancel = new AbortController();
    this.#cancel = cancel;
    void this.#clock.sleep(delayMs, cancel.signal).then(() => {
      // Another has taken its place.
      if (this.#cancel !== cancel) return;
      this.#cancel = null;
      this.#keptUntilMs = null;
      this.#ended();
    });
  }
}

/** Null: the error says nothing of when to come back. */
function retryAfterMs(error: StrandlineError | null): number | null {
  const stated = error?.details["retryAfterMs"];
  return typeof stated === "number" && stated > 0 ? stated : null;
}

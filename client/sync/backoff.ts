import type { Random } from "../../shared/random.ts";

export interface RetryPolicy {
  readonly initialRetryTimeMs: number;
  readonly maxRetryTimeMs: number;
}

/**
 * Full jitter: uniform between nothing and an exponentially growing ceiling, so that a thousand devices which lost
 * the edge at one moment do not come back at one moment.
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog.
 */
export class Backoff {
  readonly #policy: RetryPolicy;
  readonly #random: Random;
  #failures = 0;

  constructor(policy: RetryPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds to wait after one more failure. */
  nextDelayMs(): number {
    const { initialRetryTimeMs, maxRetryTimeMs } = this.#policy;
    const ceiling = Math.min(maxRetryTimeMs, initialRetryTimeMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return this.#random.next() * ceiling;
  }

  reset(): void {
    this.#failures = 0;
  }
}

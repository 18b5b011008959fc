/** A pause that a loop keeps after a failure. A hint ends it early; new work does not, or appends would hammer an edge in trouble. */
import type { Clock } from "../../shared/clock.ts";

export class Hold {
  readonly #clock: Clock;
  readonly #ended: () => void;
  #cancel: AbortController | null = null;

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
    const cancel = new AbortController();
    this.#cancel = cancel;
    void this.#clock.sleep(delayMs, cancel.signal).then(() => {
      this.#cancel = null;
      this.#ended();
    });
  }

  end(): void {
    this.#cancel?.abort();
  }
}

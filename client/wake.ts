/** A wait that news can end early. What comes between two waits is not missed: it ends the next one at once. */
import type { Clock } from "../shared/clock.ts";

export class Wake {
  readonly #clock: Clock;
  #news = false;
  #end: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#news = true;
    this.#end?.();
  }

  /** For one waiter at a time. */
  async wait(ms: number): Promise<void> {
    if (!this.#news && ms > 0) {
      const ending = new AbortController();
      this.#end = () => ending.abort();
      await this.#clock.sleep(ms, ending.signal);
      this.#end = null;
    }
    this.#news = false;
  }
}

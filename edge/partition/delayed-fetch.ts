/**
 * Waits for the log to grow (Kafka's `DelayedFetch`). One wait for each session: a reader that comes back early
 * replaces its own wait, so that readers which follow many partitions leave nothing behind.
 */
import type { Clock } from "../../shared/clock.ts";
import type { WaitEnd, WaitRequest } from "./partition-port.ts";

interface Wait {
  readonly offset: number;
  bytesLeft: number;
  readonly end: AbortController;
}

export class DelayedFetches {
  readonly #clock: Clock;
  readonly #waits = new Map<string, Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waits.size;
  }

  async wait(request: WaitRequest): Promise<WaitEnd> {
    this.#waits.get(request.sessionId)?.end.abort();
    const wait: Wait = { offset: request.offset, bytesLeft: request.bytesMin, end: new AbortController() };
    this.#waits.set(request.sessionId, wait);
    await this.#clock.sleep(request.waitMs, wait.end.signal);
    if (this.#waits.get(request.sessionId) !== wait) return "replaced";
    this.#waits.delete(request.sessionId);
    return wait.end.signal.aborted ? "grown" : "over";
  }

  /** What was waited for will not come. */
  endAll(): void {
    for (const wait of this.#waits.values()) wait.end.abort();
  }

  appended(highWatermark: number, bytes: number): void {
    for (const wait of this.#waits.values()) {
      if (wait.offset >= highWatermark) continue;
      wait.bytesLeft -= bytes;
      if (wait.bytesLeft <= 0) wait.end.abort();
    }
  }
}

/** Counts of the requests that one isolate has answered, a meter for each namespace. */
import type { Clock } from "../../shared/clock.ts";
import { Counter } from "./counter.ts";
import type { WorkerReport } from "./report.ts";

export interface Answered {
  /** The pattern of the address. */
  readonly route: string;
  readonly status: number;
  /** Null: no error. */
  readonly code: string | null;
  readonly isThrottled: boolean;
}

export class WorkerMeter {
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #counter = new Counter();
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, instance: string) {
    this.#clock = clock;
    this.#instance = instance;
  }

  answered({ route, status, code, isThrottled }: Answered): void {
    this.#counter.add("requests", 1, route, `${Math.floor(status / 100)}xx`);
    if (code !== null) this.#counter.add("errors", 1, code);
    if (isThrottled) this.#counter.add("throttles", 1, route);
  }

  /** A partition of a request that was answered. */
  refused(code: string): void {
    this.#counter.add("errors", 1, code);
  }

  /** Null: not due. An isolate has no timers between requests, so the last burst is told with the next request. */
  due(reportMs: number): WorkerReport | null {
    const now = this.#clock.now();
    if (now >= this.#reportedAt && now - this.#reportedAt < reportMs) return null;
    this.#reportedAt = now;
    return { instance: this.#instance, counts: this.#counter.counts() };
  }
}

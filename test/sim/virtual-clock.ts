/**
 * Time that passes only when a test says so, and as fast as the work within it takes. A timer fires once everything
 * that the one before it set going has come to rest, so that one cause acts at a time and a run can be repeated.
 */
import type { AbortSignalLike, Clock } from "../../shared/clock.ts";

const START_MS = Date.UTC(2026, 0, 1);

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

export class VirtualClock implements Clock {
  /** Since the start. Only grows, unlike what `now` tells. */
  elapsedMs = 0;
  #skewMs = 0;
  /** In the order in which they fire. */
  readonly #timers: Timer[] = [];

  now(): number {
    return START_MS + this.elapsedMs + this.#skewMs;
  }

  /** What people call the time jumps; nothing waits longer or shorter for it. */
  jump(ms: number): void {
    this.#skewMs += ms;
  }

  sleep(ms: number, signal?: AbortSignalLike): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const timer: Timer = {
        at: this.elapsedMs + Math.max(ms, 0),
        fire: () => {
          signal?.removeEventListener("abort", cancel);
          resolve();
        },
      };
      const cancel = (): void => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
        resolve();
      };
      this.#insert(timer);
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Lets so much time pass, with all that happens in it. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsedMs + ms;
    await this.settle();
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) await this.#fire();
    this.elapsedMs = end;
  }

  /** Lets time pass until that is so. Throws once it has not come true within so much of it. */
  async until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
    const end = this.elapsedMs + withinMs;
    await this.settle();
    while (!(await isSo())) {
      const next = this.#timers[0];
      if (next === undefined || next.at > end) throw new Error(`not within ${withinMs} virtual ms: ${what}`);
      await this.#fire();
    }
  }

  /** Everything under way goes on until it waits for a timer. Nothing in a simulation waits for anything else. */
  async settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async #fire(): Promise<void> {
    const timer = this.#timers.shift();
    if (timer === undefined) return;
    this.elapsedMs = timer.at;
    timer.fire();
    await this.settle();
  }

  #insert(timer: Timer): void {
    const index = this.#timers.findIndex((other) => other.at > timer.at);
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
  }
}

import type { LockOptions, Locks } from "../../client/ports.ts";

/** Exclusive locks of one process: fair, and taken away by `kill`, as when the holder's realm ends. */
interface Holder {
  /** As when its realm ends. */
  end(): void;
  /** Its request rejects, its body goes on. */
  rob(): void;
}

/** Exclusive locks of one process: fair, stolen where that is asked for, taken away by `kill` as when the holder's realm ends. */
export class MemoryLocks implements Locks {
  readonly #held = new Map<string, Holder>();
  readonly #waiting = new Map<string, (() => void)[]>();
  steals = 0;

  async request(name: string, options: LockOptions, body: () => Promise<void>): Promise<void> {
    const { ifAvailable, steal, signal } = options;
    if (steal === true) this.#steal(name);
    else if (this.#held.has(name)) {
      if (ifAvailable === true) return;
      await this.#wait(name, signal);
    }
    if (signal?.aborted === true) {
      this.#next(name);
      throw signal.reason;
    }
    const { promise, resolve: end, reject } = Promise.withResolvers<void>();
    const holder = { end, rob: () => reject(new DOMException("the lock was stolen", "AbortError")) };
    this.#held.set(name, holder);
    try {
      await Promise.race([body(), promise]);
    } finally {
      if (this.#held.get(name) === holder) {
        this.#held.delete(name);
        this.#next(name);
      }
    }
  }

  kill(name: string): void {
    this.#held.get(name)?.end();
  }

  #steal(name: string): void {
    const holder = this.#held.get(name);
    if (holder === undefined) return;
    this.steals += 1;
    this.#held.delete(name);
    holder.rob();
  }

  #next(name: string): void {
    if (!this.#held.has(name)) this.#waiting.get(name)?.shift()?.();
  }

  #wait(name: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, waiting);
      waiting.push(resolve);
      signal?.addEventListener("abort", () => {
        const index = waiting.indexOf(resolve);
        if (index >= 0) waiting.splice(index, 1);
        reject(signal.reason as Error);
      });
    });
  }
}

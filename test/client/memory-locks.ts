import type { LockOptions, Locks } from "../../client/ports.ts";

/** Exclusive locks of one process: fair, and taken away by `kill`, as when the holder's realm ends. */
export class MemoryLocks implements Locks {
  readonly #held = new Map<string, () => void>();
  readonly #waiting = new Map<string, (() => void)[]>();

  async request(name: string, { ifAvailable, signal }: LockOptions, body: () => Promise<void>): Promise<void> {
    if (this.#held.has(name)) {
      if (ifAvailable === true) return;
      await this.#wait(name, signal);
    }
    if (signal?.aborted === true) throw signal.reason;
    const killed = new Promise<void>((resolve) => this.#held.set(name, resolve));
    try {
      await Promise.race([body(), killed]);
    } finally {
      this.#held.delete(name);
      this.#waiting.get(name)?.shift()?.();
    }
  }

  kill(name: string): void {
    this.#held.get(name)?.();
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

/** Named locks of one process, with the promises of Web Locks: fair, shared or exclusive, held until the body settles. */
import type { LockOptions, Locks } from "./ports.ts";

type Mode = "exclusive" | "shared";

interface Holder {
  readonly mode: Mode;
  readonly stolen: (error: DOMException) => void;
}

interface Waiter {
  readonly mode: Mode;
  readonly hold: () => void;
}

interface Lock {
  readonly holders: Set<Holder>;
  readonly waiters: Waiter[];
}

export class MemoryLocks implements Locks {
  readonly #locks = new Map<string, Lock>();

  request(name: string, options: LockOptions, body: () => Promise<void>): Promise<void> {
    const { mode = "exclusive", ifAvailable = false, steal = false, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const lock = this.#locks.get(name) ?? { holders: new Set(), waiters: [] };
      this.#locks.set(name, lock);
      const hold = (): void => {
        signal?.removeEventListener("abort", giveUp);
        const holder = { mode, stolen: reject };
        lock.holders.add(holder);
        void (async () => await body())()
          .then(resolve, reject)
          .finally(() => {
            lock.holders.delete(holder);
            this.#grant(name, lock);
          });
      };
      const waiter = { mode, hold };
      const giveUp = (): void => {
        lock.waiters.splice(lock.waiters.indexOf(waiter), 1);
        reject(signal?.reason as Error);
        this.#grant(name, lock);
      };
      if (steal) takeAway(lock);
      else if (lock.waiters.length > 0 || !isFree(lock, mode)) {
        if (ifAvailable) return resolve();
        signal?.addEventListener("abort", giveUp, { once: true });
        lock.waiters.push(waiter);
        return;
      }
      hold();
    });
  }

  #grant(name: string, lock: Lock): void {
    for (let next = lock.waiters[0]; next !== undefined && isFree(lock, next.mode); next = lock.waiters[0]) {
      lock.waiters.shift();
      next.hold();
    }
    if (lock.holders.size === 0 && this.#locks.get(name) === lock) this.#locks.delete(name);
  }
}

function isFree({ holders }: Lock, mode: Mode): boolean {
  return holders.size === 0 || (mode === "shared" && [...holders].every((holder) => holder.mode === "shared"));
}

function takeAway({ holders }: Lock): void {
  for (const { stolen } of holders) stolen(new DOMException("the lock was stolen", "AbortError"));
  holders.clear();
}

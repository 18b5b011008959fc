/**
 * Watches what the public interface promises: every promise that a call returns is kept until it settles, and a test ends
 * with a list of those that did not. Receipts are not watched, nor what an iterator waits for: both may wait for ever.
 */
export interface OpenPromise {
  /** `producer.send`. */
  readonly call: string;
  readonly forMs: number;
}

/** Made by the client and watched as it is. */
const PARTS: ReadonlySet<PropertyKey> = new Set([
  ...["producer", "consumer", "admin", "sync", "storage", "table", "deadLetters", "receipt"],
]);
const POLL_MS = 10;

export class PromiseWatch {
  readonly #open = new Map<object, { readonly call: string; readonly since: number }>();
  readonly #late: string[] = [];
  readonly #deadlineMs: number;
  /** How many were ever watched: a watch that saw none proves nothing. */
  seen = 0;

  /** `deadlineMs`: longer than any call may take that has no `timeout` of its own. */
  constructor(deadlineMs = 70_000) {
    this.#deadlineMs = deadlineMs;
  }

  /** The same object to its users. */
  watch<Target extends object>(target: Target, name = ""): Target {
    return new Proxy(target, {
      get: (_, key): unknown => {
        // Of the target itself: its private fields are not the proxy's.
        const value: unknown = Reflect.get(target, key, target);
        const called = name === "" ? String(key) : `${name}.${String(key)}`;
        if (typeof value === "function") {
          return (...args: unknown[]): unknown => this.#result(Reflect.apply(value, target, args), key, called);
        }
        return PARTS.has(key) && typeof value === "object" && value !== null ? this.watch(value, called) : value;
      },
    });
  }

  /** What has not settled, and what settled too late. */
  unsettled(): OpenPromise[] {
    return [...this.#open.values()].map(({ call, since }) => ({ call, forMs: Math.round(performance.now() - since) }));
  }

  /** After everything was closed: nothing may be open, nor have taken too long. Throws with the list. */
  async expectAllSettled(withinMs = 6_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (this.#open.size > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const open = this.unsettled().map(({ call, forMs }) => `${call} for ${forMs} ms`);
    const found = [...open.map((one) => `never settled: ${one}`), ...this.#late];
    this.#open.clear();
    this.#late.length = 0;
    if (found.length > 0) throw new Error(`promises of the public interface: ${found.join("; ")}`);
  }

  #result(result: unknown, key: PropertyKey, call: string): unknown {
    if (typeof result !== "object" || result === null) return result;
    if (typeof (result as Partial<PromiseLike<unknown>>).then === "function") this.#keep(result as object, call);
    else if (PARTS.has(key)) return this.watch(result, call);
    return result;
  }

  #keep(promise: object, call: string): void {
    const since = performance.now();
    this.seen += 1;
    this.#open.set(promise, { call, since });
    const settled = (): void => {
      this.#open.delete(promise);
      const tookMs = Math.round(performance.now() - since);
      if (tookMs > this.#deadlineMs) this.#late.push(`settled late: ${call} after ${tookMs} ms`);
    };
    (promise as PromiseLike<unknown>).then(settled, settled);
  }
}

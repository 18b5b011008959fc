/**
 * The lock of one partition of a group: asked for at once and, where it is not free, waited for, until it is let go.
 * It can be taken from a holder that does not answer. Nothing rests on it alone: see `turn-over.ts`.
 */
import { deferred } from "../../shared/deferred.ts";
import type { Locks } from "../ports.ts";

export class PartitionLock {
  readonly #locks: Locks;
  readonly #name: string;
  /** Whether it is held, is held no more, or is known to be another's has changed. */
  readonly #changed: () => void;
  readonly #waiting = new AbortController();
  readonly #end = deferred<void>();
  #stealing = false;
  /** `asking`: whether it is free is not known yet. `over`: for good. */
  state: "asking" | "waiting" | "held" | "over" = "asking";
  /** Resolves when others can have it. */
  readonly over: Promise<void>;

  constructor(locks: Locks, name: string, changed: () => void) {
    this.#locks = locks;
    this.#name = name;
    this.#changed = changed;
    // Nothing is told before whoever made it has it.
    this.over = Promise.resolve().then(() => this.#run());
  }

  steal(): void {
    this.#stealing = true;
    this.#waiting.abort();
  }

  /** Gives it up, held or not. */
  end(): void {
    this.state = "over";
    this.#waiting.abort();
    this.#end.resolve();
  }

  async #run(): Promise<void> {
    const { signal } = this.#waiting;
    const hold = (): Promise<void> => {
      if (this.state === "over") return Promise.resolve();
      this.#become("held");
      return this.#end.promise;
    };
    try {
      await this.#locks.request(this.#name, { ifAvailable: true }, hold);
      if (this.state === "asking") {
        this.#become("waiting");
        await this.#locks.request(this.#name, { signal }, hold).catch(async (error: unknown) => {
          if (this.state !== "waiting" || !this.#stealing) throw error;
          await this.#locks.request(this.#name, { steal: true }, hold);
        });
      }
    } catch {
      // Stolen, given up, or the lock manager failed: whoever wants it still asks again.
    }
    if (this.state !== "over") this.#become("over");
  }

  #become(state: "waiting" | "held" | "over"): void {
    this.state = state;
    this.#changed();
  }
}

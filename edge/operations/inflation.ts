/**
 * How much gzip may become where runs are checked. One batch is bounded by itself; here are the run, or many small bombs
 * would be a large one, and the isolate, where many runs are checked at once.
 */
import { LIMITS } from "../../shared/limits.ts";

/** What the batches of one run may inflate to together. One batch of a device is never refused by it. */
export class RunInflation {
  #left: number;

  constructor(runBytes: number) {
    this.#left = Math.max(LIMITS.batchBytesMax, runBytes * LIMITS.inflationRatioMax);
  }

  get left(): number {
    return Math.max(0, this.#left);
  }

  spend(bytes: number): void {
    this.#left -= bytes;
  }
}

/** Room for so many bytes at once, in the order in which it is asked for. */
export class InflationRoom {
  #free: number;
  readonly #bytes: number;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#free = bytes;
  }

  /** What is larger than all of the room has it alone. */
  async within<Value>(bytes: number, work: () => Promise<Value>): Promise<Value> {
    const taken = Math.min(bytes, this.#bytes);
    await this.#enter(taken);
    try {
      return await work();
    } finally {
      this.#free += taken;
      this.#letIn();
    }
  }

  async #enter(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && bytes <= this.#free) {
      this.#free -= bytes;
      return;
    }
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
  }

  #letIn(): void {
    for (let first = this.#waiting[0]; first !== undefined && first.bytes <= this.#free; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= first.bytes;
      first.enter();
    }
  }
}

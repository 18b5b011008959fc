/**
 * Fences on their way to partitions: so many at once over all that goes on in the object. Whoever waits for those of one
 * member does not wait for others'.
 */
import type { GroupMachine } from "./group-machine.ts";
import type { DueFence } from "./group-words.ts";

export interface FencePush {
  /** Whose it is, and who is told what becomes of it. */
  readonly machine: GroupMachine;
  readonly fence: DueFence;
}

export interface FencePushesParts {
  readonly atOnceMax: number;
  /** Tells the partition, and the machine what became of it. Never rejects. */
  readonly push: (push: FencePush) => Promise<void>;
}

interface UnderWay {
  count: number;
  readonly done: PromiseWithResolvers<void>;
}

export class FencePushes {
  readonly #parts: FencePushesParts;
  readonly #queue: FencePush[] = [];
  readonly #ofMember = new Map<string, UnderWay>();
  #lanes = 0;

  constructor(parts: FencePushesParts) {
    this.#parts = parts;
  }

  add(machine: GroupMachine, fences: readonly DueFence[]): void {
    for (const fence of fences) {
      const known = this.#ofMember.get(fence.memberId);
      if (known === undefined) this.#ofMember.set(fence.memberId, { count: 1, done: Promise.withResolvers() });
      else known.count += 1;
      this.#queue.push({ machine, fence });
    }
    for (; this.#lanes < this.#parts.atOnceMax && this.#queue.length > 0; this.#lanes += 1) void this.#lane();
  }

  /** Once none of that member's is under way. */
  async settled(memberId: string): Promise<void> {
    await this.#ofMember.get(memberId)?.done.promise;
  }

  async #lane(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#parts.push(next);
      this.#ended(next.fence.memberId);
    }
    this.#lanes -= 1;
  }

  #ended(memberId: string): void {
    const held = this.#ofMember.get(memberId);
    if (held === undefined) return;
    held.count -= 1;
    if (held.count > 0) return;
    this.#ofMember.delete(memberId);
    held.done.resolve();
  }
}

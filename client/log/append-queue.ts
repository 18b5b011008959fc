/** Callers that wait for the next transaction, in order. */
import type { Alongside, AppendedBatch, BatchAppend } from "./device-log.ts";
import type { TransactOptions } from "./store.ts";

export interface Caller {
  readonly appends: readonly BatchAppend[];
  readonly durability: NonNullable<TransactOptions["durability"]>;
  readonly alongside: Alongside | null;
  readonly bytes: number;
  readonly resolve: (appended: AppendedBatch[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What one transaction carries, unless a single caller asks for more. Two are queued, so this bounds memory. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** While the disk is idle less is better: it starts sooner, and has enough to do until the next group is ready. */
const FIRST_GROUP_BYTES_MAX = GROUP_BYTES_MAX / 2;

export class AppendQueue {
  #callers: Caller[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get empty(): boolean {
    return this.#callers.length === 0;
  }

  push(caller: Caller): void {
    this.#callers.push(caller);
    this.#bytes += caller.bytes;
  }

  /** The first callers that fit together, at least one. What refuses one caller must not undo the others: it goes alone. */
  takeGroup({ idle }: { readonly idle: boolean }): Caller[] {
    const bytesMax = idle ? FIRST_GROUP_BYTES_MAX : GROUP_BYTES_MAX;
    let bytes = 0;
    let end = 0;
    for (const caller of this.#callers) {
      if (end > 0 && (bytes + caller.bytes > bytesMax || caller.alongside !== null)) break;
      bytes += caller.bytes;
      end += 1;
      if (caller.alongside !== null) break;
    }
    this.#bytes -= bytes;
    return this.#callers.splice(0, end);
  }
}

import { storeClosed } from "../../client/log/idb-errors.ts";
import type { MemoryStore } from "../../client/log/memory-store.ts";
import type { Store, StoreName, StoreTransaction, TransactOptions } from "../../client/log/store.ts";

/** A connection of one tab: closing it closes nothing for the others. */
export class StoreHandle implements Store {
  readonly #store: MemoryStore;
  #closed = false;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  transact<Result>(
    stores: readonly StoreName[],
    options: TransactOptions,
    body: (transaction: StoreTransaction) => Promise<Result>,
  ): Promise<Result> {
    return this.#closed ? Promise.reject(storeClosed()) : this.#store.transact(stores, options, body);
  }

  close(): void {
    this.#closed = true;
  }
}

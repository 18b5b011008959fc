import type { IDBPObjectStore, IDBPTransaction } from "idb";
import type { Entry, Key, KeyRange, StoreName, StoreTransaction } from "./store.ts";

type Transaction = IDBPTransaction<unknown, StoreName[], IDBTransactionMode>;

/** The operations of one IndexedDB transaction. */
export class IdbOperations implements StoreTransaction {
  readonly #transaction: Transaction;
  /** By its body. */
  aborted = false;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  get<Value>(store: StoreName, key: Key): Promise<Value | undefined> {
    return quiet(this.#read(store).get(idbKey(key)) as Promise<Value | undefined>);
  }

  entries<Value>(store: StoreName, range: KeyRange, limit: number): Promise<Entry<Value>[]> {
    const source = this.#read(store);
    const within = idbRange(range);
    // Issued together: one round trip. A cursor would take one for each entry.
    const both = Promise.all([source.getAllKeys(within, limit), source.getAll(within, limit)]);
    return quiet(both.then(([keys, values]) => keys.map((key, index) => ({ key: key as Key, value: values[index] as Value }))));
  }

  last<Value>(store: StoreName, range: KeyRange): Promise<Entry<Value> | undefined> {
    const cursor = this.#read(store).openCursor(idbRange(range), "prev");
    return quiet(cursor.then((at) => (at === null ? undefined : { key: at.key as Key, value: at.value as Value })));
  }

  keys(store: StoreName, range: KeyRange, limit: number): Promise<Key[]> {
    return quiet(this.#read(store).getAllKeys(idbRange(range), limit) as Promise<Key[]>);
  }

  put(store: StoreName, key: Key, value: unknown): Promise<void> {
    return quiet(this.#write(store).put(value, idbKey(key)).then(nothing));
  }

  add(store: StoreName, key: Key, value: unknown): Promise<void> {
    return quiet(this.#write(store).add(value, idbKey(key)).then(nothing));
  }

  delete(store: StoreName, what: Key | KeyRange): Promise<void> {
    return quiet(this.#write(store).delete(isRange(what) ? idbRange(what) : idbKey(what)).then(nothing));
  }

  abort(): void {
    this.aborted = true;
    this.#transaction.abort();
  }

  #read(store: StoreName): IDBPObjectStore<unknown, StoreName[], StoreName, IDBTransactionMode> {
    return this.#transaction.objectStore(store);
  }

  #write(store: StoreName): IDBPObjectStore<unknown, StoreName[], StoreName, "readwrite"> {
    return this.#transaction.objectStore(store) as unknown as IDBPObjectStore<unknown, StoreName[], StoreName, "readwrite">;
  }
}

/**
 * Bodies issue writes without awaiting each: when the transaction aborts they all reject, and the transaction's own
 * rejection is what is told.
 */
function quiet<Result>(request: Promise<Result>): Promise<Result> {
  request.catch(() => {});
  return request;
}

function nothing(): void {}

export function isRange(what: Key | KeyRange): what is KeyRange {
  return typeof what === "object" && "from" in what;
}

function idbKey(key: Key): IDBValidKey {
  return key as IDBValidKey;
}

function idbRange(range: KeyRange): IDBKeyRange {
  return IDBKeyRange.bound(range.from, range.to, false, true);
}

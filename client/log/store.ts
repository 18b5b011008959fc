/**
 * The device's store: ordered keys and values in named stores, changed in transactions. Two kinds exist, IndexedDB
 * (`idb-store.ts`) and memory (`memory-store.ts`); one suite runs against both.
 *
 * Consistency: transactions are serialisable; a transaction that rejects has changed nothing, one that resolves has
 * changed everything. `durability: "strict"` resolves only when the operating system was told to write to disk.
 * A transaction ends as soon as nothing of it is pending, so its body awaits nothing but its own operations.
 *
 * Failure: a rejected `transact` whose error is `STORE_FAILED` with `outcome: "unknown"` may or may not have
 * happened: read back before repeating. After `close()` every outstanding and later call rejects with `CLOSED`.
 */
export type StoreName =
  | "meta"
  | "topics"
  | "partitions"
  | "pending"
  | "log"
  | "offsets"
  | "deadLetters"
  | "state"
  | "tables";

export const STORE_NAMES: readonly StoreName[] = [
  "meta",
  "topics",
  "partitions",
  "pending",
  "log",
  "offsets",
  "deadLetters",
  "state",
  "tables",
];

/** IndexedDB's order: numbers before strings, arrays element by element. */
export type Key = string | number | readonly (string | number)[];

export interface KeyRange {
  /** Inclusive. */
  readonly from: Key;
  /** Exclusive. */
  readonly to: Key;
}

export interface Entry<Value> {
  readonly key: Key;
  readonly value: Value;
}

export interface StoreTransaction {
  get<Value>(store: StoreName, key: Key): Promise<Value | undefined>;
  /** In key order, at most `limit`. */
  entries<Value>(store: StoreName, range: KeyRange, limit: number): Promise<Entry<Value>[]>;
  /** The last entry of the range. */
  last<Value>(store: StoreName, range: KeyRange): Promise<Entry<Value> | undefined>;
  keys(store: StoreName, range: KeyRange, limit: number): Promise<Key[]>;
  /** Writes resolve once they are issued; one that fails fails the transaction, awaited or not. */
  put(store: StoreName, key: Key, value: unknown): Promise<void>;
  /** Fails the transaction where the key exists. */
  add(store: StoreName, key: Key, value: unknown): Promise<void>;
  delete(store: StoreName, what: Key | KeyRange): Promise<void>;
  /** Undoes everything; `transact` then rejects with what the body throws. */
  abort(): void;
}

export interface TransactOptions {
  readonly mode: "readonly" | "readwrite";
  readonly durability?: "strict" | "relaxed";
}

export interface Store {
  /** Resolves with the body's result on the transaction's `complete`, the only proof of a write. */
  transact<Result>(
    stores: readonly StoreName[],
    options: TransactOptions,
    body: (transaction: StoreTransaction) => Promise<Result>,
  ): Promise<Result>;
  close(): void;
}

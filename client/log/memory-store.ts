/**
 * `Store` in memory, for Node and the simulator, with the semantics of IndexedDB: values are cloned on their way in
 * and out, keys are ordered as there, transactions run one after the other in the order in which they were asked for.
 */
import { isRange } from "./idb-operations.ts";
import { storeClosed, storeFailed } from "./idb-errors.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { SortedTable } from "./sorted-table.ts";
import {
  STORE_NAMES,
  type Entry,
  type Key,
  type KeyRange,
  type Store,
  type StoreName,
  type StoreTransaction,
  type TransactOptions,
} from "./store.ts";

/**
 * What happens to one write: `full` (no room), `lost` (it fails and has not happened, which its caller cannot know),
 * `unanswered` (it happens, and its caller cannot know).
 */
export type StoreFault = "full" | "lost" | "unanswered";

type Tables = ReadonlyMap<StoreName, SortedTable>;

export class MemoryStore implements Store {
  readonly #tables: Tables;
  readonly #outstanding = new Set<(error: Error) => void>();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** Asked once for each transaction that would write; null: it goes well. */
  fault: (stores: readonly StoreName[]) => StoreFault | null = () => null;

  constructor(tables: Tables = new Map(STORE_NAMES.map((name) => [name, new SortedTable()]))) {
    this.#tables = tables;
  }

  transact<Result>(
    stores: readonly StoreName[],
    options: TransactOptions,
    body: (transaction: StoreTransaction) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closed) return Promise.reject(storeClosed());
    return new Promise((resolve, reject) => {
      this.#outstanding.add(reject);
      const mine = this.#turn.then(() => this.#run(stores, options, body));
      this.#turn = mine.catch(() => undefined);
      mine
        .then(resolve, reject)
        .finally(() => this.#outstanding.delete(reject))
        .catch(() => undefined);
    });
  }

  close(): void {
    this.#closed = true;
    for (const reject of this.#outstanding) reject(storeClosed());
    this.#outstanding.clear();
  }

  /** What is committed now, as another profile would find it in a copy of the disk. */
  snapshot(): MemoryStore {
    return new MemoryStore(new Map(STORE_NAMES.map((name) => [name, this.#table(name).copy()])));
  }

  async #run<Result>(
    stores: readonly StoreName[],
    options: TransactOptions,
    body: (transaction: StoreTransaction) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closed) throw storeClosed();
    const operations = new MemoryOperations((name) => this.#tableIn(name, stores), options.mode);
    let result: Result;
    try {
      result = await body(operations);
    } catch (error) {
      operations.undo();
      throw error;
    }
    const fault = operations.wrote ? this.fault(stores) : null;
    if (fault === "full" || fault === "lost" || operations.failure !== null) operations.undo();
    operations.end();
    if (operations.failure !== null) throw operations.failure;
    if (fault === "full") throw new StrandlineError("STORAGE_FULL", "the memory store was told to be full");
    if (fault !== null) throw storeFailed("the memory store was told to fail", "unknown");
    return result;
  }

  #tableIn(name: StoreName, scope: readonly StoreName[]): SortedTable {
    if (!scope.includes(name)) throw storeFailed(`the store "${name}" is not part of the transaction`, "failed");
    return this.#table(name);
  }

  #table(name: StoreName): SortedTable {
    const table = this.#tables.get(name);
    if (table === undefined) throw storeFailed(`no store "${name}"`, "failed");
    return table;
  }
}

class MemoryOperations implements StoreTransaction {
  readonly #table: (name: StoreName) => SortedTable;
  readonly #mode: TransactOptions["mode"];
  readonly #undo: (() => void)[] = [];
  #ended = false;
  /** The first operation that failed fails the transaction, whether the body awaits it or not. */
  failure: Error | null = null;

  constructor(table: (name: StoreName) => SortedTable, mode: TransactOptions["mode"]) {
    this.#table = table;
    this.#mode = mode;
  }

  get wrote(): boolean {
    return this.#undo.length > 0;
  }

  get<Value>(store: StoreName, key: Key): Promise<Value | undefined> {
    return this.#do(() => structuredClone(this.#table(store).get(key)) as Value | undefined);
  }

  entries<Value>(store: StoreName, range: KeyRange, limit: number): Promise<Entry<Value>[]> {
    return this.#do(() => structuredClone(this.#table(store).slice(range, limit)) as Entry<Value>[]);
  }

  last<Value>(store: StoreName, range: KeyRange): Promise<Entry<Value> | undefined> {
    return this.#do(() => structuredClone(this.#table(store).last(range)) as Entry<Value> | undefined);
  }

  keys(store: StoreName, range: KeyRange, limit: number): Promise<Key[]> {
    return this.#do(() =>
      this.#table(store)
        .slice(range, limit)
        .map((entry) => entry.key),
    );
  }

  put(store: StoreName, key: Key, value: unknown): Promise<void> {
    const stored = structuredClone({ key, value });
    return this.#change(() => this.#undo.push(this.#table(store).set(stored.key, stored.value)));
  }

  add(store: StoreName, key: Key, value: unknown): Promise<void> {
    const stored = structuredClone({ key, value });
    return this.#change(() => {
      if (this.#table(store).get(key) !== undefined)
        throw storeFailed(`${store} ${JSON.stringify(key)} exists`, "failed");
      this.#undo.push(this.#table(store).set(stored.key, stored.value));
    });
  }

  delete(store: StoreName, what: Key | KeyRange): Promise<void> {
    return this.#change(() =>
      this.#undo.push(isRange(what) ? this.#table(store).deleteRange(what) : this.#table(store).delete(what)),
    );
  }

  abort(): void {
    this.failure ??= storeFailed("the transaction was aborted", "failed");
  }

  undo(): void {
    for (const one of this.#undo.splice(0).reverse()) one();
    this.end();
  }

  end(): void {
    this.#ended = true;
  }

  #change(what: () => unknown): Promise<void> {
    return this.#do(() => {
      if (this.#mode === "readonly") throw storeFailed("a read-only transaction writes", "failed");
      what();
    });
  }

  /** Carried out at once, as requests are in their order; a body that does not await it must not leave an unhandled rejection. */
  #do<Result>(what: () => Result): Promise<Result> {
    const done = (async () => {
      if (this.#ended || this.failure !== null)
        throw this.failure ?? storeFailed("the transaction has ended", "failed");
      return what();
    })();
    done.catch((error: Error) => {
      if (!this.#ended) this.failure ??= error;
    });
    return done;
  }
}

/**
 * `Store` over IndexedDB.
 *
 * A body may run twice: where the browser dropped the connection before the transaction could begin, the database is
 * opened again and the whole of `transact` is repeated, once. Bodies therefore set up nothing that a second run would
 * find half done. A transaction that had begun is never repeated here: its outcome is unknown, and the caller's to
 * find out.
 */
import { unwrap, type IDBPDatabase } from "idb";
import type { Clock } from "../../shared/clock.ts";
import { IdbConnection, type ConnectionWatch } from "./idb-connection.ts";
import { isDeadHandle, isDomException, storeClosed, storeFailed, transactionError } from "./idb-errors.ts";
import { IdbOperations } from "./idb-operations.ts";
import type { Store, StoreName, StoreTransaction, TransactOptions } from "./store.ts";

type Body<Result> = (transaction: StoreTransaction) => Promise<Result>;

/** The transaction never began. */
class NotBegun extends Error {}

export class IdbStore implements Store {
  readonly #connection: IdbConnection;
  readonly #outstanding = new Set<(error: Error) => void>();
  #closed = false;

  readonly #commitsEarly: boolean;

  /**
   * `commitsEarly`: `commit()` is called as soon as everything was issued, instead of when the
   * browser has told us of each request. Only for an engine in which a request that fails behind it still undoes everything: Chromium's does. Firefox
   * keeps what the others wrote and completes, WebKit undoes it and does not say why.
   */
  constructor(
    options: ConnectionWatch & { readonly name: string; readonly clock: Clock; readonly commitsEarly?: boolean },
  ) {
    this.#connection = new IdbConnection(options.name, options.clock, options);
    this.#commitsEarly = options.commitsEarly ?? false;
  }

  /** Whose database this is: where another is found in its place later, nothing is read from it or written to it. */
  bind(deviceId: string): void {
    this.#connection.bind(deviceId);
  }

  transact<Result>(stores: readonly StoreName[], options: TransactOptions, body: Body<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(storeClosed());
    return new Promise((resolve, reject) => {
      this.#outstanding.add(reject);
      this.#twice(stores, options, body)
        .then(resolve, reject)
        .finally(() => this.#outstanding.delete(reject))
        .catch(() => {});
    });
  }

  close(): void {
    this.#closed = true;
    this.#connection.close();
    for (const reject of this.#outstanding) reject(storeClosed());
    this.#outstanding.clear();
  }

  async #twice<Result>(stores: readonly StoreName[], options: TransactOptions, body: Body<Result>): Promise<Result> {
    const database = await this.#connection.get();
    try {
      return await this.#run(database, stores, options, body);
    } catch (error) {
      if (!(error instanceof NotBegun)) throw error;
    }
    this.#connection.drop(database);
    try {
      return await this.#run(await this.#connection.get(), stores, options, body);
    } catch (error) {
      if (error instanceof NotBegun)
        throw storeFailed("the connection was lost again right after it was reopened", "failed", error.cause);
      throw error;
    }
  }

  async #run<Result>(
    database: IDBPDatabase,
    stores: readonly StoreName[],
    options: TransactOptions,
    body: Body<Result>,
  ): Promise<Result> {
    const transaction = begin(database, stores, options);
    const fate = fateOf(transaction);
    const operations = new IdbOperations(transaction);
    let result: Result;
    try {
      result = await body(operations);
    } catch (cause) {
      abort(transaction);
      const failed = await fate;
      if (!isDomException(cause)) throw cause;
      throw transactionError(failed?.error ?? cause);
    }
    if (this.#commitsEarly) commit(transaction);
    const failed = await fate;
    if (operations.aborted) throw storeFailed("the transaction was aborted", "failed");
    if (failed !== null)
      throw transactionError(failed.error ?? new DOMException("the browser gave no reason", "AbortError"));
    return result;
  }
}

function begin(database: IDBPDatabase, stores: readonly StoreName[], options: TransactOptions): IDBTransaction {
  const durability = options.durability === undefined ? {} : { durability: options.durability };
  try {
    return unwrap(database).transaction([...stores], options.mode, durability);
  } catch (cause) {
    if (isDeadHandle(cause)) throw new NotBegun("not begun", { cause });
    throw transactionError(cause);
  }
}

/**
 * Null: committed. Never rejects: what went wrong is looked at where it is awaited. Not idb's `done`,
 * which rejects on the first request's `error`, before the transaction knows why it ends.
 */
function fateOf(transaction: IDBTransaction): Promise<{ readonly error: DOMException | null } | null> {
  return new Promise((resolve) => {
    transaction.oncomplete = () => resolve(null);
    transaction.onabort = () => resolve({ error: transaction.error });
  });
}

/** Without this the browser commits only once it has told us of each single request. */
function commit(transaction: IDBTransaction): void {
  try {
    transaction.commit();
  } catch {
    // It has ended already, by itself; `done` tells how.
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

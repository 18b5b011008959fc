/**
 * One connection to the database, opened when it is first needed and opened again when the browser has dropped it.
 * Opening never hangs: a blocked upgrade, or an `open` of which no event comes (WebKit), ends with an error.
 */
import { openDB, type IDBPDatabase } from "idb";
import type { Clock } from "../../shared/clock.ts";
import { DISCARDED_VERSION, finishDiscard } from "./discard-database.ts";
import { isVersionError, openError, storeFailed } from "./idb-errors.ts";
import { createStores, SCHEMA_VERSION } from "./idb-schema.ts";

/** Opening takes some 10 ms. What is not open by then waits for another tab that does not let go. */
export const OPEN_TIMEOUT_MS = 3_000;

export class IdbConnection {
  readonly #name: string;
  readonly #clock: Clock;
  #opening: Promise<IDBPDatabase> | null = null;
  #database: IDBPDatabase | null = null;
  /** Once opened, the database must be there: one that is missing was deleted, and with it what it held. */
  #openedBefore = false;
  #closed = false;
  readonly #onOutdated: () => void;
  #outdated = false;

  /** `onOutdated`: a tab of a newer version opens the database, and this one cannot again; called once. */
  constructor(name: string, clock: Clock, onOutdated: () => void = () => {}) {
    this.#name = name;
    this.#clock = clock;
    this.#onOutdated = () => {
      if (!this.#outdated && !this.#closed) onOutdated();
      this.#outdated = true;
    };
  }

  async get(): Promise<IDBPDatabase> {
    if (this.#database !== null) return this.#database;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return await this.#opening;
  }

  /** The handle is dead: the next `get` opens another, unless somebody has already. */
  drop(database: IDBPDatabase): void {
    if (this.#database !== database) return;
    this.#database = null;
    database.close();
  }

  close(): void {
    this.#closed = true;
    this.#database?.close();
    this.#database = null;
  }

  async #open(): Promise<IDBPDatabase> {
    const database = await openWithin(this.#name, this.#clock, {
      mayCreate: !this.#openedBefore,
      onLost: (lost) => this.drop(lost),
      onOutdated: this.#onOutdated,
    });
    if (this.#closed) database.close();
    else this.#database = database;
    this.#openedBefore = true;
    return database;
  }
}

interface OpenOptions {
  readonly mayCreate: boolean;
  /** The handle is of no use any more. */
  readonly onLost: (database: IDBPDatabase) => void;
  readonly onOutdated: () => void;
}

async function openWithin(name: string, clock: Clock, options: OpenOptions): Promise<IDBPDatabase> {
  const timer = new AbortController();
  const progress = { blocked: false, gaveUp: false };
  const opening = request(name, options, progress);
  const timeout = clock.sleep(OPEN_TIMEOUT_MS, timer.signal).then(() => null);
  try {
    const database = await Promise.race([opening, timeout]);
    if (database !== null) return database;
  } finally {
    timer.abort();
  }
  progress.gaveUp = true;
  // It may open after all, and an open connection would block other tabs' upgrades.
  opening.then((late) => late.close()).catch(() => {});
  const why = progress.blocked
    ? "another tab keeps an older version of the database open"
    : "the database does not open, as where a frozen tab keeps an older version of it";
  throw storeFailed(`${why}, waited ${OPEN_TIMEOUT_MS} ms`, "failed");
}

async function request(
  name: string,
  options: OpenOptions,
  progress: { blocked: boolean; gaveUp: boolean },
): Promise<IDBPDatabase> {
  let gone = false;
  let opened: IDBPDatabase | null = null;
  const lost = (): void => {
    if (opened !== null) options.onLost(opened);
  };
  try {
    opened = await openDB(name, SCHEMA_VERSION, {
      upgrade(database, oldVersion, _newVersion, transaction) {
        // Its rejection reaches us as that of `openDB`.
        transaction.done.catch(() => {});
        gone = oldVersion === 0 && !options.mayCreate;
        if (gone || progress.gaveUp) transaction.abort();
        else createStores(database);
      },
      blocked() {
        progress.blocked = true;
      },
      // An upgrade or a deletion waits for us: a version that is not let go of blocks it for ever.
      blocking(_current, wanted) {
        lost();
        if (wanted !== null && wanted > SCHEMA_VERSION && wanted < DISCARDED_VERSION) options.onOutdated();
      },
      terminated: lost,
    });
    return opened;
  } catch (cause) {
    if (gone)
      throw storeFailed(
        "the database was deleted while it was in use; what it held and was not synced is lost",
        "failed",
        cause,
      );
    if (isVersionError(cause)) {
      if (await finishDiscard(name)) return await request(name, options, progress);
      options.onOutdated();
    }
    throw openError(cause);
  }
}

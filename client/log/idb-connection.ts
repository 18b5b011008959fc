/**
 * One connection to the database, opened when it is first needed and opened again when the browser has dropped it.
 * Opening never hangs: a blocked upgrade, or an `open` of which no event comes (WebKit), ends with an error.
 */
import { openDB, type IDBPDatabase } from "idb";
import type { Clock } from "../../shared/clock.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { DISCARDED_VERSION, finishDiscard } from "./discard-database.ts";
import { isVersionError, openError, storeFailed } from "./idb-errors.ts";
import { SCHEMA_VERSION } from "./idb-schema.ts";
import { DEVICE_KEY } from "./keys.ts";
import type { DeviceRow } from "./rows.ts";
import type { StoreName } from "./store.ts";
import { upgrade } from "./upgrades.ts";

/** Opening takes some 10 ms. What is not open by then waits for another tab that does not let go. */
export const OPEN_TIMEOUT_MS = 3_000;

/** After a connection was lost: whoever lost it may be deleting the database. */
const LOOK_AFTER_MS = 50;

export interface ConnectionWatch {
  /** The database was deleted, or is another one by now; told once. */
  readonly onGone?: () => void;
  /** Another tab keeps an older version open. */
  readonly onBlocked?: () => void;
  /** A tab of a newer version opens the database, and this one cannot again; told once. */
  readonly onOutdated?: () => void;
}

export class IdbConnection {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #watch: ConnectionWatch;
  /** Of the database that was opened first: one that another tab has made in its place is not ours. */
  #deviceId: string | null = null;
  #gone = false;
  #opening: Promise<IDBPDatabase> | null = null;
  #database: IDBPDatabase | null = null;
  /** Once opened, the database must be there: one that is missing was deleted, and with it what it held. */
  #openedBefore = false;
  #closed = false;
  #outdated = false;

  constructor(name: string, clock: Clock, watch: ConnectionWatch = {}) {
    this.#name = name;
    this.#clock = clock;
    this.#watch = watch;
  }

  #tellOutdated(): void {
    if (!this.#outdated && !this.#closed) this.#watch.onOutdated?.();
    this.#outdated = true;
  }

  /** From here on a database of another device is as good as none. */
  bind(deviceId: string): void {
    this.#deviceId = deviceId;
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

  /** Nobody may need the database for long, and its loss is to be told at once. */
  async #look(): Promise<void> {
    await this.#clock.sleep(LOOK_AFTER_MS);
    if (!this.#closed) await this.get().catch(() => undefined);
  }

  #isGone(): void {
    if (this.#gone || this.#closed) return;
    this.#gone = true;
    this.#watch.onGone?.();
  }

  async #open(): Promise<IDBPDatabase> {
    if (this.#gone) throw goneError();
    const database = await openWithin(this.#name, this.#clock, {
      mayCreate: !this.#openedBefore,
      onLost: (lost) => this.drop(lost),
      onOutdated: () => this.#tellOutdated(),
      onDeleting: () => void this.#look(),
      onGone: () => this.#isGone(),
      onBlocked: () => this.#watch.onBlocked?.(),
    });
    if (this.#deviceId !== null && (await deviceIdOf(database)) !== this.#deviceId) {
      database.close();
      this.#isGone();
      throw goneError();
    }
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
  /** A newer version of the app has the database, or is about to. */
  readonly onOutdated: () => void;
  /** And the database may not be there any more. */
  readonly onDeleting: () => void;
  readonly onGone: () => void;
  readonly onBlocked: () => void;
}

function goneError(cause?: unknown): StrandlineError {
  const said = "the database was deleted while it was in use; what it held and was not synced is lost";
  return storeFailed(said, "failed", cause);
}

async function deviceIdOf(database: IDBPDatabase): Promise<string | null> {
  const row = (await database.get("meta" satisfies StoreName, DEVICE_KEY)) as DeviceRow | undefined;
  return row?.deviceId ?? null;
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
      async upgrade(database, oldVersion, newVersion, transaction) {
        // Its rejection reaches us as that of `openDB`.
        transaction.done.catch(() => {});
        gone = oldVersion === 0 && !options.mayCreate;
        if (gone || progress.gaveUp) transaction.abort();
        else await upgrade(database, { from: oldVersion, to: newVersion ?? SCHEMA_VERSION, transaction });
      },
      blocked() {
        progress.blocked = true;
        options.onBlocked();
      },
      // An upgrade or a deletion waits for us: a version that is not let go of blocks it for ever.
      blocking(_current, wanted) {
        lost();
        if (wanted !== null && wanted > SCHEMA_VERSION && wanted < DISCARDED_VERSION) options.onOutdated();
        if (wanted === null) options.onDeleting();
      },
      terminated() {
        lost();
        options.onDeleting();
      },
    });
    return opened;
  } catch (cause) {
    if (gone) {
      options.onGone();
      throw goneError(cause);
    }
    if (isVersionError(cause)) {
      if (await finishDiscard(name)) return await request(name, options, progress);
      options.onOutdated();
    }
    throw openError(cause);
  }
}

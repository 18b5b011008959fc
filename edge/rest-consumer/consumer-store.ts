/** What a REST consumer's object keeps, over SQL: one row, in a table that is made with the consumer. */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { utf8Length } from "../../shared/utf8.ts";
import type { ConsumerOwner, ConsumerState } from "./consumer-calls.ts";

export interface KeptConsumer {
  readonly owner: ConsumerOwner;
  readonly state: ConsumerState;
  /** Higher with each write; that of a later consumer of the name begins above. */
  readonly version: number;
  /** Edge time. */
  readonly seenMs: number;
  readonly stamp: number;
}

type Row = { owner: string; state: string; version: number; seen_ms: number; stamp: number };

const PUT = `
  INSERT INTO consumer (id, owner, state, version, seen_ms, stamp) VALUES (1, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, state = excluded.state, version = excluded.version,
    seen_ms = excluded.seen_ms, stamp = excluded.stamp`;

export class ConsumerStore {
  readonly #storage: DurableObjectStorage;
  #hasTable: boolean;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#hasTable = storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'consumer'").toArray().length > 0;
  }

  read(): KeptConsumer | null {
    if (!this.#hasTable) return null;
    const [row] = this.#storage.sql.exec<Row>("SELECT * FROM consumer").toArray();
    if (row === undefined) return null;
    const { owner, state, version, seen_ms: seenMs, stamp } = row;
    return {
      owner: JSON.parse(owner) as ConsumerOwner,
      state: JSON.parse(state) as ConsumerState,
      version,
      seenMs,
      stamp,
    };
  }

  /** One row. Throws `GROUP_MAX_SIZE_REACHED` where it does not fit. */
  write({ owner, state, version, seenMs, stamp }: KeptConsumer): void {
    const { sql } = this.#storage;
    const text = JSON.stringify(state);
    if (utf8Length(text) > LIMITS.rowBytesMax)
      throw new StrandlineError(
        "GROUP_MAX_SIZE_REACHED",
        `${state.held.length} partitions are more than one instance can keep`,
      );
    if (!this.#hasTable) {
      sql.exec(`CREATE TABLE consumer (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, state TEXT NOT NULL,
        version INTEGER NOT NULL, seen_ms INTEGER NOT NULL, stamp INTEGER NOT NULL)`);
      this.#hasTable = true;
    }
    sql.exec(PUT, JSON.stringify(owner), text, version, seenMs, stamp);
  }

  /** One row. */
  touch(seenMs: number): void {
    this.#storage.sql.exec("UPDATE consumer SET seen_ms = ?", seenMs);
  }

  /** In one turn with whatever is written after it. */
  async free(): Promise<void> {
    this.#hasTable = false;
    await Promise.all([this.#storage.deleteAlarm(), this.#storage.deleteAll()]);
  }
}

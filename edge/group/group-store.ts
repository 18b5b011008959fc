/**
 * What a group's object keeps, over SQL: one table of few rows, made only once the controller has registered the group.
 *
 * `snapshot`: the machine's; absent: there is no group at the moment. `where`: where this is, and where topics'
 * partitions are, of topics that say so. `forgetting`: of deleted groups of this name, who has yet to be told.
 */
import type { TopicId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { utf8Length } from "../../shared/utf8.ts";
import type { GroupAddress, GroupTopic } from "./group-calls.ts";
import type { GroupSnapshot } from "./group-words.ts";

export type Place = Pick<GroupTopic, "jurisdiction" | "location">;

export interface Where extends GroupAddress {
  /** By topic id. */
  readonly places: Readonly<Record<string, Place>>;
}

/** A group that was deleted. */
export interface Forgetting {
  readonly incarnation: number;
  /** The controller still knows it. */
  readonly isRegistered: boolean;
  /** Partitions that have not been told, by topic. */
  readonly topics: readonly {
    readonly topicId: TopicId;
    readonly place: Place;
    readonly partitions: readonly number[];
  }[];
}

interface Kept {
  readonly snapshot: GroupSnapshot;
  readonly where: Where;
  readonly forgetting: readonly Forgetting[];
}

export class GroupStore {
  readonly #storage: DurableObjectStorage;
  /** By this instance, all in all. */
  rowsWritten = 0;
  #hasTable: boolean;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#hasTable = this.#finds();
  }

  read<Name extends keyof Kept>(name: Name): Kept[Name] | null {
    if (!this.#hasTable) return null;
    const rows = this.#storage.sql.exec<{ value: string }>("SELECT value FROM kept WHERE name = ?", name).toArray();
    return rows[0] === undefined ? null : (JSON.parse(rows[0].value) as Kept[Name]);
  }

  /** Null: it is no more. Throws `GROUP_MAX_SIZE_REACHED` where it does not fit its row. */
  write<Name extends keyof Kept>(name: Name, value: Kept[Name] | null): void {
    const { sql } = this.#storage;
    if (value === null) {
      if (this.#hasTable) this.rowsWritten += sql.exec("DELETE FROM kept WHERE name = ?", name).rowsWritten;
      return;
    }
    const text = JSON.stringify(value);
    if (utf8Length(text) > LIMITS.rowBytesMax)
      throw new StrandlineError(
        "GROUP_MAX_SIZE_REACHED",
        "what its members subscribe to is more than a group can keep",
      );
    this.#demandTable();
    const put = "INSERT INTO kept (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    this.rowsWritten += sql.exec(put, name, text).rowsWritten;
  }

  /** All of it or nothing. */
  transaction<Value>(step: () => Value): Value {
    try {
      return this.#storage.transactionSync(step);
    } catch (error) {
      // A table that was made in it is gone with it.
      this.#hasTable = this.#finds();
      throw error;
    }
  }

  /** Nothing is left. */
  async free(): Promise<void> {
    this.#hasTable = false;
    await this.#storage.deleteAll();
  }

  #finds(): boolean {
    const named = this.#storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'kept'");
    return named.toArray().length > 0;
  }

  #demandTable(): void {
    if (this.#hasTable) return;
    this.#storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    );
    this.#hasTable = true;
  }
}

/**
 * Reads of runs one after the other. Small ones come over one cursor. A large one is a copy of a megabyte, so its size
 * is looked at first, and the last that was read is kept: readers go through it in steps smaller than it is.
 */
import { blob, number, numberOrNull, type Columns } from "./columns.ts";
import type { CountedSql } from "./counted-sql.ts";
import type { StoredRun } from "./log-rows.ts";

const LARGE_BYTES = 32_768;
const COLUMNS = "base_offset, last_offset, size, first_sequence, received";

type RunHead = Omit<StoredRun, "bytes">;

export class RunScan {
  readonly #sql: CountedSql;
  #last: StoredRun | null = null;

  constructor(sql: CountedSql) {
    this.#sql = sql;
  }

  /** A row was rewritten, or is gone. */
  forget(): void {
    this.#last = null;
  }

  /** From the first row that begins there or behind: that one, and others while they may fit `bytesMax` with it. */
  *runsFrom(baseOffset: number, bytesMax: number): Generator<StoredRun> {
    let room = bytesMax;
    let from = baseOffset;
    for (let first = true; ; first = false) {
      const head = this.#headAt(from);
      if (head === null || (!first && head.size > room)) return;
      if (head.size < LARGE_BYTES) {
        yield* this.#smallFrom(head.baseOffset);
        return;
      }
      yield this.#large(head);
      room -= head.size;
      from = head.lastOffset + 1;
    }
  }

  *#smallFrom(baseOffset: number): Generator<StoredRun> {
    const query = `SELECT ${COLUMNS}, bytes FROM runs WHERE base_offset >= ? ORDER BY base_offset`;
    for (const row of this.#sql.exec<Columns>(query, baseOffset)) yield { ...headOf(row), bytes: blob(row["bytes"]) };
  }

  #large(head: RunHead): StoredRun {
    if (this.#last?.baseOffset === head.baseOffset) return this.#last;
    const [row] = this.#sql.exec<Columns>("SELECT bytes FROM runs WHERE base_offset = ?", head.baseOffset).toArray();
    this.#last = { ...head, bytes: blob(row?.["bytes"]) };
    return this.#last;
  }

  #headAt(offset: number): RunHead | null {
    const query = `SELECT ${COLUMNS} FROM runs WHERE base_offset >= ? ORDER BY base_offset LIMIT 1`;
    const [row] = this.#sql.exec<Columns>(query, offset).toArray();
    return row === undefined ? null : headOf(row);
  }
}

function headOf(row: Columns): RunHead {
  return {
    baseOffset: number(row["base_offset"]),
    lastOffset: number(row["last_offset"]),
    size: number(row["size"]),
    firstSequence: numberOrNull(row["first_sequence"]),
    received: row["received"] === null ? null : blob(row["received"]),
  };
}

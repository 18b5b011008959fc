/** The SQL of the groups' rows. Nothing of them stays in memory: a partition may have many, and is evicted at any time. */
import { text, type Columns } from "./columns.ts";
import type { CountedSql } from "./counted-sql.ts";
import type { GroupRow } from "./group-row.ts";

export class GroupStore {
  readonly #sql: CountedSql;

  constructor(sql: CountedSql) {
    this.#sql = sql;
  }

  row(group: string): GroupRow | null {
    const [found] = this.#sql.exec<Columns>("SELECT value FROM groups WHERE group_id = ?", group).toArray();
    return found === undefined ? null : rowOf(found);
  }

  /** By name. */
  first(limit: number): (readonly [group: string, row: GroupRow])[] {
    const rows = this.#sql
      .exec<Columns>("SELECT group_id, value FROM groups ORDER BY group_id LIMIT ?", limit)
      .toArray();
    return rows.map((row) => [text(row["group_id"]), rowOf(row)]);
  }

  write(group: string, row: GroupRow): void {
    this.#sql.write(
      "INSERT INTO groups (group_id, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      group,
      JSON.stringify(row),
    );
  }

  forget(group: string): void {
    this.#sql.write("DELETE FROM groups WHERE group_id = ?", group);
  }
}

function rowOf(columns: Columns): GroupRow {
  return JSON.parse(text(columns["value"])) as GroupRow;
}

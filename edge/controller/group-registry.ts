/**
 * The consumer groups of one namespace, over SQL: that they are, and which incarnation of the name. What they are is in
 * their own objects.
 */
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { log } from "../log.ts";

export class GroupRegistry {
  readonly #sql: SqlStorage;
  readonly #clock: Clock;

  constructor(sql: SqlStorage, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  names(): string[] {
    const rows = this.#sql.exec<{ name: string }>("SELECT name FROM groups ORDER BY name").toArray();
    return rows.map(({ name }) => name);
  }

  /**
   * Its incarnation; the same one until it is removed, and then a higher one. To be called in a transaction. Throws
   * `POLICY_VIOLATION` where there would be too many groups.
   */
  register(name: string): number {
    const known = this.#incarnationOf(name);
    if (known !== null) return known;
    this.#demandRoom();
    const incarnation = this.#next();
    this.#sql.exec("INSERT INTO groups (name, incarnation) VALUES (?, ?)", name, incarnation);
    log.info("group registered");
    return incarnation;
  }

  /** Of that incarnation alone: a group that was made again under the name stays. Null: of any. */
  remove(name: string, incarnation: number | null): void {
    this.#sql.exec("DELETE FROM groups WHERE name = ?1 AND incarnation = COALESCE(?2, incarnation)", name, incarnation);
  }

  #incarnationOf(name: string): number | null {
    const rows = this.#sql.exec<{ incarnation: number }>("SELECT incarnation FROM groups WHERE name = ?", name);
    return rows.toArray()[0]?.incarnation ?? null;
  }

  /**
   * Above every one before. Also above those that were given since, where this storage was restored from an older copy:
   * partitions hold a fence of theirs, and would let none of a lower one pass. A clock that goes back changes nothing.
   */
  #next(): number {
    const { value } = this.#sql
      .exec<{ value: number }>(
        `INSERT INTO counters (name, value) VALUES ('incarnation', ?1)
         ON CONFLICT (name) DO UPDATE SET value = MAX(value + 1, ?1) RETURNING value`,
        this.#clock.now(),
      )
      .one();
    return value;
  }

  #demandRoom(): void {
    const { groups } = this.#sql.exec<{ groups: number }>("SELECT COUNT(*) AS groups FROM groups").one();
    if (groups < LIMITS.groupsPerNamespaceMax) return;
    const limit = LIMITS.groupsPerNamespaceMax;
    const said = `${groups} groups are the most of a namespace; delete those that are no longer used`;
    throw new StrandlineError("POLICY_VIOLATION", said, { groups, limit });
  }
}

/** Keys whose values are to be taken out of the log. On the disk until it is done, so that an eviction only delays it. */
import type { CountedSql } from "../counted-sql.ts";
import { blob, number } from "../columns.ts";

export interface Erasure {
  /** Of the tombstone. Every record of the key before it goes. */
  readonly offset: number;
  readonly key: Uint8Array;
}

/** What compaction is told of them. */
export interface ErasureOrders {
  /** Oldest first. */
  pending(): readonly Erasure[];
  /** `unopened`: batches that cannot be opened may hold the keys all the same. */
  done(erasures: readonly Erasure[], unopened: boolean): void;
}

export const NO_ERASURES: ErasureOrders = { pending: () => [], done: () => undefined };

export class Erasures implements ErasureOrders {
  readonly #sql: CountedSql;
  /** Null: not read yet. What is not on the disk is not looked for at every append. */
  #pending: Erasure[] | null = null;
  /** Of those that this object has done, by offset: whether batches were left unopened. */
  readonly #done = new Map<number, boolean>();

  constructor(sql: CountedSql) {
    this.#sql = sql;
  }

  pending(): readonly Erasure[] {
    this.#pending ??= this.#sql
      .exec<{ tombstone_offset: number; key: ArrayBuffer }>("SELECT tombstone_offset, key FROM erasures ORDER BY 1")
      .toArray()
      .map((row) => ({ offset: number(row.tombstone_offset), key: blob(row.key) }));
    return this.#pending;
  }

  /** The newest, where the key came again before its order was carried out. */
  pendingOf(key: Uint8Array): Erasure | null {
    return this.pending().findLast((one) => isSameKey(one.key, key)) ?? null;
  }

  /** Within the transaction of the tombstone. */
  order(erasure: Erasure): void {
    const key = erasure.key.slice();
    const before = this.pending();
    this.#sql.exec("INSERT INTO erasures (tombstone_offset, key) VALUES (?, ?)", erasure.offset, key.buffer);
    this.#pending = [...before, { ...erasure, key }];
  }

  done(erasures: readonly Erasure[], unopened: boolean): void {
    for (const { offset } of erasures) {
      this.#sql.exec("DELETE FROM erasures WHERE tombstone_offset = ?", offset);
      this.#done.set(offset, unopened);
    }
    this.#pending = this.pending().filter((one) => !erasures.includes(one));
  }

  /** Null: it is pending, or was done before this object woke. */
  unopenedOf(offset: number): boolean | null {
    return this.#done.get(offset) ?? null;
  }
}

export function isSameKey(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

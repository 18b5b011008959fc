/**
 * The way from any version of the database to this one, step by step. A step that was released never changes: what it
 * made stands in browsers that were not opened for a year. All steps of one opening share one transaction, so that a
 * page that ends midway leaves the version that was there.
 */
import type { IDBPDatabase, IDBPTransaction } from "idb";

type UpgradeTransaction = IDBPTransaction<unknown, string[], "versionchange">;

interface UpgradeStep {
  readonly to: number;
  /** Makes its requests at once, or from within those before it: the transaction ends when none is left. */
  apply(database: IDBPDatabase, transaction: UpgradeTransaction): void | Promise<void>;
}

const UPGRADES: readonly UpgradeStep[] = [
  {
    to: 1,
    apply(database) {
      for (const name of ["meta", "topics", "partitions", "pending", "log", "offsets", "deadLetters"])
        database.createObjectStore(name);
    },
  },
  {
    to: 2,
    apply(database) {
      for (const name of ["state", "tables"]) database.createObjectStore(name);
    },
  },
  {
    to: 3,
    async apply(_, transaction) {
      // Turns were those of whole groups; a tab that knows no others must not consume beside one that does.
      await transaction.objectStore("offsets").delete(IDBKeyRange.bound([""], ["\u0000"], false, true));
    },
  },
];

interface UpgradeOptions {
  readonly from: number;
  readonly to: number;
  readonly transaction: UpgradeTransaction;
  readonly steps?: readonly UpgradeStep[];
}

/** `from` 0: the database is being made. Where a step fails the whole is undone, and opening fails: never rejects. */
export async function upgrade(
  database: IDBPDatabase,
  { from, to, transaction, steps = UPGRADES }: UpgradeOptions,
): Promise<void> {
  try {
    for (const step of steps)
      if (step.to > from && step.to <= to) {
        const more = step.apply(database, transaction);
        // Awaiting nothing would let the transaction end before the next step.
        if (more !== undefined) await more;
      }
  } catch {
    transaction.abort();
  }
}

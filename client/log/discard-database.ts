/**
 * A device's database, deleted with all it holds. What is lost with it has to be told exactly, and other tabs may be
 * appending: so it is counted and emptied in an upgrade, which IndexedDB gives to one connection alone. A tab that comes
 * later finds another version, or no database, and is refused; nothing is acked into what is being thrown away.
 */
import { deleteDB, openDB } from "idb";
import type { Clock } from "../../shared/clock.ts";
import { openError, storeFailed } from "./idb-errors.ts";
import type { PartitionRow, TopicRow } from "./rows.ts";
import type { StoreName } from "./store.ts";

/** Of a database that was emptied to be deleted. No schema comes to it. */
export const DISCARDED_VERSION: number = 2 ** 31;
/** Tabs that run let go of it at once. */
const LET_GO_MS_MAX = 5_000;

interface Progress {
  /** Nothing is to be lost any more. */
  gaveUp: boolean;
  /** What is lost is being lost. */
  emptying: boolean;
}

/** How many records it held that were not synced. Rejects with `STORE_FAILED`, and nothing is lost, where a tab does not let go of it. */
export async function discardDatabase(name: string, clock: Clock): Promise<number> {
  const progress: Progress = { gaveUp: false, emptying: false };
  const emptying = emptied(name, progress);
  const timer = new AbortController();
  const late = clock.sleep(LET_GO_MS_MAX, timer.signal).then(() => null);
  try {
    const first = await Promise.race([emptying, late]);
    // What has begun ends by itself, and nobody holds it up any more.
    const unsynced = first === null && progress.emptying ? await emptying : first;
    if (unsynced === null) {
      progress.gaveUp = true;
      emptying.catch(() => undefined);
      throw storeFailed(`another tab keeps the database open, waited ${LET_GO_MS_MAX} ms`, "failed");
    }
    await deleteDB(name);
    return unsynced;
  } finally {
    timer.abort();
  }
}

/** Where a page ended between the two steps. True: the database is gone now. */
export async function finishDiscard(name: string): Promise<boolean> {
  const known = await indexedDB.databases();
  if (!known.some((one) => one.name === name && one.version === DISCARDED_VERSION)) return false;
  await deleteDB(name);
  return true;
}

async function emptied(name: string, progress: Progress): Promise<number> {
  let unsynced = 0;
  try {
    const database = await openDB(name, DISCARDED_VERSION, {
      async upgrade(opened, oldVersion, _newVersion, transaction) {
        // Its rejection reaches us as that of `openDB`.
        transaction.done.catch(() => undefined);
        if (progress.gaveUp) return transaction.abort();
        if (oldVersion === 0) return;
        const rows = async <Row>(store: StoreName): Promise<{ key: IDBValidKey; row: Row }[]> => {
          const held = transaction.objectStore(store);
          const [keys, values] = await Promise.all([held.getAllKeys(), held.getAll() as Promise<Row[]>]);
          return keys.flatMap((key, index) => (values[index] === undefined ? [] : [{ key, row: values[index] }]));
        };
        unsynced = unsyncedOf(await rows<TopicRow>("topics"), await rows<PartitionRow>("partitions"));
        // Its caller was told that nothing is lost while the rows were read.
        if (progress.gaveUp) return transaction.abort();
        progress.emptying = true;
        for (const store of Array.from(opened.objectStoreNames)) opened.deleteObjectStore(store);
      },
    });
    database.close();
    return unsynced;
  } catch (cause) {
    throw openError(cause);
  }
}

function unsyncedOf(
  topics: readonly { readonly row: TopicRow }[],
  partitions: readonly { readonly key: IDBValidKey; readonly row: PartitionRow }[],
): number {
  const local = new Set(topics.filter(({ row }) => row.local).map(({ row }) => row.topicKey));
  return partitions
    .filter(({ key }) => !local.has((key as [TopicRow["topicKey"], number])[0]))
    .reduce((sum, { row }) => sum + row.nextLocalSequence - row.ackedLocalSequence, 0);
}

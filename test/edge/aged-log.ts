/** The storage of a partition from below: aged, copied, restored, damaged. */
import { runInDurableObject } from "cloudflare:test";
import type { PartitionAddress } from "../../edge/partition/partition-port.ts";
import type { PartitionObject } from "../../edge/worker.ts";
import { evict, stubOf, type Place } from "./edge.ts";

const TABLES = ["meta", "log_state", "runs", "producer_shards", "groups"] as const;

export type Tables = Readonly<Record<string, readonly Readonly<Record<string, SqlStorageValue>>[]>>;

export function addressOf({ topicId, partition }: Place): PartitionAddress {
  return { namespace: "default", topicId, partition };
}

/** Runs with the object as it is in memory. */
export async function within<Result>(
  place: Place,
  body: (object: PartitionObject, state: DurableObjectState) => Result | Promise<Result>,
): Promise<Result> {
  return await runInDurableObject(stubOf(place), async (object, state) => await body(object, state));
}

export async function sql(place: Place, query: string, ...values: SqlStorageValue[]): Promise<unknown[]> {
  return await within(place, (_, { storage }) => storage.sql.exec(query, ...values).toArray());
}

/** All rows of all tables. */
export async function dump(place: Place): Promise<Tables> {
  return await within(place, (_, { storage }) =>
    Object.fromEntries(TABLES.map((table) => [table, storage.sql.exec(`SELECT * FROM ${table}`).toArray()])),
  );
}

/** The disk goes back to an older copy; the object starts again from it. */
export async function restore(place: Place, tables: Tables): Promise<void> {
  await within(place, (_, { storage }) => {
    storage.transactionSync(() => {
      for (const [table, rows] of Object.entries(tables)) {
        storage.sql.exec(`DELETE FROM ${table}`);
        for (const row of rows) {
          const names = Object.keys(row);
          const marks = names.map(() => "?").join(", ");
          storage.sql.exec(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${marks})`, ...Object.values(row));
        }
      }
    });
  });
  await evict(place);
}

/** As if all rows had been appended so much earlier. */
export async function age(place: Place, ms: number, where = "1 = 1"): Promise<void> {
  await sql(place, `UPDATE runs SET appended_at = appended_at - ${ms} WHERE ${where}`);
  await evict(place);
}

/** The blobs of all runs, in offset order. */
export async function runBytesOf(place: Place): Promise<Uint8Array[]> {
  const rows = (await sql(place, "SELECT bytes FROM runs ORDER BY base_offset")) as { bytes: ArrayBuffer }[];
  return rows.map(({ bytes }) => new Uint8Array(bytes));
}

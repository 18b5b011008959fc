import { createRxDatabase } from "rxdb";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { nextId, type Rival } from "./rival.ts";

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: { id: { type: "string", maxLength: 12 }, value: { type: "string" } },
  required: ["id", "value"],
} as const;

/** On its free storage, over Dexie. */
export async function openRxDb(name: string): Promise<Rival> {
  const database = await createRxDatabase({ name, storage: getRxStorageDexie(), multiInstance: false });
  const { records } = await database.addCollections({ records: { schema: SCHEMA } });
  return {
    name: "RxDB",
    bulk: async (values) => void (await records.bulkInsert(values.map((value) => ({ id: nextId(), value })))),
    add: async (value) => void (await records.insert({ id: nextId(), value })),
    remove: async () => void (await database.remove()),
  };
}

import PouchDB from "pouchdb-browser";
import { nextId, type Rival } from "./rival.ts";

/** Durability is the browser's default: it has no setting for it. */
export function openPouchDb(name: string): Rival {
  const database = new PouchDB<{ value: string }>(name, { adapter: "idb", auto_compaction: false });
  return {
    name: "PouchDB",
    bulk: async (values) => void (await database.bulkDocs(values.map((value) => ({ _id: nextId(), value })))),
    add: async (value) => void (await database.put({ _id: nextId(), value })),
    remove: () => database.destroy(),
  };
}

import { Dexie } from "dexie";
import type { Rival } from "./rival.ts";

/** With the durability that ours has; its default is the browser's, which is relaxed. */
export function openDexie(name: string): Rival {
  const database = new Dexie(name, { chromeTransactionDurability: "strict" });
  database.version(1).stores({ records: "++id" });
  const records = database.table<{ value: string }>("records");
  return {
    name: "Dexie",
    bulk: async (values) => void (await records.bulkAdd(values.map((value) => ({ value })))),
    add: async (value) => void (await records.add({ value })),
    remove: () => database.delete(),
  };
}

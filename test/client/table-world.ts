/** A page, an edge that does what it is told, and tables in words: `a=1 b=2`. */
import { expect } from "vitest";
import { MemoryStore } from "../../client/log/memory-store.ts";
import type { FetchedRun } from "../../client/log/device-log.ts";
import type { Table } from "../../client/page/table.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { runAt } from "./log/fetched-run.ts";
import { placeOf, Tab } from "./log/log-fixture.ts";
import { MemoryLocks } from "./memory-locks.ts";
import { MemoryChannels, MemoryTab, type MemoryTabOptions } from "./memory-tab.ts";

/** `a=1 b=2 c`: the last is a tombstone. */
export function batch(records: string): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  for (const word of records.split(" ")) {
    const [key = "", value] = word.split("=");
    encoder.append({ key, value: value ?? null, timestamp: 1_000 });
  }
  return encoder.finish();
}

export async function world(seed = 1, more: Partial<MemoryTabOptions> = {}) {
  const store = new MemoryStore();
  const channels = new MemoryChannels();
  const locks = new MemoryLocks();
  const open = (): Promise<MemoryTab> =>
    MemoryTab.open({ store, channels, random: new SeededRandom(seed), locks: () => locks, ...more });
  const [page, edge] = [await open(), await Tab.open(store)];
  return {
    store,
    open,
    page,
    edge,
    /** `send("orders-0", "a=1 b")`. */
    send: async (place: string, records: string): Promise<void> => {
      await edge.log.localLog.append([{ ...placeOf(place), batch: batch(records) }]);
      page.tell();
    },
    commit: async (place: string, count: number, offset: number | null): Promise<void> => {
      await edge.commit(place, count, offset);
      page.tell();
    },
    fetched: async (place: string, at: number, records: string, more: Partial<FetchedRun> = {}): Promise<void> => {
      await edge.log.replica.store([runAt(await edge.ref(place), at, [batch(records)], more)]);
      page.tell();
    },
    refuse: async (place: string): Promise<void> => {
      await edge.refuseFirst(place);
      page.tell();
    },
  };
}

export const inWords = async (table: Table<string>): Promise<string> =>
  (await table.entries()).map(([key, value]) => `${key}=${value}`).join(" ");
export const becomes = (table: Table<string>, words: string): Promise<void> =>
  expect.poll(() => inWords(table), { interval: 5 }).toBe(words);

/** A page whose consumer reads through: it shows what the edge holds, and its device stores nothing of it. */
import { Strandline, type Consumer } from "../../client/index.ts";

export interface ReadThroughPage {
  /** What handlers were shown, in order. */
  readonly seen: readonly string[];
  readonly crashes: readonly string[];
  /** Resolves when the consumer runs; `from`: sought in the only partition, once it does. */
  watch(topic: string, options?: { readonly groupId?: string; readonly timestamp?: number }): Promise<void>;
  /** Resolves when it has stopped and what it handled is committed. */
  stop(): Promise<void>;
  forget(): void;
  /** Bytes of committed records in the page's database. */
  storedRecords(): Promise<number>;
  close(): Promise<void>;
}

declare global {
  interface Window {
    through: ReadThroughPage;
  }
}

const strandline = new Strandline({
  url: new URLSearchParams(location.search).get("edge") ?? "",
  database: "through",
  retry: { initialRetryTime: 20, maxRetryTime: 200 },
  worker: () => new Worker("worker.js", { type: "module" }),
});
const seen: string[] = [];
const crashes: string[] = [];
let consumer: Consumer | null = null;

async function watch(
  topic: string,
  { groupId, timestamp }: { readonly groupId?: string; readonly timestamp?: number } = {},
): Promise<void> {
  consumer = strandline.consumer({ ...(groupId === undefined ? {} : { groupId }), maxWaitTimeInMs: 500 });
  consumer.on("crash", ({ error }) => crashes.push(String(error)));
  await consumer.subscribe({ topic, fromBeginning: true, storage: "none" });
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.text() ?? "") });
  if (timestamp !== undefined) consumer.seek({ topic, partition: 0, timestamp });
}

async function storedRecords(): Promise<number> {
  const opened = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("through");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error(String(request.error)));
  });
  const counting = opened.transaction("log").objectStore("log").count();
  const count = await new Promise<number>((resolve) => (counting.onsuccess = () => resolve(counting.result)));
  opened.close();
  return count;
}

window.through = {
  seen,
  crashes,
  watch,
  stop: async () => await consumer?.stop(),
  forget: () => void (seen.length = 0),
  storedRecords,
  close: () => strandline.close(),
};

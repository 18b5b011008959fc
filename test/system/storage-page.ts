/** A page for tests of what storage does to a device: a public client, its events, and what stands on the origin's disk. */
import { Strandline, StrandlineError, type StorageReport, type StrandlineEvents } from "../../client/index.ts";
import { cachePerch } from "../../client/storage/cache-perch.ts";

type Told = StrandlineEvents["storage.pressure" | "storage.lost" | "storage.memory" | "logged.out" | "device.new"];

export interface Answer {
  readonly ok: boolean;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly ms: number;
}

export interface StoragePage {
  /** One record of so many random bytes, which nothing compresses. */
  send(topic: string, bytes: number): Promise<Answer>;
  told(): Told[];
  /** Subscribes from the beginning; how many records came so far. */
  consume(topic: string): Promise<void>;
  consumed(): number;
  pending(): Promise<number>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  report(): Promise<StorageReport>;
  destroy(): Promise<{ readonly unsyncedRecords: number }>;
  /** How many unsynced records the note outside of IndexedDB tells of; null: there is none. */
  noted(): Promise<number | null>;
  /** All that a script may find on the origin. */
  leftovers(): Promise<string[]>;
}

declare global {
  interface Window {
    storagePage: StoragePage;
  }
}

const query = new URLSearchParams(location.search);
const [url, token] = [query.get("edge"), query.get("token")];
const strandline = new Strandline({
  ...(token === null ? {} : { auth: () => token, namespace: "acme", principal: "ann" }),
  ...(url === null ? {} : { url }),
  retry: { initialRetryTime: 20, maxRetryTime: 200 },
  worker: () => new Worker("worker.js", { type: "module" }),
});
const told: Told[] = [];
for (const type of ["storage.pressure", "storage.lost", "storage.memory", "logged.out", "device.new"] as const)
  strandline.on(type, (event: Told) => void told.push(event));

function random(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

async function send(topic: string, bytes: number): Promise<Answer> {
  const began = performance.now();
  const answer = (code: string, message: string, details: Answer["details"]): Answer => ({
    ...{ ok: code === "", code, message, details },
    ms: performance.now() - began,
  });
  try {
    await strandline.producer().send({ topic, messages: [{ key: "k", value: random(bytes) }] });
    return answer("", "", {});
  } catch (error) {
    if (error instanceof StrandlineError) return answer(error.code, error.message, error.details);
    return answer("?", String(error), {});
  }
}

let consumed = 0;

async function consume(topic: string): Promise<void> {
  const consumer = strandline.consumer({ groupId: "readers" });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async () => void (consumed += 1) });
}

async function noted(): Promise<number | null> {
  const [name] = await caches.keys();
  const note = await cachePerch(name?.replace(/^strandline:/, "") ?? "")?.read();
  return note?.unsyncedRecords ?? null;
}

async function leftovers(): Promise<string[]> {
  const found = (await indexedDB.databases()).map(({ name }) => `database ${name}`);
  found.push(...(await caches.keys()).map((name) => `cache ${name}`));
  const root = await navigator.storage.getDirectory();
  for await (const name of root.keys()) found.push(`file ${name}`);
  found.push(...Object.keys(localStorage).map((key) => `local ${key}`));
  found.push(...Object.keys(sessionStorage).map((key) => `session ${key}`));
  return found;
}

window.storagePage = {
  send,
  told: () => told,
  consume,
  consumed: () => consumed,
  pending: async () => (await strandline.sync.status()).pendingRecords,
  pause: () => strandline.sync.pause(),
  resume: () => strandline.sync.resume(),
  report: () => strandline.storage.estimate(),
  destroy: () => strandline.destroy(),
  noted,
  leftovers,
};

/**
 * For the app's own service worker: what a tab that is gone has not sent is sent by Background Sync, where the browser has
 * one; elsewhere by the next start. It sends as any tab does, under the device's lock and with the bytes that stand in the
 * store, so that neither order nor exactly-once depends on it.
 */
import { BACKGROUND_SYNC_TAG } from "./background-sync-tag.ts";
import { workerOptions, type StrandlineOptions } from "./options.ts";
import { webLocks } from "./web-ports.ts";
import { databaseName, openWorkerDevice } from "./worker-graph.ts";
import { demandNoMore, drained, type DrainResult } from "./worker/drain.ts";

export type { DrainResult };

export interface DrainOptions extends Pick<
  StrandlineOptions,
  "namespace" | "principal" | "auth" | "database" | "retry"
> {
  /** Absolute, as the pages name it: a relative one would be another database's. */
  readonly url: string;
  /** After so long it ends, sent or not; 60,000 ms by default. Browsers end an event that takes minutes. */
  readonly timeoutMs?: number;
}

const DRAIN_MS_MAX = 60_000;

interface SyncEvent extends Event {
  readonly tag: string;
  waitUntil(promise: Promise<unknown>): void;
}

/** Answers the `sync` events that pages with `backgroundSync: true` ask for. Call it while the script is first evaluated. */
export function drainOnSync(options: DrainOptions): void {
  addEventListener("sync", (event) => {
    const sync = event as SyncEvent;
    if (sync.tag === BACKGROUND_SYNC_TAG) sync.waitUntil(drainOutbox(options).then(demandNoMore));
  });
}

/**
 * Sends what waits in that device's outbox, unless a tab does. For other occasions than Background Sync: a push message, a
 * periodic sync. Errors: `STORE_FAILED`, `PRINCIPAL_CHANGED`, `UNSUPPORTED_OPERATION`, `INVALID_ARGUMENT`.
 */
export async function drainOutbox(options: DrainOptions): Promise<DrainResult> {
  const { auth, timeoutMs = DRAIN_MS_MAX, ...rest } = options;
  const given = workerOptions({ ...rest, ...(auth === undefined ? {} : { auth }) });
  // A principal who was signed out and discarded has no database, and none is made for them.
  const names = await indexedDB.databases().catch(() => null);
  const database = given.database ?? databaseName(given);
  if (names !== null && !names.some(({ name }) => name === database)) return { outcome: "drained", pendingRecords: 0 };
  const askToken = auth === undefined ? null : async () => await auth();
  // A log in memory would be another one than the tabs have.
  const { device } = await openWorkerDevice({ ...given, storage: "indexeddb" }, { locks: webLocks(), askToken });
  try {
    return await drained(device, timeoutMs);
  } finally {
    await device.close();
  }
}

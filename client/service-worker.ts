/**
 * For the app's own service worker: what a tab that is gone has not sent is sent by Background Sync, where the browser has
 * one; elsewhere by the next start. It sends as any tab does, under the device's lock and with the bytes that stand in the
 * store, so that neither order nor exactly-once depends on it.
 */
import { StrandlineError } from "../shared/strandline-error.ts";
import { BACKGROUND_SYNC_TAG } from "./background-sync-tag.ts";
import { workerOptions, type StrandlineOptions } from "./options.ts";
import { Wake } from "./wake.ts";
import { systemClock as clock, webLocks } from "./web-ports.ts";
import { databaseName, openWorkerDevice } from "./worker-graph.ts";
import type { Device } from "./worker/device.ts";

export interface DrainOptions extends Pick<
  StrandlineOptions,
  "namespace" | "principal" | "auth" | "database" | "retry"
> {
  /** Absolute, as the pages name it: a relative one would be another database's. */
  readonly url: string;
  /** After so long it ends, sent or not; 60,000 ms by default. Browsers end an event that takes minutes. */
  readonly timeoutMs?: number;
}

export interface DrainResult {
  /** `drained`: nothing waits. `led`: a tab runs, and sends by itself. `paused`: sync is paused. `late`: the time was up. */
  readonly outcome: "drained" | "led" | "paused" | "late";
  readonly pendingRecords: number;
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
    if (sync.tag === BACKGROUND_SYNC_TAG) sync.waitUntil(drainForEvent(options));
  });
}

/** The browser fires the event again later where it rejects. */
async function drainForEvent(options: DrainOptions): Promise<void> {
  const { outcome, pendingRecords } = await drainOutbox(options);
  // A tab that leads may end as well before it has sent them.
  if (outcome === "late" || outcome === "led")
    throw new StrandlineError("NOT_SYNCED_YET", `${pendingRecords} records wait`, { pendingRecords });
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

async function drained(device: Device, timeoutMs: number): Promise<DrainResult> {
  const { database, outbox, news, settings } = device;
  const lock = `strandline:${database}:sync`;
  const wake = new Wake(clock);
  let led = false;
  const stop = news.listen((message, from) => {
    if (from === "other-tab" && message.type === "lock.held" && message.lock === lock) led = true;
    else if (message.type !== "settled" && message.type !== "event") return;
    wake.ring();
  });
  const timer = new AbortController();
  let late = false;
  void clock.sleep(timeoutMs, timer.signal).then(() => {
    late = true;
    wake.ring();
  });
  news.publish({ type: "lock.asked", lock });
  try {
    for (;;) {
      const pendingRecords = (await outbox.waiting()).reduce((sum, { records }) => sum + records, 0);
      if (pendingRecords === 0) return { outcome: "drained", pendingRecords };
      if (led) return { outcome: "led", pendingRecords };
      if (await settings.paused()) return { outcome: "paused", pendingRecords };
      if (late) return { outcome: "late", pendingRecords };
      await wake.wait(timeoutMs);
    }
  } finally {
    timer.abort();
    stop();
  }
}

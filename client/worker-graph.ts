/** What the entry builds a worker's device of: the store, the four faces of the log, the channel to other tabs, and sync. */
import { rollBrowserLog } from "./browser-log.ts";
import { broadcastDeviceChannel, DeviceNews } from "./device-news.ts";
import { discardDatabase } from "./log/discard-database.ts";
import { IdbStore } from "./log/idb-store.ts";
import { openDevice, type DeviceLog } from "./log/open-device.ts";
import type { Locks } from "./ports.ts";
import { httpTransport } from "./sync/http-transport.ts";
import { ownedTransport } from "./sync/owned-transport.ts";
import { startSync, type SyncHandle, type SyncListener } from "./sync/sync.ts";
import { TokenSource } from "./sync/token-source.ts";
import { cryptoRandom as random, isChromium, systemClock as clock } from "./web-ports.ts";
import type { WorkerOptions } from "./calls/worker-options.ts";
import type { Device } from "./worker/device.ts";
import { storedSettings } from "./worker/settings.ts";

interface Page {
  readonly locks: Locks;
  /** Null: the edge's doors are open. */
  readonly askToken: (() => Promise<string>) | null;
}

export async function openWorkerDevice(options: WorkerOptions, { locks, askToken }: Page): Promise<Device> {
  const { url, namespace, principal, localPartitionCount } = options;
  const database = options.database ?? databaseName(options);
  let outdated = (): void => {};
  const store = new IdbStore({ name: database, clock, commitsEarly: isChromium(), onOutdated: () => outdated() });
  const local = url === null ? { partitionCount: localPartitionCount } : null;
  const opening = openDevice({ store, clock, random, namespace, principal, local });
  const [log] = await Promise.all([opening, rollBrowserLog(clock)]);
  const settings = storedSettings(store);
  const news = new DeviceNews(broadcastDeviceChannel(database), clock);
  const paused = await settings.paused();
  const sync = url === null ? null : syncWith(url, { options, database, log, locks, askToken, news, paused });
  // The newer tab leads from here on: this one could read nothing of what is to be sent.
  outdated = (): void => {
    void sync?.close();
    news.tellHere({ type: "event", event: { type: "app.outdated" } });
  };
  const close = async (): Promise<void> => {
    await sync?.close();
    news.close();
    store.close();
  };
  const { localLog, outbox, replica, catalog, topicAdmin } = log;
  const discard = async (): Promise<number> => {
    await close();
    return await discardDatabase(database, clock);
  };
  return {
    database,
    localLog,
    outbox,
    replica,
    catalog,
    topicAdmin,
    settings,
    news,
    locks,
    clock,
    random,
    sync,
    close,
    discard,
  };
}

interface SyncParts extends Page {
  readonly options: WorkerOptions;
  readonly database: string;
  readonly log: DeviceLog;
  readonly news: DeviceNews;
  readonly paused: boolean;
}

export function syncWith(
  url: string,
  { options, database, log, locks, askToken, news, paused }: SyncParts,
): SyncHandle {
  const { namespace, principal, retry } = options;
  const { outbox, replica, catalog, device } = log;
  const listener: SyncListener = {
    settled: (ref) => news.publish({ type: "settled", refs: [ref] }),
    replicated: (refs) => news.publish({ type: "replicated", refs }),
    learned: () => news.publish({ type: "learned" }),
    event: (event) => news.publish({ type: "event", event }),
  };
  const { rootProducerKey } = device;
  const lockName = `strandline:${database}:sync`;
  const ports = {
    lockName,
    rootProducerKey,
    namespace,
    principal,
    outbox,
    replica,
    catalog,
    locks,
    news,
    clock,
    random,
    retry,
    listener,
    paused,
  };
  const tokens = askToken === null ? null : new TokenSource(askToken, clock);
  return startSync({ ...ports, transport: ownedTransport(httpTransport(url), { namespace, principal }, tokens) });
}

/** Injective, so that no two principals ever share a log. */
export function databaseName({ url, namespace, principal }: WorkerOptions): string {
  return `strandline:${JSON.stringify([url, namespace, principal])}`;
}

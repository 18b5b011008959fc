/** What a client without a browser works with: a device in memory, which nobody else shares, with sync where there is an edge. */
import type { StorageReport } from "./calls/device-calls.ts";
import type { WorkerOptions } from "./calls/worker-options.ts";
import { DeviceNews, type DeviceChannel } from "./device-news.ts";
import { MemoryStore } from "./log/memory-store.ts";
import { openDevice } from "./log/open-device.ts";
import { MemoryLocks } from "./memory-locks.ts";
import { cryptoRandom as random, systemClock as clock } from "./web-ports.ts";
import type { Device } from "./worker/device.ts";
import { storedSettings } from "./worker/settings.ts";
import { syncWith } from "./worker-graph.ts";

/** Names locks alone, and each device has locks of its own. */
const DATABASE = "memory";

const NO_OTHER_TABS: DeviceChannel = { post: () => {}, onMessage: () => {}, close: () => {} };

export async function openMemoryDevice(
  options: WorkerOptions,
  askToken: (() => Promise<string>) | null,
): Promise<Device> {
  const { url, namespace, principal, localPartitionCount } = options;
  const store = new MemoryStore();
  const local = url === null ? { partitionCount: localPartitionCount } : null;
  const log = await openDevice({ store, clock, random, namespace, principal, local });
  if (options.strictOrder !== null && url !== null) await log.catalog.setStrictOrder(options.strictOrder);
  const locks = new MemoryLocks();
  const news = new DeviceNews(NO_OTHER_TABS, clock);
  const parts = { options, database: DATABASE, log, store, locks, askToken, news, paused: false };
  const edge = url === null ? null : syncWith(url, parts);
  const sync = edge?.sync ?? null;
  const groups = edge === null ? {} : { edge: edge.join };
  const close = async (): Promise<void> => {
    await sync?.close();
    news.close();
    store.close();
  };
  const { localLog, outbox, replica, own, catalog, topicAdmin } = log;
  const discard = async (): Promise<number> => {
    const unsynced = (await outbox.waiting()).reduce((sum, { records }) => sum + records, 0);
    await close();
    return unsynced;
  };
  const { deviceId } = log.device;
  const storageReport = async (): Promise<StorageReport> => ({
    ...{ usageBytes: null, quotaBytes: null },
    ...{ level: "ok", kind: "memory", deviceId },
  });
  // A process that runs for months keeps nothing of what it reads.
  const reading = sync === null ? {} : { readThrough: () => sync.reader(), storesNoReads: true };
  const settings = storedSettings(store);
  const faces = { store, localLog, outbox, replica, own, catalog, topicAdmin, settings, ...reading };
  return { database: DATABASE, ...faces, groups, news, locks, clock, random, sync, storageReport, close, discard };
}

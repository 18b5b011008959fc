/** What the entry builds a worker's device of: the store, the four faces of the log, the channel to other tabs, and sync. */
import type { StorageReport } from "./calls/device-calls.ts";
import { broadcastDeviceChannel, DeviceNews } from "./device-news.ts";
import type { EdgeRequest } from "./calls/admin-calls.ts";
import { EdgeMember } from "./group/edge-member.ts";
import { groupTransport } from "./group/edge-transport.ts";
import type { JoinGroup } from "./group/group-membership.ts";
import type { Store } from "./log/store.ts";
import { EdgeClient } from "./sync/edge-client.ts";
import { TailBeats } from "./sync/tail-beats.ts";
import type { DeviceLog } from "./log/open-device.ts";
import type { Locks } from "./ports.ts";
import { httpTransport } from "./sync/http-transport.ts";
import { ownedTransport } from "./sync/owned-transport.ts";
import { startSync, type SyncHandle, type SyncListener } from "./sync/sync.ts";
import { TokenSource } from "./sync/token-source.ts";
import { cryptoRandom as random, systemClock as clock } from "./web-ports.ts";
import { webTail } from "./sync/web-tail.ts";
import type { WorkerEvent } from "./calls/worker-event.ts";
import type { WorkerOptions } from "./calls/worker-options.ts";
import type { Device } from "./worker/device.ts";
import { storedSettings } from "./worker/settings.ts";
import { openWorkerStorage } from "./worker-storage.ts";

interface Page {
  readonly locks: Locks;
  /** Null: the edge's doors are open. */
  readonly askToken: (() => Promise<string>) | null;
}

interface OpeningPage {
  /** Told what stands in the way of opening; absent: there is no page. */
  readonly tellPage?: (event: WorkerEvent) => void;
}

/** `begin`: once the worker's core hears of news, which has to be in this very task: a sign-out in another tab is told once. */
export interface OpenedDevice {
  readonly device: Device;
  /** As it was when it opened. */
  readonly paused: boolean;
  readonly begin: () => void;
}

export async function openWorkerDevice(
  options: WorkerOptions,
  { locks, askToken, tellPage = () => {} }: Page & OpeningPage,
): Promise<OpenedDevice> {
  const { url } = options;
  const named = options.database ?? databaseName(options);
  const storage = await openWorkerStorage({ options, database: named, locks, tellPage });
  const { log, store, database } = storage;
  // Before anything is sent: what is refused first is not given up either.
  if (options.strictOrder !== null && url !== null) await log.catalog.setStrictOrder(options.strictOrder);
  const settings = storedSettings(store);
  const news = new DeviceNews(broadcastDeviceChannel(database), clock);
  const paused = await settings.paused();
  const edge = url === null ? null : syncWith(url, { options, database, log, store, locks, askToken, news, paused });
  const sync = edge?.sync ?? null;
  // The newer tab leads from here on: this one could read nothing of what is to be sent.
  storage.onOutdated(() => {
    void sync?.close();
    news.tellHere({ type: "event", event: { type: "app.outdated" } });
  });
  const close = async (): Promise<void> => {
    await sync?.close();
    news.close();
    await storage.close();
  };
  const { localLog, outbox, replica, own, catalog, topicAdmin } = log;
  const discard = async (): Promise<number> => {
    await storage.sayGoodbye();
    const unsynced = await storage.unsyncedRecords();
    await close();
    return await storage.discard(unsynced);
  };
  const storageReport = (): Promise<StorageReport> => storage.report();
  const readThrough = sync === null ? null : () => sync.reader();
  const faces = { store, localLog, outbox, replica, own, readThrough, catalog, topicAdmin, settings };
  const groups = edge === null ? {} : { edge: edge.join };
  const device = { database, ...faces, groups, news, locks, clock, random, sync, storageReport, close, discard };
  return { device, paused, begin: () => storage.begin(news, { sync, registers: askToken !== null }) };
}

interface SyncParts extends Page {
  readonly options: WorkerOptions;
  readonly database: string;
  readonly log: DeviceLog;
  readonly store: Store;
  readonly news: DeviceNews;
  readonly paused: boolean;
}

/** What a device has with an edge. */
export interface Edge {
  readonly sync: SyncHandle;
  /** Groups that all devices share. */
  readonly join: JoinGroup;
}

export function syncWith(url: string, parts: SyncParts): Edge {
  const { options, database, log, locks, askToken, news, paused } = parts;
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
  const transport = ownedTransport(httpTransport(url), { namespace, principal }, tokens);
  const socket = webTail(url, tokens !== null);
  const beats = socket === null ? null : new TailBeats(clock);
  const tail = socket === null || beats === null ? socket : beats.over(socket);
  const sync = startSync({ ...ports, transport, tail });
  const client = new EdgeClient(transport);
  const request = async (asked: EdgeRequest, signal: AbortSignal): Promise<unknown> =>
    await client.request(asked, signal);
  const askTopics = async (names: readonly string[]): Promise<unknown> =>
    await sync.refreshTopics(names, { create: false });
  const { store } = parts;
  const join: JoinGroup = (asked, events) => {
    const groupId = asked.groupId ?? "";
    const transport = groupTransport({ groupId, request, beats });
    const { clientId } = options;
    const member = { groupId, clientId, database, transport, store, catalog, replica, askTopics };
    return new EdgeMember({ ...member, locks, news, clock, random, retry }, asked, events);
  };
  return { sync, join };
}

/** Injective, so that no two principals ever share a log. */
export function databaseName({ url, namespace, principal }: WorkerOptions): string {
  return `strandline:${JSON.stringify([url, namespace, principal])}`;
}

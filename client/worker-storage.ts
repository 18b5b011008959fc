/** What a worker's log stands on: the store, whoever looks after its room, and the note that tells of its loss. */
import { rollBrowserLog } from "./browser-log.ts";
import type { StorageReport } from "./calls/device-calls.ts";
import type { WorkerEvent } from "./calls/worker-event.ts";
import type { WorkerOptions } from "./calls/worker-options.ts";
import type { DeviceNews } from "./device-news.ts";
import { discardDatabase } from "./log/discard-database.ts";
import { isUnavailable, storeFailed } from "./log/idb-errors.ts";
import { IdbStore } from "./log/idb-store.ts";
import { MemoryStore } from "./log/memory-store.ts";
import { openDevice, type DeviceLog } from "./log/open-device.ts";
import type { Store } from "./log/store.ts";
import type { Locks } from "./ports.ts";
import type { SyncHandle } from "./sync/sync.ts";
import { cachePerch } from "./storage/cache-perch.ts";
import { Canary, type CanaryNote } from "./storage/canary.ts";
import { evictableReplica } from "./storage/evictable-replica.ts";
import { evict } from "./storage/eviction.ts";
import { DeviceRegistry } from "./storage/device-registry.ts";
import { Housekeeper } from "./storage/housekeeper.ts";
import { roomyStore } from "./storage/roomy-store.ts";
import { QuotaGovernor } from "./storage/quota-governor.ts";
import { browserLabel, browserStorage, cryptoRandom as random, isChromium, systemClock as clock } from "./web-ports.ts";

/** In `meta`: the principal's other devices were told of. */
const TOLD = "toldOfDevices";

interface Place {
  readonly options: WorkerOptions;
  readonly database: string;
  readonly locks: Locks;
  /** What stands in the way of opening: told while nobody can be told otherwise. */
  readonly tellPage: (event: WorkerEvent) => void;
}

interface Parts extends Place {
  readonly store: Store;
  /** The same for those who write little: they make room. */
  readonly roomy: Store;
  readonly log: DeviceLog;
  readonly governor: QuotaGovernor;
  readonly watch: Watch;
  /** Null: it stands in IndexedDB. */
  readonly memoryReason: string | null;
}

/** What is told before anybody is there to hear it waits for them. */
class Watch {
  #news: DeviceNews | null = null;
  #early: WorkerEvent[] = [];
  onGone: () => void = () => {};
  onOutdated: () => void;

  constructor(tellPage: Place["tellPage"]) {
    this.onOutdated = () => tellPage({ type: "app.outdated" });
  }

  begin(news: DeviceNews): void {
    this.#news = news;
    for (const event of this.#early.splice(0)) this.tell(event);
  }

  readonly tell = (event: WorkerEvent): void => {
    if (this.#news === null) this.#early.push(event);
    else this.#news.publish({ type: "event", event });
  };
}

export async function openWorkerStorage(place: Place): Promise<WorkerStorage> {
  const { storage } = place.options;
  if (storage === "memory") return await openInMemory(place, "asked for");
  try {
    return await openInIndexedDb(place);
  } catch (error) {
    if (storage === "indexeddb" || !isUnavailable(error)) throw error;
    return await openInMemory(place, error instanceof Error ? error.message : String(error));
  }
}

async function openInIndexedDb(place: Place): Promise<WorkerStorage> {
  // Firefox has had private windows in which it is null.
  if (typeof indexedDB === "undefined" || (indexedDB as IDBFactory | null) === null)
    throw storeFailed("there is no IndexedDB here", "failed", new ReferenceError("indexedDB"));
  const watch = new Watch(place.tellPage);
  const store = new IdbStore({
    name: place.database,
    clock,
    commitsEarly: isChromium(),
    onGone: () => watch.onGone(),
    onOutdated: () => watch.onOutdated(),
    onBlocked: () => place.tellPage({ type: "storage.blocked" }),
  });
  try {
    const [opened] = await Promise.all([openGoverned(store, place, watch), rollBrowserLog(clock)]);
    store.bind(opened.log.device.deviceId);
    return new WorkerStorage({ ...place, ...opened, store, watch, memoryReason: null });
  } catch (error) {
    store.close();
    throw error;
  }
}

async function openInMemory(place: Place, memoryReason: string): Promise<WorkerStorage> {
  const store = new MemoryStore();
  const watch = new Watch(place.tellPage);
  // Its locks and channel are its own, as its records are.
  const database = `${place.database}:memory:${random.bytes(8).join("-")}`;
  const opened = await openGoverned(store, place, watch);
  return new WorkerStorage({ ...place, ...opened, database, store, watch, memoryReason });
}

async function openGoverned(
  store: Store,
  { options }: Place,
  watch: Watch,
): Promise<Pick<Parts, "log" | "governor" | "roomy">> {
  const governor = new QuotaGovernor({
    storage: store instanceof MemoryStore ? { estimate: async () => null } : browserStorage,
    clock,
    evict: (bytes, signal) => evict(store, bytes, signal),
    tell: watch.tell,
  });
  const { url, namespace, principal, localPartitionCount } = options;
  const local = url === null ? { partitionCount: localPartitionCount } : null;
  const log = await openDevice({ store, clock, random, namespace, principal, local, room: governor });
  const roomy = roomyStore(store, governor);
  const replica = evictableReplica(log.replica, { store, roomy, clock, governor });
  return { log: { ...log, replica }, governor, roomy };
}

export class WorkerStorage {
  readonly #parts: Parts;
  readonly #canary: Canary | null;
  #housekeeper: Housekeeper | null = null;
  #registry: DeviceRegistry | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { database, locks, log } = parts;
    const perch = parts.memoryReason === null ? cachePerch(database) : null;
    this.#canary =
      perch &&
      new Canary({
        perch,
        clock,
        locks,
        lockName: `strandline:${database}:canary`,
        deviceId: log.device.deviceId,
        unsyncedRecords: () => this.unsyncedRecords(),
      });
  }

  /** Under which locks and channels are named. */
  get database(): string {
    return this.#parts.database;
  }

  get store(): Store {
    return this.#parts.roomy;
  }

  get log(): DeviceLog {
    return this.#parts.log;
  }

  /** A tab of a newer version has the database. */
  onOutdated(listener: () => void): void {
    this.#parts.watch.onOutdated = listener;
  }

  async unsyncedRecords(): Promise<number> {
    return (await this.log.outbox.waiting()).reduce((sum, { records }) => sum + records, 0);
  }

  /** Once whoever hears of news is there. `registers`: the edge knows principals, and their devices. */
  begin(
    news: DeviceNews,
    { sync, registers }: { readonly sync: SyncHandle | null; readonly registers: boolean },
  ): void {
    const { watch, governor, memoryReason, store, locks, database } = this.#parts;
    const leads = (): boolean => sync?.status().leader ?? true;
    if (sync !== null && registers) this.#registry = this.#register(sync);
    watch.onGone = () =>
      void this.#canary?.lost().then(
        (note) => this.#tellLost(note),
        () => {},
      );
    this.#housekeeper = new Housekeeper({
      ...{ store, clock, locks, leads, governor },
      lockName: `strandline:${database}:house`,
    });
    news.listen((message, from) => {
      if (message.type === "event" && message.event.type === "storage.pressure" && from === "other-tab")
        governor.adopt(message.event.level);
      // Whoever appended or settled counts; the other tabs need not.
      if (from === "here" && (message.type === "appended" || message.type === "settled"))
        this.#canary?.changed({ appended: message.type === "appended" });
      if (message.type !== "replicated") this.#registry?.changed();
    });
    watch.begin(news);
    if (memoryReason !== null) watch.tell({ type: "storage.memory", reason: memoryReason });
    void governor.look().catch(() => undefined);
    void this.#canary?.begin().then(
      (note) => this.#tellLost(note),
      () => {},
    );
  }

  async report(): Promise<StorageReport> {
    const { governor, memoryReason, log } = this.#parts;
    const usage = await governor.look();
    return {
      usageBytes: usage?.usageBytes ?? null,
      quotaBytes: usage?.quotaBytes ?? null,
      level: governor.level,
      kind: memoryReason === null ? "indexeddb" : "memory",
      deviceId: log.device.deviceId,
    };
  }

  /** Before `close`: it is to be discarded. */
  async sayGoodbye(): Promise<void> {
    await this.#registry?.goodbye();
  }

  async close(): Promise<void> {
    this.#canary?.close();
    await this.#registry?.close();
    this.#parts.governor.close();
    await this.#housekeeper?.close();
    this.#parts.store.close();
  }

  /** After `close`. How many records it held that were not synced. */
  async discard(unsyncedInMemory: number): Promise<number> {
    const { database, memoryReason } = this.#parts;
    if (memoryReason !== null) return unsyncedInMemory;
    const deletion = (): Promise<number> => discardDatabase(database, clock);
    return await (this.#canary?.during(deletion) ?? deletion());
  }

  #register(sync: SyncHandle): DeviceRegistry {
    const { watch, store, log, options } = this.#parts;
    return new DeviceRegistry({
      clock,
      device: { deviceId: log.device.deviceId, clientId: options.clientId.slice(0, 200), label: browserLabel() },
      announce: (said, signal) => sync.announceDevice(said, signal),
      unsyncedRecords: () => this.unsyncedRecords(),
      mayAsk: () => {
        const { leader, online, paused } = sync.status();
        return leader && online && !paused;
      },
      wasTold: async () =>
        (await store.transact(["meta"], { mode: "readonly" }, (transaction) => transaction.get("meta", TOLD))) === true,
      setTold: () =>
        store.transact(["meta"], { mode: "readwrite" }, (transaction) => transaction.put("meta", TOLD, true)),
      tell: (others) => watch.tell({ type: "device.new", others }),
    });
  }

  #tellLost(note: CanaryNote | null): void {
    if (note !== null) this.#parts.watch.tell({ type: "storage.lost", ...note });
  }
}

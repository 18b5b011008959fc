/** What a worker works with once its database is open: the graph that `worker.ts` builds. */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { StorageReport } from "../calls/device-calls.ts";
import type { DeviceNews } from "../device-news.ts";
import type { JoinGroup } from "../group/group-membership.ts";
import type { LocalLog, Outbox, Replica, TopicAdmin, TopicCatalog } from "../log/device-log.ts";
import type { OwnRecords } from "../log/own-log.ts";
import type { Store } from "../log/store.ts";
import type { Locks } from "../ports.ts";
import type { RecordSource } from "../consumer/record-source.ts";
import type { SyncHandle } from "../sync/sync.ts";

/** What holds for all tabs of the device and survives a reload. */
export interface DeviceSettings {
  paused(): Promise<boolean>;
  setPaused(paused: boolean): Promise<void>;
}

export interface Device {
  readonly database: string;
  readonly store: Store;
  readonly localLog: LocalLog;
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly own: OwnRecords;
  /** Reads from the edge what is not stored; absent: nothing does. */
  readonly readThrough?: (() => RecordSource) | null;
  /** Of a device in memory: what consumers read of committed records is not kept. */
  readonly storesNoReads?: boolean;
  readonly catalog: TopicCatalog;
  readonly topicAdmin: TopicAdmin;
  readonly settings: DeviceSettings;
  readonly news: DeviceNews;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly random: Random;
  /** How consumers join groups. `edge` absent: there is none. `device` absent: the tabs of this browser share its partitions. */
  readonly groups?: { readonly edge?: JoinGroup; readonly device?: JoinGroup };
  /** Null: no edge, the device is its own broker. */
  readonly sync: SyncHandle | null;
  storageReport(): Promise<StorageReport>;
  /** Store, channel and sync. */
  close(): Promise<void>;
  /** Closes it and deletes the database. How many records it held that were not synced. */
  discard(): Promise<number>;
}

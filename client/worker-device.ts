/** What a worker works with once its database is open: the graph that `worker.ts` builds. */
import type { TopicConfig, TopicMetadata } from "../shared/api/metadata.ts";
import type { Clock } from "../shared/clock.ts";
import type { ErrorBody } from "../shared/strandline-error.ts";
import type { DeviceNews } from "./device-news.ts";
import type { LocalLog, Outbox, Replica, TopicCatalog } from "./log/device-log.ts";
import type { Locks } from "./ports.ts";

/** What the worker asks of the sync with the edge (`sync/sync.ts`). */
export interface EdgeSync {
  /** There is something to send or to follow. */
  wake(): void;
  hint(): void;
  setPaused(paused: boolean): void;
  refreshTopics(names: readonly string[], options: { readonly create: boolean }): Promise<TopicMetadata[]>;
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata>;
  status(): {
    readonly online: boolean;
    readonly leader: boolean;
    readonly paused: boolean;
    readonly lastError: ErrorBody | null;
  };
  close(): Promise<void>;
}

/** What holds for all tabs of the device and survives a reload. */
export interface DeviceSettings {
  paused(): Promise<boolean>;
  setPaused(paused: boolean): Promise<void>;
}

export interface Device {
  readonly database: string;
  readonly localLog: LocalLog;
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly catalog: TopicCatalog;
  readonly settings: DeviceSettings;
  readonly news: DeviceNews;
  readonly locks: Locks;
  readonly clock: Clock;
  /** Null: no edge, the device is its own broker. */
  readonly sync: EdgeSync | null;
  /** Store, channel and sync. */
  close(): Promise<void>;
}

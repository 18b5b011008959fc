/** What the worker tells of itself. */
import type { KnownDevice } from "../../shared/api/devices.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import type { SyncError, SyncProgress } from "./outbox-calls.ts";

/** Told to every page of the device's tabs. */
export type WorkerEvent =
  /** Another tab has signed this device's principal out: this client is closed. */
  | { readonly type: "logged.out"; readonly discarded: boolean }
  /** A tab with a newer version of this site has opened the database: calls reject with `STORE_OUTDATED` until this page is reloaded. What it sent before is safe, and sent on by that tab. */
  | { readonly type: "app.outdated" }
  | {
      readonly type: "sync.state";
      readonly online: boolean;
      readonly paused: boolean;
      readonly leader: boolean;
      readonly lastError: SyncError | null;
    }
  /** At most ten in a second, and a last one when nothing waits any more. */
  | ({ readonly type: "sync.progress" } & SyncProgress)
  | { readonly type: "records.settled"; readonly topic: string; readonly partition: number }
  /** Partition counts may have changed: forget what was remembered of them. */
  | { readonly type: "topics.learned" }
  | {
      readonly type: "producer.diverged";
      readonly topic: string;
      readonly partition: number;
      readonly records: number;
      readonly reason: "diverged" | "forgotten" | "exhausted";
    }
  /** In strict order: the edge refused a batch for good, and its partition waits until it is retried or discarded. */
  | {
      readonly type: "producer.blocked";
      readonly topic: string;
      readonly partition: number;
      /** Of the first record of the batch. */
      readonly receipt: string;
      readonly error: ErrorBody;
    }
  | {
      readonly type: "record.dead";
      readonly topic: string;
      readonly partition: number;
      readonly localSequence: number;
      readonly count: number;
      readonly error: ErrorBody;
    }
  /** The origin's storage fills up, or has room again (`ok`). Under `critical` sends wait until something is freed. */
  | {
      readonly type: "storage.pressure";
      readonly level: "ok" | "pressure" | "critical";
      readonly usageBytes: number;
      readonly quotaBytes: number;
    }
  /** The device's database was deleted, by the browser or its user; what was not synced is gone. `since`: when that number was written. */
  | {
      readonly type: "storage.lost";
      readonly deviceId: string;
      readonly unsyncedRecords: number;
      readonly since: number;
    }
  /**
   * This device is new to the edge, and its principal has others that bear its label: one of them may be what this browser
   * was before its storage was cleared. What each has not synced is as it said last.
   */
  | { readonly type: "device.new"; readonly others: readonly KnownDevice[] }
  /** There is no IndexedDB here, or it does not open: what is sent lives as long as this tab. */
  | { readonly type: "storage.memory"; readonly reason: string }
  /** Another tab keeps an older version of the database open, and this one waits for it. */
  | { readonly type: "storage.blocked" }
  /** The edge lets this principal not read the topic. It is asked again, with back-off, for rights may be given. */
  | { readonly type: "topic.refused"; readonly topic: string; readonly error: ErrorBody }
  | { readonly type: "log.truncated"; readonly topic: string; readonly partition: number; readonly offset: number }
  /** What the edge stores in `[offset, nextOffset)` is damaged; the replica goes on behind it. */
  | {
      readonly type: "log.damaged";
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly nextOffset: number;
    };

/** What a client has beside producers, consumers and the admin. */
import type { StorageReport } from "../calls/device-calls.ts";
import type { OutboxStatus } from "../calls/outbox-calls.ts";
import type { Retention } from "../calls/topic-calls.ts";
import type { WaitOptions } from "./abort.ts";
import type { FlushOptions } from "./flush.ts";

/** Of the disk. */
export interface DeviceStorage {
  /** Asks the browser not to evict this origin by itself. Firefox asks its user. False: it does not promise to. */
  persist(options?: WaitOptions): Promise<boolean>;
  estimate(options?: WaitOptions): Promise<StorageReport>;
}

export interface FollowOptions extends WaitOptions {
  /** What of the topic the device keeps at most. */
  readonly retention?: Retention;
}

/** Of sync with the edge. */
export interface Sync {
  pause(options?: WaitOptions): Promise<void>;
  resume(options?: WaitOptions): Promise<void>;
  status(options?: WaitOptions): Promise<OutboxStatus>;
  /**
   * Resolves when all that was stored on this device before the call, in any tab, is committed or a dead letter.
   * `NOT_SYNCED_YET` at its timeout, `ABORTED` by its signal; both change nothing of what waits.
   */
  flush(options?: FlushOptions): Promise<void>;
}

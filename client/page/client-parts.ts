/** What a client has beside producers, consumers and the admin. */
import type { StorageReport } from "../calls/device-calls.ts";
import type { OutboxStatus } from "../calls/outbox-calls.ts";
import type { FlushOptions } from "./flush.ts";

/** Of the disk. */
export interface DeviceStorage {
  /** Asks the browser not to evict this origin by itself. Firefox asks its user. False: it does not promise to. */
  persist(): Promise<boolean>;
  estimate(): Promise<StorageReport>;
}

/** Of sync with the edge. */
export interface Sync {
  pause(): Promise<void>;
  resume(): Promise<void>;
  status(): Promise<OutboxStatus>;
  /**
   * Resolves when all that was stored on this device before the call, in any tab, is committed or a dead letter.
   * `NOT_SYNCED_YET` at its timeout, `ABORTED` by its signal; both change nothing of what waits.
   */
  flush(options?: FlushOptions): Promise<void>;
}

/** The latest value of each key, on its way to the page: first what is kept, then what comes, and what is still to be sent. */
import type { PolledRun } from "./consumer-calls.ts";

/** An uncompressed batch, and where each of its records stands in the log. */
export interface KeptRecords {
  readonly buffer: ArrayBuffer;
  readonly partitions: Uint16Array;
  readonly offsets: Float64Array;
}

/** One batch of this device that the edge does not hold yet. */
export interface PendingRun {
  /** -1: not chosen yet. */
  readonly partition: number;
  readonly localSequence: number;
  readonly count: number;
  readonly buffer: ArrayBuffer;
}

export interface TableNews {
  /** Set: what follows is the whole. It names the log: under the same name an offset is the same record as before. */
  readonly reset: string | null;
  readonly kept: readonly KeptRecords[];
  readonly runs: readonly PolledRun[];
  readonly pending: readonly PendingRun[];
  /** Pending records below are committed, among what was handed out, or were refused for good. */
  readonly released: readonly { readonly partition: number; readonly below: number }[];
  /** With this the page has all that the device has. */
  readonly caughtUp: boolean;
  /** The device has dropped records that the table needs; once the edge has brought them, all is told anew. */
  readonly lacks: boolean;
}

export interface TableCalls {
  /** `pending`: with the device's own records that are not synced yet. */
  openTable(topic: string, options: { readonly pending: boolean }): Promise<number>;
  /** One at a time; empty after `waitMs`. */
  pollTable(table: number, waitMs: number): Promise<TableNews>;
  closeTable(table: number): Promise<void>;
}

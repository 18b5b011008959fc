/** What compaction needs of the partition: its rows, and where to note how far it has come. */
import type { LogStore } from "../log-store.ts";

/** Synchronous: nothing happens between a check and the write that relies on it. `LogStore` is one. */
export type CompactionRows = Pick<
  LogStore,
  | "transaction"
  | "firstRun"
  | "lastRun"
  | "runAround"
  | "runsBehind"
  | "runBytes"
  | "received"
  | "rewriteRun"
  | "deleteRun"
>;

/** What is known of the part that has been cleaned. Kept for good: without it the log counts as dirty from its start. */
export interface Cleaned {
  /** Offset: of all records below it, the latest of a key superseded the others. */
  readonly cleanedTo: number;
  /** Of the rows below it when the pass ended, each with its `rowOverheadBytes`; retention may have dropped some since. */
  readonly cleanBytes: number;
  /** The oldest such column of rows whose tombstones can go one day. Null: none can. */
  readonly tombstonesSince: number | null;
}

export const NOTHING_CLEANED: Cleaned = { cleanedTo: 0, cleanBytes: 0, tombstonesSince: null };

export interface CompactionLog {
  /** Where the log begins now. Retention moves it at any time. */
  startOffset(): number;
  cleaned(): Cleaned;
  /** Durable before anything that is written later. */
  writeCleaned(cleaned: Cleaned): void;
}

/** What was sent and is not settled, and what was refused for good. */
import type { ErrorBody } from "../../shared/strandline-error.ts";
import type { RecordPlace } from "./record-place.ts";

export type ReceiptState =
  | { readonly kind: "committed"; readonly partition: number; readonly offset: number | null }
  | { readonly kind: "dead"; readonly partition: number; readonly error: ErrorBody }
  | { readonly kind: "pending"; readonly partition: number }
  | { readonly kind: "unknown" };

/** Of what was sent from this device, in all tabs. */
export interface SyncProgress {
  /** Stored here and not settled at the edge. */
  readonly pendingRecords: number;
  /** Of these, on their way. */
  readonly inflightRecords: number;
  /** Held by the edge, of what waited since nothing did; counted anew when another tab takes over. */
  readonly syncedRecords: number;
  /** As they lie on the device, compressed or not. */
  readonly pendingBytes: number;
  readonly syncedBytes: number;
  /** Over the last few seconds. */
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** `code`, `message`, `retriable` and the details of the error. */
export interface SyncError extends ErrorBody {
  /** When the attempt failed, in milliseconds of this device's clock. */
  readonly at: number;
}

export interface OutboxStatus extends SyncProgress {
  /** Records. */
  readonly deadLetters: number;
  readonly online: boolean;
  readonly paused: boolean;
  readonly leader: boolean;
  /** Of the last attempt to reach the edge; null: it succeeded, or there was none. `at` is exact in the tab that syncs; others know since when it fails like this. */
  readonly lastError: SyncError | null;
}

/** Everything below `localSequence` is waited for. */
export interface SettleTarget {
  readonly topicKey: number;
  readonly partition: number;
  readonly localSequence: number;
}

/** A batch that the edge refused for good. */
export interface DeadLetterBatch {
  readonly topic: string;
  readonly partition: number;
  readonly localSequence: number;
  /** As in its receipt. */
  readonly remade?: number;
  readonly count: number;
  readonly error: ErrorBody;
  /** In strict order: it waits, and its partition with it. */
  readonly blocking: boolean;
  readonly buffer: ArrayBuffer;
}

export interface OutboxCalls {
  /** Waits until the record is settled, or `timeoutMs` has passed (then `pending`); null: without end. */
  receipt(place: RecordPlace, timeoutMs: number | null): Promise<ReceiptState>;
  /** Of one topic, or of all. Blocking batches first. */
  deadLetters(limit: number, topic: string | null): Promise<DeadLetterBatch[]>;
  /** By any record of each letter. Where the letters stand now; those that were no letters any more are left out. */
  retryDeadLetters(letters: readonly RecordPlace[]): Promise<RecordPlace[]>;
  /** How many there were. */
  discardDeadLetters(letters: readonly RecordPlace[]): Promise<number>;
  /**
   * What is left of the targets when they are settled or `timeoutMs` has passed. Null: all that is stored by now.
   * Answered targets can be asked for again, of another worker too.
   */
  settled(targets: readonly SettleTarget[] | null, timeoutMs: number): Promise<SettleTarget[]>;
  setPaused(paused: boolean): Promise<void>;
  status(): Promise<OutboxStatus>;
  /** A hint of the page (`online`, `visibilitychange`): retry now. */
  hint(): Promise<void>;
}

/** What was sent and is not settled, and what was refused for good. */
import type { ErrorBody } from "../../shared/strandline-error.ts";

export type ReceiptState =
  | { readonly kind: "committed"; readonly partition: number; readonly offset: number | null }
  | { readonly kind: "dead"; readonly partition: number; readonly error: ErrorBody }
  | { readonly kind: "pending"; readonly partition: number }
  | { readonly kind: "unknown" };

export interface OutboxStatus {
  readonly pendingRecords: number;
  readonly deadLetters: number;
  readonly online: boolean;
  readonly paused: boolean;
  readonly leader: boolean;
}

/** A batch that the edge refused for good. */
export interface DeadLetterBatch {
  readonly topic: string;
  readonly partition: number;
  readonly localSequence: number;
  readonly count: number;
  readonly error: ErrorBody;
  readonly buffer: ArrayBuffer;
}

export interface OutboxCalls {
  /** Waits until the record is settled, or `timeoutMs` has passed (then `pending`); null: without end. */
  receipt(topic: string, partition: number, localSequence: number, timeoutMs: number | null): Promise<ReceiptState>;
  deadLetters(limit: number): Promise<DeadLetterBatch[]>;
  setPaused(paused: boolean): Promise<void>;
  status(): Promise<OutboxStatus>;
  /** A hint of the page (`online`, `visibilitychange`): retry now. */
  hint(): Promise<void>;
}

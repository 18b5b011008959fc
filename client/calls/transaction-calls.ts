/** What a handler did in its `tx`, applied with the offset of what it handled, or not at all. */
import type { Pack } from "./append-calls.ts";

export type StateKey = string | number | readonly (string | number)[];

/** What was read of the group's state, and by which transaction it was put; null: nothing stands there. */
export interface StateRead {
  readonly value: unknown;
  readonly version: string | null;
}

export interface StateChange {
  readonly key: StateKey;
  /** Absent: deleted. */
  readonly put?: { readonly value: unknown };
}

export interface TransactionCommit {
  readonly topic: string;
  readonly partition: number;
  /** The group's committed offset from which the handler started; null: none. */
  readonly expected: number | null;
  /** Of the run that was handled. */
  readonly joins: number;
  readonly offset: number;
  /** As `HandledTo.readFrom`. */
  readonly readFrom?: number;
  /** Null: nothing is sent. */
  readonly pack: Pack | null;
  readonly changes: readonly StateChange[];
  /** What was read must still stand so. */
  readonly reads: readonly { readonly key: StateKey; readonly version: string | null }[];
}

/**
 * `fenced`: the group's offset is another one by now, nothing was done and the work is somebody else's. `conflict`: what
 * was read has changed since, nothing was done and the work is to be done again.
 */
export type TransactionOutcome = "applied" | "fenced" | "conflict";

export interface TransactionCalls {
  readState(consumer: number, key: StateKey): Promise<StateRead>;
  commitTransaction(consumer: number, commit: TransactionCommit): Promise<TransactionOutcome>;
}

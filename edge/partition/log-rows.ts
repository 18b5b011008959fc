/** The rows of a partition's tables, as its code knows them (`schema.ts` says what stands in them). */
import type { ProducerId } from "../../shared/brands.ts";
import type { Cleaned } from "./compaction/compaction-rows.ts";

export interface RunRow {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly appendedAt: number;
  /** Running maximum over the log. */
  readonly maxTimestamp: number;
  /** Of the last batch, as stored. */
  readonly lastCrc: number;
  /** Sum over all runs that were ever appended before. */
  readonly sizeBefore: number;
  readonly producer: RunRowProducer | null;
  /** Null: the batches carry the CRCs they were received with. */
  readonly received: Uint8Array | null;
  readonly bytes: Uint8Array;
}

export interface RunRowProducer {
  readonly id: ProducerId;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly nextSequence: number;
  /** Of a device producer. */
  readonly chainAfter: number | null;
}

export interface ProducerRun extends RunRowProducer {
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** `[from, end)`. */
export interface SequenceRange {
  readonly from: number;
  readonly end: number;
}

/** Where the log begins and ends where its rows do not say so. */
export interface LogState {
  readonly startOffset: number;
  readonly end: LogEnd;
  readonly cleaned: Cleaned;
}

export interface LogEnd {
  readonly nextOffset: number;
  readonly appendedAt: number;
  readonly maxTimestamp: number;
  readonly lastCrc: number | null;
  /** Bytes ever appended. */
  readonly sizeBefore: number;
}

export interface RunColumns {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly appendedAt: number;
  readonly maxTimestamp: number;
  readonly lastCrc: number;
  /** Of its bytes as they are now. */
  readonly size: number;
  readonly sizeBefore: number;
  /** Of its producer; null: it has none. */
  readonly firstSequence: number | null;
  readonly tombstonesSince: number | null;
}

export interface StoredRun {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly size: number;
  readonly firstSequence: number | null;
  /** Null: its batches are those that were received. */
  readonly received: Uint8Array | null;
  readonly bytes: Uint8Array;
}

/** What compaction leaves of a run. */
export interface CompactedRun {
  readonly received: Uint8Array;
  readonly tombstonesSince: number | null;
  readonly bytes: Uint8Array;
}

export interface ShardRow {
  readonly shard: number;
  readonly covers: number;
  /** The partition's clock when it was written. */
  readonly clockMs: number;
  /** Where its pages end (`shard-directory.ts`). */
  readonly directory: Uint8Array;
  readonly states: Uint8Array;
}

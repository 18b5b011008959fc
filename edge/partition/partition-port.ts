/**
 * What the Worker asks of one partition. The object is the only writer of its log: everything between a check and the
 * write that relies on it is synchronous and in one transaction. Answers are plain data; a call that rejects may or
 * may not have happened.
 */
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { ErasedPartition, ErasureState } from "../../shared/api/erasure.ts";
import type { HeldRange, ProducerProof } from "../../shared/api/produce.ts";
import type { Chain, Crc, LeaderEpoch, ProducerId } from "../../shared/brands.ts";
import type { Outcome } from "../outcome.ts";
import type { GroupPort } from "./group-port.ts";
import type { PartitionQuota } from "../quota/partition-quotas.ts";

/** Which partition is meant; the object checks that it is the one. */
export interface PartitionAddress {
  readonly namespace: string;
  readonly topicId: string;
  readonly partition: number;
  /** Of the topic; absent: anywhere. */
  readonly jurisdiction?: string;
}

/** Records from `at` on may be of keys that were elsewhere before the topic grew from `from` partitions. */
export interface GrowthBarrier {
  readonly from: number;
  readonly at: number;
}

/** What the Worker found in a run that passed every check on the bytes alone. */
export interface CheckedBatch {
  /** Position within the run. */
  readonly start: number;
  readonly count: number;
  /** As received. */
  readonly crc: Crc;
  readonly maxTimestamp: number;
}

export type RunProducer =
  | { readonly kind: "device"; readonly id: ProducerId; readonly firstSequence: number; readonly chainBefore: Chain }
  | { readonly kind: "kafka"; readonly id: ProducerId; readonly epoch: number; readonly firstSequence: number }
  | { readonly kind: "none" };

export interface AppendRequest {
  /** The epoch the producer last heard of; null: none. */
  readonly leaderEpoch: LeaderEpoch | null;
  readonly bytes: Uint8Array;
  readonly batches: readonly CheckedBatch[];
  readonly producer: RunProducer;
  /** Of the caller, where it has one. */
  readonly quota?: PartitionQuota;
  /**
   * The producer states no times: its records were given 0, and get the time of the append. What was received stays known,
   * so that the same request is the same when it comes again.
   */
  readonly stampTime?: boolean;
}

export interface PartitionBounds {
  readonly leaderEpoch: LeaderEpoch;
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

export interface PartitionDescription extends PartitionBounds {
  /** One for each growth of the topic, oldest first. */
  readonly growths: readonly GrowthBarrier[];
  readonly sizeBytes: number;
}

/** `error` null: the records stand in the log, now or since before. */
export interface AppendAnswer extends PartitionBounds, ProducerProof {
  readonly error: { readonly code: AppendRefusal; readonly said: string } | null;
  readonly held: readonly HeldRange[];
  readonly baseOffset: number | null;
  /** Edge time of the append where the topic stamps it (`LogAppendTime`); null: the producer's times stand. */
  readonly logAppendTime: number | null;
  /** What this append was billed, snapshots and all. */
  readonly rowsWritten: number;
  /** How long the caller is to wait before it comes back; absent: not at all. */
  readonly throttleMs?: number;
}

export type AppendRefusal =
  | "UNKNOWN_PRODUCER_ID"
  | "OUT_OF_ORDER_SEQUENCE_NUMBER"
  | "DUPLICATE_SEQUENCE_NUMBER"
  | "SEQUENCE_CONFLICT"
  | "INVALID_PRODUCER_EPOCH"
  | "STORAGE_FULL"
  | "INVALID_RECORD"
  | "KAFKA_STORAGE_ERROR";

export interface ReadRequest {
  readonly offset: number;
  readonly bytesMax: number;
  /** The first batch comes whole however small `bytesMax` is. */
  readonly atLeastOne: boolean;
  /** CRC of the batch that ends right before the offset, as the reader holds it. */
  readonly previousCrc: Crc | null;
  /** Reading stops before this offset, which begins a run; null: at the end of the log. */
  readonly before: number | null;
  /** Under which the reader read up to the offset; null: it does not say. */
  readonly leaderEpoch: LeaderEpoch | null;
  /** Of the caller, where it has one. */
  readonly quota?: PartitionQuota;
}

export interface ReadAnswer extends PartitionBounds {
  /** `CORRUPT_MESSAGE`: what stands at the offset is damaged; `nextOffset` is behind it. */
  readonly error: "OFFSET_OUT_OF_RANGE" | "TRUNCATED" | "CORRUPT_MESSAGE" | null;
  /** Of `TRUNCATED`: up to here the reader's log and this one may agree. */
  readonly divergence: number | null;
  /** Where to go on: behind the bytes, and behind what compaction left nothing of. */
  readonly nextOffset: number;
  /** Whole batches from the one that contains the offset; empty at the end of the log, or where not even one fits. */
  readonly bytes: Uint8Array;
  /** As of an append. */
  readonly throttleMs?: number;
}

export interface WaitRequest {
  /** Resolves once the log ends above this, by so many bytes. */
  readonly offset: number;
  readonly bytesMin: number;
  /** A wait of the same session replaces the one before it. */
  readonly sessionId: string;
  readonly waitMs: number;
}

/** `replaced`: by the next wait of the session, so nobody waits for this one any more. */
export type WaitEnd = "grown" | "over" | "replaced";

/** A tail of one partition, asked for by a Worker. */
export interface TailRequest {
  readonly offset: number;
  readonly leaderEpoch: LeaderEpoch | null;
  readonly previousCrc: Crc | null;
  readonly windowBytes: number;
  /** Null: the order of keys over growths is not asked for. */
  readonly growthsPassed: number | null;
}

export interface TimeRequest {
  readonly timestamp: number;
  /** Batches that end before this offset are left out. */
  readonly from: number;
}

/**
 * The first batch that may hold a record at or after a time, for the Worker to look into: those that do may stand before
 * the log's start.
 */
export interface TimeAnswer extends PartitionBounds {
  /** Where to look on: behind the batch, or behind what was looked through in vain. */
  readonly nextOffset: number;
  readonly batch: Uint8Array | null;
}

/** A tombstone of the key, to be appended as a run of its own. */
export interface EraseRequest {
  readonly key: Uint8Array;
  readonly tombstone: AppendRequest;
  /** How long the answer may wait for the values to be gone. */
  readonly waitMs: number;
}

export type ErasedKey = Pick<ErasedPartition, "tombstoneOffset" | "goneAt" | "unopened"> & {
  readonly state: ErasureState;
};

export interface PartitionPort extends GroupPort {
  append(request: AppendRequest): Promise<Outcome<AppendAnswer>>;
  /** What a refused run is answered with. */
  proof(producerId: ProducerId): Promise<Outcome<PartitionBounds & ProducerProof>>;
  read(request: ReadRequest): Promise<Outcome<ReadAnswer>>;
  waitForAppend(request: WaitRequest): Promise<WaitEnd>;
  reconcile(producerId: ProducerId, request: ReconcileRequest): Promise<Outcome<ReconcileAnswer>>;
  bounds(): Promise<Outcome<PartitionDescription>>;
  /** Moves the log start up to the offset, -1 for the high watermark, and never back. */
  deleteRecords(before: number): Promise<Outcome<PartitionBounds>>;
  erase(request: EraseRequest): Promise<Outcome<ErasedKey>>;
  batchAtTime(request: TimeRequest): Promise<Outcome<TimeAnswer>>;
}

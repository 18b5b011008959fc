/**
 * `POST /v1/topics/{topic}/partitions/{partition}/reconcile`: what is held of these batches, and giving one up.
 * The batches are consecutive from the sequence `from`; they are described, not sent.
 */
import type { Chain, Crc, LeaderEpoch, ProducerKey, TopicId } from "../brands.ts";

export interface DescribedBatch {
  /** Records in the batch. */
  readonly count: number;
  /** Sealed CRC. */
  readonly crc: Crc;
}

export interface ReconcileRequest {
  readonly topicId: TopicId;
  readonly producerKey: ProducerKey;
  readonly from: number;
  readonly batches: readonly DescribedBatch[];
  /** The last batch is given up: where it is absent and next, a void takes its sequences. */
  readonly giveUp: boolean;
}

/**
 * held: these very bytes are in the log. void: it was given up. absent: neither, its sequence is not reached.
 * other: its sequences hold something else. gone: its row is no longer kept.
 */
export type BatchVerdict = "held" | "void" | "absent" | "other" | "gone";

export interface JudgedBatch {
  readonly verdict: BatchVerdict;
  /** Of a held batch. */
  readonly baseOffset: number | null;
}

export interface ReconcileAnswer {
  /** Null: the partition knows nothing of the producer. */
  readonly nextSequence: number | null;
  readonly chain: Chain;
  readonly leaderEpoch: LeaderEpoch;
  readonly batches: readonly JudgedBatch[];
}

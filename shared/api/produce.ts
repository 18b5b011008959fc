/**
 * `POST /v1/produce`: one run of consecutive batches for each of many partitions.
 * Request: an envelope (`envelope.ts`) whose head is `ProduceHead`, then the runs in the head's order.
 * Answer: JSON `ProduceAnswer`, 200 also where partitions failed: each answers for itself.
 */
import type { Chain, LeaderEpoch, ProducerKey, TopicId } from "../brands.ts";
import type { ErrorBody } from "../strandline-error.ts";

export interface ProducePartitionHead {
  readonly topicId: TopicId;
  readonly partition: number;
  /** What the device last heard of this partition; null before it heard anything. */
  readonly leaderEpoch: LeaderEpoch | null;
  /** Of a device producer; null for Kafka's own producers and for batches without a producer. */
  readonly producerKey: ProducerKey | null;
  /** The producer's chain before the first batch of the run; 0 where `producerKey` is null. */
  readonly chain: Chain;
  /** Length of the run among the payloads. */
  readonly bytes: number;
}

export interface ProduceHead {
  readonly partitions: readonly ProducePartitionHead[];
}

/** Records `sequence … sequence + count - 1` stand at `baseOffset …`. */
export interface HeldRange {
  readonly sequence: number;
  readonly count: number;
  readonly baseOffset: number;
}

/** The proof: everything this producer ever appended here. Every answer to a device producer carries it. */
export interface ProducerProof {
  /** Null: this partition knows nothing of the producer. */
  readonly nextSequence: number | null;
  readonly chain: Chain;
}

export interface ProducePartitionAnswer extends ProducerProof {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly error: ErrorBody | null;
  /** Null only where the partition itself could not be asked. */
  readonly leaderEpoch: LeaderEpoch | null;
  /** Of the run's records, those whose offsets are known. */
  readonly held: readonly HeldRange[];
  /** Offset of the run's first record, where known: what Kafka calls base_offset. */
  readonly baseOffset: number | null;
  /** Edge time of the append, where the topic stamps it (`message.timestamp.type=LogAppendTime`). */
  readonly logAppendTime: number | null;
  readonly logStartOffset: number | null;
  readonly highWatermark: number | null;
}

export interface ProduceAnswer {
  /** How long to wait before the next request; 0: not at all. Whoever does not is refused (`THROTTLING_QUOTA_EXCEEDED`). */
  readonly throttleTimeMs: number;
  readonly partitions: readonly ProducePartitionAnswer[];
}

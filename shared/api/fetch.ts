/**
 * `POST /v1/fetch`: many partitions in one request, which waits as one, as Kafka's Fetch does.
 * Request: JSON `FetchRequest`. Answer: an envelope whose head is `FetchHead`, then the runs in its order.
 * A partition's bytes are whole batches from the one that contains the offset: the reader skips.
 */
import type { Crc, LeaderEpoch, TopicId } from "../brands.ts";
import type { ErrorBody } from "../strandline-error.ts";

export interface FetchPartition {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: LeaderEpoch | null;
  /** CRC of the batch that ends right before `offset`, as this reader holds it; null: it holds none. */
  readonly previousCrc: Crc | null;
  readonly maxBytes: number;
}

export interface FetchRequest {
  /**
   * Names the reader (at most 64 of `a-zA-Z0-9_-`): a wait replaces the wait of the same session on the same
   * partition, so that a reader that comes back early leaves no waits behind. Null: none.
   */
  readonly sessionId: string | null;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  /**
   * `read_committed`: below the last stable offset alone. Nothing here is transactional yet, so both are the same, and
   * the last stable offset is the high watermark.
   */
  readonly isolation?: "read_uncommitted" | "read_committed" | undefined;
  /**
   * Records of keys that a growth of the topic moved to a partition come once the offsets asked from are behind what
   * those keys had elsewhere: all older partitions of the topic have to be in the request.
   */
  readonly keyOrder?: boolean | undefined;
  readonly partitions: readonly FetchPartition[];
}

export interface FetchPartitionAnswer {
  readonly topicId: TopicId;
  readonly partition: number;
  /**
   * `OFFSET_OUT_OF_RANGE` and `TRUNCATED` carry `logStartOffset` and `highWatermark` as well, `TRUNCATED` also the
   * point of `divergence`. `CORRUPT_MESSAGE`: what stands at `offset` is damaged at rest, `nextOffset` is behind it.
   */
  readonly error: ErrorBody | null;
  readonly leaderEpoch: LeaderEpoch | null;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  /** Where to go on: behind the bytes, and behind what compaction has left nothing of. */
  readonly nextOffset: number;
  readonly bytes: number;
}

export interface FetchHead {
  /** As in a produce answer. */
  readonly throttleTimeMs: number;
  readonly partitions: readonly FetchPartitionAnswer[];
}

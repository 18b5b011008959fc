/** Offsets as ported code has them: KafkaJS's are text, and -1 and -2 stand for the log's end and start. */
import { groupBy } from "../../shared/group-by.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { HandledTo, SeekPosition, TopicPartitionOffset } from "../calls/consumer-calls.ts";

/** A safe integer, or its digits. */
export type OffsetLike = number | string;

export interface OffsetsByTopic {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: number }[];
  }[];
}

interface PartitionCommit {
  readonly partition: number;
  readonly offset: OffsetLike;
  /** Kept beside the offset of a group at the edge (`admin.fetchOffsets`): 4,096 bytes of UTF-8 at most. A device keeps none. */
  readonly metadata?: string | null;
}

/** What `commitOffsets` and its kin take: a list, or grouped by topic as in KafkaJS. */
export type OffsetsInput =
  | readonly (PartitionCommit & { readonly topic: string })[]
  | { readonly topics: readonly { readonly topic: string; readonly partitions: readonly PartitionCommit[] }[] };

/** `offset` -1 or -2: the log's end or start. `timestamp`: the first record of this time or later, ms since 1970. */
export type SeekInput = { readonly topic: string; readonly partition: number } & (
  | { readonly offset: OffsetLike; readonly timestamp?: never }
  | { readonly timestamp: number; readonly offset?: never }
);

export function byTopic(offsets: readonly TopicPartitionOffset[]): OffsetsByTopic {
  const topics = groupBy(offsets, ({ topic }) => topic);
  return {
    topics: [...topics].map(([topic, each]) => ({
      topic,
      partitions: each.map(({ partition, offset }) => ({ partition, offset })),
    })),
  };
}

export function checkOffsets(offsets: OffsetsInput): HandledTo[] {
  const list =
    "topics" in offsets
      ? offsets.topics.flatMap(({ topic, partitions }) => partitions.map((each) => ({ topic, ...each })))
      : offsets;
  return list.map(({ topic, partition, offset, metadata }) => {
    checkPlace(topic, partition);
    const position = { topic, partition, offset: checkOffset(offset, 0, { topic, partition }) };
    if (metadata === undefined || metadata === null) return position;
    const bytesMax = LIMITS.offsetMetadataBytesMax;
    if (typeof metadata === "string" && new TextEncoder().encode(metadata).byteLength <= bytesMax)
      return { ...position, metadata };
    const said = `metadata of ${topic}-${partition}: text of ${bytesMax} bytes at most`;
    throw new StrandlineError("INVALID_ARGUMENT", said, { topic, partition });
  });
}

export function checkSeek(position: SeekInput): SeekPosition {
  const { topic, partition } = position;
  checkPlace(topic, partition);
  if (position.timestamp !== undefined) {
    const { timestamp } = position;
    if (position.offset !== undefined || !Number.isSafeInteger(timestamp))
      throw new StrandlineError("INVALID_ARGUMENT", `timestamp ${String(timestamp)} of ${topic}-${partition}`, {
        topic,
        partition,
        timestamp: String(timestamp),
      });
    return { topic, partition, timestamp };
  }
  const offset = checkOffset(position.offset, -2, { topic, partition });
  if (offset < 0) return { topic, partition, at: offset === -1 ? "latest" : "earliest" };
  return { topic, partition, offset };
}

export function checkPlace(topic: string, partition: number): void {
  checkTopicName(topic);
  if (!Number.isInteger(partition) || partition < 0)
    throw new StrandlineError("INVALID_ARGUMENT", `partition ${String(partition)} of ${topic}`, {
      topic,
      partition: String(partition),
    });
}

export function checkOffset(
  given: OffsetLike,
  least: number,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): number {
  const offset = typeof given === "string" && /^-?\d{1,16}$/.test(given) ? Number(given) : given;
  if (typeof offset === "number" && Number.isSafeInteger(offset) && offset >= least) return offset;
  throw new StrandlineError(
    "INVALID_ARGUMENT",
    `offset ${String(given)} of ${topic}-${partition}: a whole number from ${least}`,
    {
      topic,
      partition,
      offset: String(given),
    },
  );
}

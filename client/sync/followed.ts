/** A partition that is read from the edge, and where its reader stands. */
import type { FetchPartition } from "../../shared/api/fetch.ts";
import type { Crc, LeaderEpoch, Offset, Partition, TopicId } from "../../shared/brands.ts";
import type { PartitionRef } from "../log/device-log.ts";
import type { PartitionRow, TopicRow } from "../log/rows.ts";

export interface Followed {
  readonly ref: PartitionRef;
  readonly topic: string;
  readonly topicId: TopicId;
  readonly from: Offset;
  readonly leaderEpoch: LeaderEpoch | null;
  /** Of the batch before `from`, where the reader holds it. */
  readonly previousCrc: Crc | null;
}

/** Null: the edge has not told of the topic yet. */
export function followedBy(topic: TopicRow, ref: PartitionRef, row: PartitionRow | undefined): Followed | null {
  if (topic.topicId === null) return null;
  return {
    ref,
    topic: topic.name,
    topicId: topic.topicId,
    from: row?.replicatedTo ?? (0 as Offset),
    leaderEpoch: row?.leaderEpoch ?? null,
    previousCrc: row?.replicatedCrc ?? null,
  };
}

export function isKnown(topic: TopicRow): boolean {
  return topic.topicId !== null && topic.partitionCount !== null;
}

export function refsOf(topic: TopicRow): PartitionRef[] {
  const count = topic.partitionCount ?? 0;
  return Array.from({ length: count }, (_, partition) => ({
    topicKey: topic.topicKey,
    partition: partition as Partition,
  }));
}

export function nameOf({ topicKey, partition }: PartitionRef): string {
  return `${topicKey}/${partition}`;
}

export function askFor(followed: Followed, maxBytes: number): FetchPartition {
  const { ref, topicId, from: offset, leaderEpoch, previousCrc } = followed;
  return { topicId, partition: ref.partition, offset, leaderEpoch, previousCrc, maxBytes };
}

/** What a partition keeps of itself beside its log: its topic, where the topic grew, and its leader epochs. */
import type { LeaderEpoch } from "../../shared/brands.ts";
import type { GrowthBarrier } from "./partition-port.ts";
import type { TopicState } from "../topic-state.ts";

/** A leader epoch and the first offset that was written under it. */
export interface EpochStart extends LeaderEpoch {
  readonly startOffset: number;
}

export interface PartitionMeta {
  readonly topic: TopicState;
  /** One for each of the topic's growths. */
  readonly growths: readonly GrowthBarrier[];
  /** The newest last; at least one. */
  readonly epochs: readonly EpochStart[];
}

/** Of a partition that holds nothing: whatever grew before it was there stands behind all of it. */
export function newMeta(topic: TopicState, leaderEpoch: LeaderEpoch): PartitionMeta {
  return {
    topic,
    growths: topic.growths.map((from) => ({ from, at: 0 })),
    epochs: [{ ...leaderEpoch, startOffset: 0 }],
  };
}

/** Null: nothing that was not known already. */
export function adopted(meta: PartitionMeta, topic: TopicState, nextOffset: number): PartitionMeta | null {
  if (topic.revision <= meta.topic.revision) return null;
  const grown = topic.growths.slice(meta.growths.length).map((from) => ({ from, at: nextOffset }));
  return { ...meta, topic, growths: [...meta.growths, ...grown] };
}

export function leaderEpochOf({ epochs }: PartitionMeta): LeaderEpoch {
  const { counter, random } = epochs.at(-1) ?? { counter: 0, random: 0 };
  return { counter, random };
}

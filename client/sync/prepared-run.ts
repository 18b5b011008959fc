import type { Chain, LeaderEpoch, LocalSequence, ProducerKey, TopicId } from "../../shared/brands.ts";
import type { PartitionSender } from "./partition-sender.ts";
import type { KnownBatch } from "./send-window.ts";

/** A run of sealed batches on its way to the edge, and under what it was asked. */
export interface PreparedRun {
  readonly sender: PartitionSender;
  readonly topicId: TopicId;
  readonly leaderEpoch: LeaderEpoch | null;
  readonly producerKey: ProducerKey;
  /** The sequence that was acked when the run was made: an answer below it is proof that the edge forgot. */
  readonly ackedSequence: number;
  readonly first: LocalSequence;
  readonly chainBefore: Chain;
  readonly batches: readonly KnownBatch[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

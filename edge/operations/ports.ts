/** What operations need of the world. A Hono route is one caller of them, a socket frame will be another. */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Caller } from "../auth.ts";
import type { Outcome } from "../outcome.ts";
import type { PartitionPort, TailRequest } from "../partition/partition-port.ts";
import type { TailListener, TailUpstream } from "../tail/tail-upstream.ts";

/** The controller of the caller's namespace. */
export interface ControllerPort {
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<Outcome<TopicMetadata>>;
  topics(names: readonly string[] | null, create: boolean): Promise<Outcome<TopicMetadata>[]>;
  topicById(topicId: string): Promise<TopicMetadata | null>;
  /** What was reported, in Prometheus' text format. */
  metrics(): Promise<string>;
}

export interface EdgePorts {
  readonly caller: Caller;
  readonly controller: ControllerPort;
  /** Seconds old at most; what it says of an id stays true, since a topic's id and count are never taken back. */
  readonly topics: TopicLookup;
  readonly autoCreateTopics: boolean;
  readonly clock: Clock;
  /** How long a socket or an event stream lives. */
  readonly streamMs: number;
  /** Goes on after the answer. */
  background(work: Promise<void>): void;
  /** For a wait that no reader has named. */
  newSessionId(): string;
  partition(topicId: string, partition: number): PartitionPort;
  /** Throws what the partition refuses it with. */
  openTail(question: PartitionTail, listener: TailListener): Promise<TailUpstream>;
}

export interface PartitionTail {
  readonly topicId: string;
  readonly partition: number;
  readonly request: TailRequest;
}

export interface TopicLookup {
  byId(topicId: string): Promise<TopicMetadata | null>;
  byName(name: string): Promise<TopicMetadata | null>;
  learn(topic: TopicMetadata): void;
}

/** Throws `UNKNOWN_TOPIC_ID` or `UNKNOWN_TOPIC_OR_PARTITION`. */
export async function partitionById(ports: EdgePorts, topicId: string, partition: number): Promise<TopicMetadata> {
  const topic = await ports.topics.byId(topicId);
  if (topic === null) throw new StrandlineError("UNKNOWN_TOPIC_ID", topicId, { topicId });
  demandPartition(topic, partition);
  return topic;
}

export async function topicByName(
  ports: EdgePorts,
  name: string,
): Promise<TopicMetadata & { readonly topicId: string }> {
  const topic = await ports.topics.byName(name);
  if (topic === null || topic.topicId === null) {
    throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `topic ${JSON.stringify(name)}`, { topic: name });
  }
  return { ...topic, topicId: topic.topicId };
}

export function demandPartition(topic: TopicMetadata, partition: number): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < topic.partitionCount) return;
  const said = `partition ${partition}, the topic ${JSON.stringify(topic.name)} has ${topic.partitionCount}`;
  throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", said, {
    topic: topic.name,
    partition,
    partitionCount: topic.partitionCount,
  });
}

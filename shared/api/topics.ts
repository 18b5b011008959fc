/**
 * `POST /v1/topics` creates (201, or `TOPIC_ALREADY_EXISTS`), `GET /v1/topics[/{topic}]` lists and describes,
 * `PATCH /v1/topics/{topic}` alters the configuration, `POST /v1/topics/{topic}/partitions` adds partitions,
 * `DELETE /v1/topics/{topic}` deletes.
 *
 * A change of the configuration is answered once it is written down, and the partitions hear of it then or soon after.
 * New partitions are there only when all others have heard of the growth: the answer is 200 where they have, and 202
 * where the growth is written down and goes on by itself. A repeat tells how far it has come. A deleted topic's name is free at once; its storage follows.
 */
import type { TopicId } from "../brands.ts";
import type { TopicConfig, TopicMetadata } from "./metadata.ts";

export interface CreateTopicRequest {
  readonly name: string;
  /** Absent: the edge's default. */
  readonly partitionCount?: number | undefined;
  readonly config?: TopicConfig | undefined;
  /** 1 to 64 of `[a-zA-Z0-9_-]`. A repeat with the token that made the topic is answered with the topic (200). */
  readonly token?: string | undefined;
}

export type CreateTopicAnswer = TopicMetadata;

export interface ListTopicsAnswer {
  readonly topics: readonly TopicMetadata[];
}

export interface DescribeTopicAnswer extends TopicMetadata {
  /** Of the configs that the topic does not state. */
  readonly defaults: TopicConfig;
}

/** Null resets to the default; what is not named stays. */
export type ConfigChanges = Readonly<Record<string, string | null>>;

export interface AlterTopicRequest {
  readonly config: ConfigChanges;
}

export type AlterTopicAnswer = TopicMetadata;

export interface GrowTopicRequest {
  /** How many there shall be, not how many more. The present count changes nothing. */
  readonly partitionCount: number;
}

/** `partitionCount` is what it is now. */
export interface GrowTopicAnswer extends TopicMetadata {
  /** Null: no growth is under way. */
  readonly growingTo: number | null;
  /** Partitions that have yet to hear of it. */
  readonly waitsFor: readonly number[];
}

/** Of the topic that is gone. */
export interface DeleteTopicAnswer {
  readonly name: string;
  readonly topicId: TopicId;
}

/** `POST /v1/topics` creates (201, or `TOPIC_ALREADY_EXISTS`), `GET /v1/topics[/{topic}]` lists and describes. */
import type { TopicConfig, TopicMetadata } from "./metadata.ts";

export interface CreateTopicRequest {
  readonly name: string;
  /** Absent: the edge's default. */
  readonly partitionCount?: number | undefined;
  readonly config?: TopicConfig | undefined;
}

export type CreateTopicAnswer = TopicMetadata;

export interface ListTopicsAnswer {
  readonly topics: readonly TopicMetadata[];
}

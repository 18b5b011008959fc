/**
 * `GET /v1/metadata?topics=a,b&create=true`: ids and partition counts, and who the edge takes the caller for.
 * Without `topics` all are listed. `create` asks for topics that do not exist yet to be made with the defaults;
 * the edge may be set not to.
 */
import type { TopicId } from "../brands.ts";
import type { ErrorBody } from "../strandline-error.ts";

export type TopicConfig = Readonly<Record<string, string>>;

export interface TopicMetadata {
  readonly name: string;
  readonly error: ErrorBody | null;
  /** Null where there is an error. */
  readonly topicId: TopicId | null;
  readonly partitionCount: number;
  readonly config: TopicConfig;
}

export interface MetadataAnswer {
  readonly namespace: string;
  readonly principal: string;
  readonly topics: readonly TopicMetadata[];
}

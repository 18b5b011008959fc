/** Topics: through the edge where there is one, else of the device alone. */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";

/** What of a topic the device keeps: all limits hold. */
export interface Retention {
  /** Age of a record in milliseconds, by its own time. */
  readonly ms?: number;
  /** Per partition. */
  readonly bytes?: number;
  /** Per partition. */
  readonly records?: number;
}

export interface TopicCalls {
  /** The count as known on the device; null: not known. `refresh` asks the edge first and creates the topic where it may. */
  partitionCount(topic: string, options: { readonly refresh: boolean }): Promise<number | null>;
  /** Null: the edge does not answer, and the device does not know. Makes nothing. */
  topicExists(topic: string): Promise<boolean | null>;
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata>;
  /** Keeps it on the device, whoever consumes it; `retention` null: as it was. */
  follow(topic: string, retention: Retention | null): Promise<void>;
  /** It is pulled no more, until a consumer subscribes to it; what is on the device stays. */
  unfollow(topic: string): Promise<void>;
}

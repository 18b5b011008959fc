/** Topics: through the edge where there is one, else of the device alone. */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";

export interface TopicCalls {
  /** The count as known on the device; null: not known. `refresh` asks the edge first and creates the topic where it may. */
  partitionCount(topic: string, options: { readonly refresh: boolean }): Promise<number | null>;
  /** Null: the edge does not answer, and the device does not know. Makes nothing. */
  topicExists(topic: string): Promise<boolean | null>;
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata>;
}

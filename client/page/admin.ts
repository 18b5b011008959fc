/** KafkaJS's admin, as far as the device can answer: more comes with the edge. */
import type { TopicConfig, TopicMetadata } from "../../shared/api/metadata.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { CallWorker } from "./consumer-loop.ts";

const ADMIN_MS_MAX = 30_000;

export interface TopicSpec {
  readonly topic: string;
  /** The broker's default, where absent. */
  readonly numPartitions?: number;
  readonly configEntries?: readonly { readonly name: string; readonly value: string }[];
}

export interface TopicDescription {
  readonly name: string;
  /** Null: made on this device, not known to an edge. */
  readonly topicId: string | null;
  readonly partitions: readonly { readonly partitionId: number }[];
  readonly config: TopicConfig;
}

export interface Admin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** False where all of them existed. */
  createTopics(options: { readonly topics: readonly TopicSpec[] }): Promise<boolean>;
  listTopics(): Promise<string[]>;
  /** Without `topics`: all. */
  fetchTopicMetadata(options?: {
    readonly topics?: readonly string[];
  }): Promise<{ readonly topics: readonly TopicDescription[] }>;
}

export class PageAdmin implements Admin {
  readonly #call: CallWorker;
  readonly #connect: () => Promise<void>;

  constructor(deps: { readonly call: CallWorker; readonly connect: () => Promise<void> }) {
    this.#call = deps.call;
    this.#connect = deps.connect;
  }

  connect(): Promise<void> {
    return this.#connect();
  }

  async disconnect(): Promise<void> {}

  async createTopics({ topics }: { readonly topics: readonly TopicSpec[] }): Promise<boolean> {
    for (const { topic } of topics) checkTopicName(topic);
    const made = await Promise.all(topics.map((spec) => this.#create(spec)));
    return made.includes(true);
  }

  async #create({ topic, numPartitions, configEntries = [] }: TopicSpec): Promise<boolean> {
    const config = Object.fromEntries(configEntries.map(({ name, value }) => [name, value]));
    // KafkaJS: -1 is the broker's default.
    const count = numPartitions === undefined || numPartitions === -1 ? null : numPartitions;
    try {
      await this.#call((api) => api.createTopic(topic, count, config), ADMIN_MS_MAX);
      return true;
    } catch (error) {
      if (error instanceof StrandlineError && error.code === "TOPIC_ALREADY_EXISTS") return false;
      throw error;
    }
  }

  async listTopics(): Promise<string[]> {
    const topics = await this.#call((api) => api.topics(null), ADMIN_MS_MAX);
    return topics.map(({ name }) => name).toSorted();
  }

  async fetchTopicMetadata({ topics = [] }: { readonly topics?: readonly string[] } = {}): Promise<{
    readonly topics: readonly TopicDescription[];
  }> {
    const found = await this.#call((api) => api.topics(topics.length === 0 ? null : topics), ADMIN_MS_MAX);
    return { topics: found.map(describe) };
  }
}

function describe({ name, error, topicId, partitionCount, config }: TopicMetadata): TopicDescription {
  if (error !== null) throw StrandlineError.fromBody(error);
  return {
    name,
    topicId,
    partitions: Array.from({ length: partitionCount }, (_, partitionId) => ({ partitionId })),
    config,
  };
}

/** What a consumer hands to no handler for now: topics with all partitions that they have and will have, and single partitions. */
import { groupBy } from "../../shared/group-by.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { nameOf } from "./line-position.ts";

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartitions {
  readonly topic: string;
  /** All, where absent. */
  readonly partitions?: readonly number[];
}

export class PausedPartitions {
  readonly #topics = new Set<string>();
  readonly #partitions = new Map<string, TopicPartition>();

  pause({ topic, partitions }: TopicPartitions): void {
    checkTopicName(topic);
    if (partitions === undefined) this.#topics.add(topic);
    else for (const partition of partitions) this.#partitions.set(nameOf({ topic, partition }), { topic, partition });
  }

  resume({ topic, partitions }: TopicPartitions): void {
    checkTopicName(topic);
    if (partitions === undefined) this.#topics.delete(topic);
    for (const [name, paused] of this.#partitions)
      if (paused.topic === topic && partitions?.includes(paused.partition) !== false) this.#partitions.delete(name);
  }

  clear(): void {
    this.#topics.clear();
    this.#partitions.clear();
  }

  has(of: TopicPartition): boolean {
    if (this.#topics.size + this.#partitions.size === 0) return false;
    return this.#topics.has(of.topic) || this.#partitions.has(nameOf(of));
  }

  /** `partition` null: all of the topic. */
  all(): { readonly topic: string; readonly partition: number | null }[] {
    return [...this.#partitions.values(), ...[...this.#topics].map((topic) => ({ topic, partition: null }))];
  }

  byTopic(): TopicPartitions[] {
    const some = groupBy(this.#partitions.values(), ({ topic }) => topic);
    return [
      ...[...this.#topics].map((topic) => ({ topic })),
      ...[...some].map(([topic, each]) => ({ topic, partitions: each.map(({ partition }) => partition) })),
    ];
  }
}

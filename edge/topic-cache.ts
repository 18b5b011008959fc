/**
 * Topics as the controller told them, for seconds, in the memory of one isolate. A stale entry is told, never wrong:
 * every produce and fetch carries the topic id, ids are never reused and counts only grow.
 */
import type { TopicMetadata } from "../shared/api/metadata.ts";
import type { Clock } from "../shared/clock.ts";
import type { ControllerPort, TopicLookup } from "./operations/ports.ts";

const FRESH_MS = 5_000;
const TOPICS_MAX = 10_000;

interface Entry {
  readonly topic: TopicMetadata;
  readonly learnedAt: number;
}

/** Of one namespace. Outlives requests; what it asks goes over the controller of the request at hand. */
export class TopicCache {
  readonly #clock: Clock;
  readonly #byId = new Map<string, Entry>();
  readonly #byName = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lookup(controller: ControllerPort): TopicLookup {
    return {
      byId: async (topicId) =>
        this.#fresh(this.#byId.get(topicId)) ?? this.#learned(await controller.topicById(topicId)),
      byName: async (name) => {
        const known = this.#fresh(this.#byName.get(name));
        if (known !== null) return known;
        const [found] = await controller.topics([name], false);
        return found?.ok === true ? this.#learned(found.value) : null;
      },
      learn: (topic) => void this.#learned(topic),
    };
  }

  #fresh(entry: Entry | undefined): TopicMetadata | null {
    const age = entry === undefined ? Infinity : this.#clock.now() - entry.learnedAt;
    // A clock that was set back makes an entry old, not young.
    return entry !== undefined && age >= 0 && age < FRESH_MS ? entry.topic : null;
  }

  #learned(topic: TopicMetadata | null): TopicMetadata | null {
    if (topic === null || topic.topicId === null) return null;
    if (this.#byId.size >= TOPICS_MAX) this.#forgetAll();
    const entry = { topic, learnedAt: this.#clock.now() };
    this.#byId.set(topic.topicId, entry);
    this.#byName.set(topic.name, entry);
    return topic;
  }

  #forgetAll(): void {
    this.#byId.clear();
    this.#byName.clear();
  }
}

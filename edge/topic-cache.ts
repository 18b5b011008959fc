/**
 * Topics as the controller told them, in the memory of one isolate: for seconds as they are, then for up to a minute
 * while they are asked for again behind the answer. A stale entry is told, never wrong: every produce and fetch carries
 * the topic id, ids are never reused, counts only grow, and a partition of a deleted topic refuses by itself. That a
 * topic is not there is never remembered.
 */
import type { TopicMetadata } from "../shared/api/metadata.ts";
import type { Clock } from "../shared/clock.ts";
import type { ControllerPort, KnownTopic, TopicLookup } from "./operations/ports.ts";

const FRESH_MS = 5_000;
/** Older than this is asked for before it is answered. */
const STALE_MS = 60_000;
const TOPICS_MAX = 10_000;

interface Entry {
  readonly topic: KnownTopic;
  readonly learnedAt: number;
  /** Somebody asks at the moment. Should that request be cut off, the next one asks once the entry is too old. */
  refreshing: boolean;
}

/** Runs on after the answer; never rejects. */
export type Background = (work: Promise<void>) => void;

/** Of one namespace. Outlives requests; what it asks goes over the controller of the request at hand. */
export class TopicCache {
  readonly #clock: Clock;
  readonly #byId = new Map<string, Entry>();
  readonly #byName = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lookup(controller: ControllerPort, background: Background): TopicLookup {
    const askId = async (topicId: string): Promise<KnownTopic | null> => {
      const found = this.#learned(await controller.topicById(topicId));
      if (found === null) this.#forget(topicId);
      return found;
    };
    const askName = async (name: string): Promise<KnownTopic | null> => {
      const before = this.#byName.get(name);
      const [outcome] = await controller.topics([name], false);
      const found = outcome?.ok === true ? this.#learned(outcome.value) : null;
      if (before !== undefined && before.topic.topicId !== found?.topicId) this.#forget(before.topic.topicId);
      return found;
    };
    return {
      byId: async (topicId) =>
        this.#known(this.#byId.get(topicId), () => askId(topicId), background) ?? (await askId(topicId)),
      byName: async (name) =>
        this.#known(this.#byName.get(name), () => askName(name), background) ?? (await askName(name)),
      asked: askId,
      learn: (topic) => void this.#learned(topic),
      forget: (topicId) => this.#forget(topicId),
    };
  }

  /** Null: not known, or too old to be told unasked. */
  #known(entry: Entry | undefined, ask: () => Promise<unknown>, background: Background): KnownTopic | null {
    if (entry === undefined) return null;
    const age = this.#clock.now() - entry.learnedAt;
    // A clock that was set back makes an entry old, not young.
    if (age < 0 || age >= STALE_MS) return null;
    if (age >= FRESH_MS && !entry.refreshing) {
      entry.refreshing = true;
      background(refreshed(entry, ask));
    }
    return entry.topic;
  }

  #learned(topic: TopicMetadata | null): KnownTopic | null {
    if (topic === null || topic.topicId === null) return null;
    const known: KnownTopic = { ...topic, topicId: topic.topicId };
    const before = this.#byId.get(known.topicId);
    // An answer that was overtaken by a later one.
    if (before !== undefined && before.topic.partitionCount > known.partitionCount) return before.topic;
    if (this.#byId.size >= TOPICS_MAX) this.#forgetAll();
    const replaced = this.#byName.get(known.name)?.topic.topicId;
    if (replaced !== undefined && replaced !== known.topicId) this.#forget(replaced);
    const entry = { topic: known, learnedAt: this.#clock.now(), refreshing: false };
    this.#byId.set(known.topicId, entry);
    this.#byName.set(known.name, entry);
    return known;
  }

  #forget(topicId: string): void {
    const entry = this.#byId.get(topicId);
    if (entry === undefined) return;
    this.#byId.delete(topicId);
    if (this.#byName.get(entry.topic.name) === entry) this.#byName.delete(entry.topic.name);
  }

  #forgetAll(): void {
    this.#byId.clear();
    this.#byName.clear();
  }
}

/** A refresh that fails leaves the entry as it is; the next look-up tries again. */
async function refreshed(entry: Entry, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch {
    entry.refreshing = false;
  }
}

/**
 * All topics of a namespace as the controller told them, in the memory of one isolate: for seconds as they are, then a
 * little longer while they are asked for again behind the answer. Only what has changed since is sent again.
 */
import type { TopicMetadata } from "../shared/api/metadata.ts";
import type { TopicId } from "../shared/brands.ts";
import type { Clock } from "../shared/clock.ts";
import { RulesCache } from "./access/rules-cache.ts";
import type { TopicListingAnswer } from "./controller/topic-registry.ts";

export interface TopicListing {
  /** Higher after each change. */
  readonly revision: number;
  readonly topics: readonly (TopicMetadata & { readonly topicId: TopicId })[];
}

type Ask = (known: number | null) => Promise<TopicListingAnswer>;

const NAMESPACES_MAX = 1_000;

export class TopicListings {
  readonly #cache: RulesCache<TopicListing>;
  readonly #latest = new Map<string, TopicListing>();

  constructor(clock: Clock) {
    this.#cache = new RulesCache(clock);
  }

  /** Rejects where it is not known and the controller cannot be asked. */
  async of(namespace: string, ask: Ask, background: (work: Promise<void>) => void): Promise<TopicListing> {
    return await this.#cache.rulesOf(namespace, async () => await this.#asked(namespace, ask), background);
  }

  /** Whoever has just changed it looks at it as it is. */
  forget(namespace: string): void {
    this.#cache.forget(namespace);
  }

  async #asked(namespace: string, ask: Ask): Promise<TopicListing> {
    const latest = this.#latest.get(namespace);
    const { revision, topics } = await ask(latest?.revision ?? null);
    const listing = topics === null && latest !== undefined ? latest : { revision, topics: topics ?? [] };
    if (this.#latest.size >= NAMESPACES_MAX) this.#latest.clear();
    this.#latest.set(namespace, listing);
    return listing;
  }
}

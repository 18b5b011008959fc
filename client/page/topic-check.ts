/** What a producer wants to know of its topics before and while it sends to them. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

export interface AskTopic {
  /** Null: the edge does not answer. */
  exists(topic: string): Promise<boolean | null>;
  /** Asks the edge for its partitions; what came of it is told to all pages. */
  refresh(topic: string): Promise<unknown>;
}

interface TopicCheckOptions {
  readonly ask: AskTopic;
  readonly clock: Clock;
  readonly allowAutoTopicCreation: boolean;
  readonly metadataAgeMsMax: number;
}

export class TopicCheck {
  readonly #options: TopicCheckOptions;
  readonly #known = new Set<string>();
  readonly #askedAt = new Map<string, number>();
  /** Sends keep their order while one of them waits. */
  #turn: Promise<unknown> | null = null;

  constructor(options: TopicCheckOptions) {
    this.#options = options;
  }

  /** Runs `send`, at once where there is nothing to ask. */
  before<Result>(topics: readonly string[], send: () => Promise<Result>): Promise<Result> {
    this.#renew(topics);
    const unknown = this.#options.allowAutoTopicCreation ? [] : topics.filter((topic) => !this.#known.has(topic));
    if (unknown.length === 0 && this.#turn === null) return send();
    const checked = Promise.all(unknown.map((topic) => this.#demand(topic)));
    checked.catch(() => undefined);
    const mine = (this.#turn ?? Promise.resolve()).then(() => checked).then(() => ({ stored: send() }));
    const turn = mine.catch(() => undefined);
    this.#turn = turn;
    void turn.then(() => {
      if (this.#turn === turn) this.#turn = null;
    });
    return mine.then(({ stored }) => stored);
  }

  async #demand(topic: string): Promise<void> {
    const exists = await this.#options.ask.exists(topic);
    if (exists === false)
      throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `${topic}, and allowAutoTopicCreation is false`, {
        topic,
      });
    if (exists === true) this.#known.add(topic);
  }

  /** In the background: sends go on by what is known. */
  #renew(topics: readonly string[]): void {
    const { ask, clock, metadataAgeMsMax } = this.#options;
    const now = clock.now();
    for (const topic of topics) {
      const askedAt = this.#askedAt.get(topic);
      if (askedAt !== undefined && now - askedAt < metadataAgeMsMax) continue;
      this.#askedAt.set(topic, now);
      // The first send learns of the topic by itself.
      if (askedAt !== undefined) ask.refresh(topic).catch(() => undefined);
    }
  }
}

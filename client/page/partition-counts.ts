/** What the page remembers of topics: asked of the worker once each, renewed when there is news of them. */
export type AskCount = (topic: string) => Promise<number | null>;

export class PartitionCounts {
  readonly #ask: AskCount;
  readonly #counts = new Map<string, number | null>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(ask: AskCount) {
    this.#ask = ask;
  }

  /** Undefined: not asked yet. Null: asked, and the device does not know. */
  get(topic: string): number | null | undefined {
    return this.#counts.get(topic);
  }

  /** One question for all who need the answer. */
  learn(topic: string): Promise<void> {
    return this.#asking.get(topic) ?? this.#learn(topic);
  }

  /** What is remembered stands until the new answer is there: sends do not wait for it. */
  renew(topics: Iterable<string> = [...this.#counts.keys()]): void {
    for (const topic of topics) this.#learn(topic).catch(() => this.#counts.delete(topic));
  }

  /** It is another topic now: sends wait for its count. */
  forget(topic: string): void {
    this.#counts.delete(topic);
    this.#asking.delete(topic);
  }

  /** An answer to a question that was asked again since is an old one. */
  #learn(topic: string): Promise<void> {
    const isCurrent = (): boolean => this.#asking.get(topic) === asking;
    const asking: Promise<void> = this.#ask(topic)
      .then((count) => {
        if (isCurrent()) this.#counts.set(topic, count);
      })
      .finally(() => {
        if (isCurrent()) this.#asking.delete(topic);
      });
    this.#asking.set(topic, asking);
    return asking;
  }
}

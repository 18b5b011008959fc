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
    let asking = this.#asking.get(topic);
    if (asking === undefined) {
      asking = this.#ask(topic)
        .then((count) => void this.#counts.set(topic, count))
        .finally(() => this.#asking.delete(topic));
      this.#asking.set(topic, asking);
    }
    return asking;
  }

  /** What is remembered stands until the new answer is there: sends do not wait for it. */
  renew(topics: Iterable<string> = [...this.#counts.keys()]): void {
    for (const topic of topics) this.learn(topic).catch(() => this.#counts.delete(topic));
  }
}

/** Events and answers name topics as people do; rows name them by key. A key never changes its name. */
import type { TopicCatalog } from "../log/device-log.ts";

export class TopicNames {
  readonly #catalog: TopicCatalog;
  readonly #names = new Map<number, string>();

  constructor(catalog: TopicCatalog) {
    this.#catalog = catalog;
  }

  note(topicKey: number, topic: string): void {
    this.#names.set(topicKey, topic);
  }

  /** Empty where the device has no such topic. */
  async of(topicKey: number): Promise<string> {
    if (!this.#names.has(topicKey)) {
      for (const row of await this.#catalog.all()) this.#names.set(row.topicKey, row.name);
    }
    return this.#names.get(topicKey) ?? "";
  }
}

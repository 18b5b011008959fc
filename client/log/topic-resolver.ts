/** Topics by name, remembered; every transaction checks that what was remembered still holds. */
import type { CheckedAppend } from "./append-check.ts";
import { noSuchPartition } from "./append-check.ts";
import type { TopicCatalog } from "./device-log.ts";
import type { TopicRow } from "./rows.ts";

export class TopicResolver {
  readonly #catalog: TopicCatalog;
  readonly #localPartitionCount: number | null;
  readonly #remembered = new Map<string, TopicRow>();

  constructor(catalog: TopicCatalog, localPartitionCount: number | null) {
    this.#catalog = catalog;
    this.#localPartitionCount = localPartitionCount;
  }

  forget(): void {
    this.#remembered.clear();
  }

  /** The topics of one caller. Throws where a partition is out of range, after a look at what is known by now. */
  async resolve(appends: readonly CheckedAppend[]): Promise<ReadonlyMap<string, TopicRow>> {
    const topics = new Map<string, TopicRow>();
    for (const { topic, partition } of appends) {
      let row = topics.get(topic) ?? this.#remembered.get(topic) ?? (await this.#look(topic));
      if (!holds(row, partition)) row = await this.#look(topic);
      if (!holds(row, partition)) throw noSuchPartition(topic, partition, row.partitionCount ?? 0);
      topics.set(topic, row);
    }
    return topics;
  }

  async #look(name: string): Promise<TopicRow> {
    const local = this.#localPartitionCount === null ? null : { partitionCount: this.#localPartitionCount };
    const row = (await this.#catalog.byName(name)) ?? (await this.#catalog.ensure(name, local));
    this.#remembered.set(name, row);
    return row;
  }
}

function holds(row: TopicRow, partition: number): boolean {
  return row.partitionCount === null || partition < row.partitionCount;
}

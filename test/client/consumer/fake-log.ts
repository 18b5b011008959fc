/** A replica and a catalog of plain arrays: one byte is one record. */
import type { Offset, Partition, TopicKey } from "../../../shared/brands.ts";
import type { DeviceChannel } from "../../../client/device-news.ts";
import type { PartitionRef, ReadResult, Replica, TopicCatalog } from "../../../client/log/device-log.ts";
import type { PartitionRow, TopicRow } from "../../../client/log/rows.ts";

export const SILENT_CHANNEL: DeviceChannel = { post: () => {}, onMessage: () => {}, close: () => {} };

export class FakeLog {
  readonly topics = new Map<string, TopicRow>();
  readonly logs = new Map<string, number[]>();
  readonly commits = new Map<string, number>();
  readonly turns = new Map<string, number>();
  reads = 0;
  logStart = 0;

  addTopic(name: string, partitionCount: number | null, local = true): TopicRow {
    const topicKey = (this.topics.get(name)?.topicKey ?? this.topics.size + 1) as TopicKey;
    const row: TopicRow = {
      topicKey,
      name,
      topicId: null,
      partitionCount,
      config: {},
      retired: false,
      followed: true,
      local,
    };
    this.topics.set(name, row);
    return row;
  }

  ref(name: string, partition: number): PartitionRef {
    return { topicKey: this.topics.get(name)?.topicKey ?? (0 as TopicKey), partition: partition as Partition };
  }

  append(name: string, partition: number, ...records: number[]): PartitionRef {
    const ref = this.ref(name, partition);
    this.#log(ref).push(...records);
    return ref;
  }

  get catalog(): TopicCatalog {
    return {
      byName: async (name: string) => this.topics.get(name),
      all: async () => [...this.topics.values()],
    } as Partial<TopicCatalog> as TopicCatalog;
  }

  get replica(): Replica {
    return {
      rows: async (refs) =>
        refs.map(
          (ref) =>
            ({
              logStartOffset: this.logStart,
              highWatermark: this.#log(ref).length,
              leaderEpoch: null,
            }) as Partial<PartitionRow> as PartitionRow,
        ),
      store: async () => [],
      read: async (ref, offset, bytesMax) => this.#read(ref, offset, bytesMax),
      offsetForTime: async () => null,
      cutFrom: async () => null,
      readFrom: async () => null,
      timeAt: async () => null,
      committedBy: async () => [],
      groups: async () => [],
      committed: async (group, ref) =>
        (this.commits.get(`${group}/${ref.topicKey}/${ref.partition}`) ?? null) as Offset | null,
      turns: async (group, refs) =>
        refs.map(({ topicKey, partition }) => this.turns.get(`${group}/${topicKey}/${partition}`) ?? 0),
      beginTurns: async (group, refs) => refs.map((ref) => this.#beginTurn(group, ref)),
      commit: async (group, offsets) =>
        offsets.flatMap(({ ref, offset, turn }) => {
          const name = `${group}/${ref.topicKey}/${ref.partition}`;
          if (turn === undefined) this.#beginTurn(group, ref);
          else if (this.turns.get(name) !== turn) return [ref];
          this.commits.set(name, offset);
          return [];
        }),
    };
  }

  #beginTurn(group: string, { topicKey, partition }: PartitionRef): number {
    const name = `${group}/${topicKey}/${partition}`;
    const turn = (this.turns.get(name) ?? 0) + 1;
    this.turns.set(name, turn);
    return turn;
  }

  #log(ref: PartitionRef): number[] {
    const name = `${ref.topicKey}/${ref.partition}`;
    const log = this.logs.get(name) ?? [];
    this.logs.set(name, log);
    return log;
  }

  #read(ref: PartitionRef, offset: number, bytesMax: number): ReadResult {
    this.reads += 1;
    const log = this.#log(ref);
    const from = Math.max(offset, this.logStart);
    const records = offset < this.logStart ? [] : log.slice(from, from + Math.max(1, bytesMax));
    const end = log.length as Offset;
    const nextOffset = (offset < this.logStart ? offset : from + records.length) as Offset;
    return {
      runs: records.length === 0 ? [] : [new Uint8Array(records)],
      nextOffset,
      replicatedTo: end,
      logStartOffset: this.logStart as Offset,
      heldFrom: this.logStart as Offset,
      highWatermark: end,
    };
  }
}

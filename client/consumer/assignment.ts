/** Which partitions a session has, as topics become known, and where each begins. */
import {
  partition as toPartition,
  UNASSIGNED,
  type LocalSequence,
  type Offset,
  type TopicKey,
} from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerNews, ConsumerOptions, SeekPosition } from "../calls/consumer-calls.ts";
import type { PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { OwnRecords } from "../log/own-log.ts";
import type { PartitionRow, TopicRow } from "../log/rows.ts";
import { newPartition, noting, partitionName, rejoin, seekTo } from "./assigned-partition.ts";
import type { AssignedPartition, TimeLookup } from "./assigned-partition.ts";
import { replicaSource, type RecordSource } from "./record-source.ts";

type Choice = ConsumerOptions["topics"][number];

export interface AssignmentDeps {
  readonly replica: Replica;
  readonly own: OwnRecords;
  readonly catalog: TopicCatalog;
  /** Makes the topic known to the device and, unless it is only read through, follows it. */
  readonly follow: (topic: string, storage: Choice["storage"]) => Promise<TopicRow>;
  /** Null: what is not stored cannot be read. */
  readonly readThrough: (() => RecordSource) | null;
}

export interface AssignmentListener {
  /** A source that is not the replica has more to read. */
  onMore(refs: readonly PartitionRef[]): void;
  onNews(news: ConsumerNews): void;
}

export class Assignment {
  readonly partitions: Map<string, AssignedPartition> = new Map();
  readonly #deps: AssignmentDeps;
  readonly #options: ConsumerOptions;
  readonly #replica: RecordSource;
  readonly #topics = new Map<string, Choice>();
  /** Of topics whose partitions are not known yet. */
  readonly #sought = new Map<string, SeekPosition[]>();
  /** Where a consumer of a topic that was not known began to show what waits. */
  readonly #waitingStarts = new Map<TopicKey, LocalSequence>();
  readonly #listener: AssignmentListener;
  #through: RecordSource | null = null;
  #stopListening: (() => void) | undefined;

  constructor(deps: AssignmentDeps, options: ConsumerOptions, listener: AssignmentListener) {
    this.#deps = deps;
    this.#options = options;
    this.#listener = listener;
    this.#replica = replicaSource(deps.replica);
    for (const choice of options.topics) this.#topics.set(choice.name, choice);
  }

  async subscribe(): Promise<void> {
    for (const choice of this.#topics.values()) await this.#follow(choice);
  }

  /** Takes up partitions that have become known. True: the assignment is another. */
  async refresh(): Promise<boolean> {
    await this.#match();
    const before = [...this.partitions.keys()].join();
    for (const choice of this.#topics.values()) this.#takeUp(choice, await this.#deps.catalog.byName(choice.name));
    return before !== [...this.partitions.keys()].join();
  }

  get(topic: string, partition: number): AssignedPartition {
    const assigned = this.partitions.get(partitionName(topic, partition));
    if (assigned === undefined) throw unassigned(topic, partition);
    return assigned;
  }

  /** Also where none of its partitions is known. */
  reads(topic: string): boolean {
    return this.#topics.has(topic);
  }

  seek(position: SeekPosition): void {
    const name = partitionName(position.topic, position.partition);
    const assigned = this.partitions.get(name);
    if (assigned !== undefined) return seekTo(assigned, position);
    // The topic may be one that a pattern will match.
    if (!this.#topics.has(position.topic) && this.#options.patterns.length === 0)
      throw unassigned(position.topic, position.partition);
    this.#sought.set(name, [...(this.#sought.get(name) ?? []), position]);
  }

  /** A partition that is no more has nothing to go on with. */
  rejoin({ topic, partition }: { readonly topic: string; readonly partition: number }): void {
    const assigned = this.partitions.get(partitionName(topic, partition));
    if (assigned !== undefined) rejoin(assigned);
  }

  /** By topic; partition -1 is no one's. */
  assignment(): Record<string, number[]> {
    const assignment: Record<string, number[]> = {};
    for (const { topic, ref } of this.partitions.values())
      if (ref.partition >= 0) (assignment[topic] ??= []).push(ref.partition);
    return assignment;
  }

  /** Decides positions that are open. */
  async decide(): Promise<void> {
    for (const assigned of this.partitions.values()) {
      const { seeks } = assigned;
      if (assigned.committed === undefined && assigned.ref.partition >= 0) await this.#join(assigned);
      if (assigned.position === null && assigned.ref.partition >= 0) {
        const start = await this.#startOf(assigned).catch((error: unknown) => {
          // Told once: what cannot be done is not tried for ever.
          assigned.start = { at: "group" };
          throw error;
        });
        if (assigned.seeks === seeks) assigned.position = start;
      }
      if (this.#showsOwn(assigned) && assigned.localSequence === null) {
        const start = await this.#ownStartOf(assigned);
        if (assigned.seeks === seeks) assigned.localSequence = start;
      }
    }
  }

  async close(): Promise<void> {
    this.#stopListening?.();
    await this.#through?.close();
  }

  async #match(): Promise<void> {
    const { patterns } = this.#options;
    if (patterns.length === 0) return;
    for (const { name, retired } of await this.#deps.catalog.all()) {
      const match =
        retired || this.#topics.has(name) ? undefined : patterns.find(({ pattern }) => matches(pattern, name));
      if (match === undefined) continue;
      const choice = { name, fromBeginning: match.fromBeginning, storage: match.storage };
      this.#topics.set(name, choice);
      await this.#follow(choice);
    }
  }

  async #follow({ name, storage }: Choice): Promise<void> {
    const row = await this.#deps.follow(name, storage);
    // A topic of the device alone is read where it is.
    if (storage === "none" && !row.local && this.#deps.readThrough === null)
      throw new StrandlineError("UNSUPPORTED_OPERATION", `${name}: reading without storing is not to be had here`, {
        topic: name,
      });
  }

  #takeUp({ name: topic, storage }: Choice, row: TopicRow | undefined): void {
    const known = row !== undefined && row.partitionCount !== null;
    for (const [name, { topic: of, ref }] of this.partitions) {
      // The topic was made again under its old name, or what waited has moved to its partitions.
      if (of === topic && (ref.topicKey !== row?.topicKey || (known && ref.partition < 0)))
        this.partitions.delete(name);
    }
    if (row === undefined) return;
    const source = storage === "none" && !row.local ? this.#readThrough() : this.#replica;
    if (!known) source.learn?.(topic);
    for (let index = known ? 0 : -1; index < (row.partitionCount ?? 0); index += 1) {
      const name = partitionName(topic, index);
      if (this.partitions.has(name) || (index < 0 && this.#options.isolation !== "local")) continue;
      const ref = { topicKey: row.topicKey, partition: index < 0 ? UNASSIGNED : toPartition(index) };
      const assigned = newPartition(topic, ref, source);
      for (const position of this.#sought.get(name) ?? []) seekTo(assigned, position);
      this.#sought.delete(name);
      this.partitions.set(name, assigned);
    }
  }

  #readThrough(): RecordSource {
    if (this.#through !== null) return this.#through;
    const through = this.#deps.readThrough?.() ?? this.#replica;
    this.#through = through;
    this.#stopListening = through.onNews?.((refs) => this.#listener.onMore(refs));
    return through;
  }

  #showsOwn({ source }: AssignedPartition): boolean {
    return this.#options.isolation === "local" && source === this.#replica;
  }

  async #startOf(assigned: AssignedPartition): Promise<Offset | null> {
    const { ref, source, topic, start } = assigned;
    const wanted = "at" in start && start.at === "group" ? await this.#groupStart(assigned) : start;
    if (typeof wanted === "number") return await this.#fromItsChunks(assigned, wanted);
    assigned.start = wanted;
    const [row] = await source.rows([ref]);
    if ("at" in wanted && wanted.at === "earliest") return row?.logStartOffset ?? (0 as Offset);
    if ("timestamp" in wanted) {
      if (source.offsetForTime === undefined)
        throw new StrandlineError("UNSUPPORTED_OPERATION", `${topic} is read through: it has no seek by time`, {
          topic,
        });
      if (!source.local) return row?.leaderEpoch == null ? null : this.#lookedUp(assigned, wanted.timestamp, row);
      const found = await source.offsetForTime(ref, wanted.timestamp);
      if (found !== null) return found;
      // The record may be among those that are still to come to the replica.
      if (row !== undefined && row.replicatedTo < row.highWatermark) return null;
    }
    const topicRow = await this.#deps.catalog.byName(topic);
    if (topicRow?.local === true) return row?.highWatermark ?? (0 as Offset);
    // Not heard of yet: `latest` is decided when the edge first tells where the log ends.
    return row === undefined || row.leaderEpoch === null ? null : row.highWatermark;
  }

  /** Null: it is told once it is here. The other partitions are read meanwhile, and offline they may be all there is. */
  #lookedUp(assigned: AssignedPartition, timestamp: number, { highWatermark: end }: PartitionRow): Offset | null {
    const { ref, source, seeks } = assigned;
    if (assigned.lookup?.seeks === seeks) {
      const { answer, end: before } = assigned.lookup;
      if (answer === null) return null;
      assigned.lookup = null;
      if ("error" in answer) throw answer.error;
      return answer.offset ?? before;
    }
    const lookup: TimeLookup = { seeks, end, answer: null };
    assigned.lookup = lookup;
    const tell = (answer: TimeLookup["answer"]): void => {
      lookup.answer = answer;
      this.#listener.onMore([ref]);
    };
    void source.offsetForTime?.(ref, timestamp).then(
      (offset) => tell({ offset }),
      (error: unknown) => tell({ error }),
    );
    return null;
  }

  /** A message that was not whole when the group committed is read from its first chunk. */
  async #fromItsChunks(assigned: AssignedPartition, committed: Offset): Promise<Offset> {
    const { groupId } = this.#options;
    const { seeks } = assigned;
    const readFrom = groupId === null ? null : await this.#deps.replica.readFrom(groupId, assigned.ref);
    if (readFrom === null || readFrom >= committed || assigned.seeks !== seeks) return committed;
    assigned.handledTo = committed;
    return readFrom;
  }

  async #join(assigned: AssignedPartition): Promise<void> {
    const { groupId } = this.#options;
    const note = noting(assigned);
    note(groupId === null ? null : await this.#deps.replica.committed(groupId, assigned.ref));
  }

  /** The group's committed offset; without one the beginning or, as Kafka's `latest`, the end as far as it is known. */
  async #groupStart({
    topic,
    ref,
    committed = null,
  }: AssignedPartition): Promise<Offset | { readonly at: "latest" | "earliest" }> {
    const { groupId } = this.#options;
    if (groupId === null) return this.#otherwise(topic);
    const from = committed === null ? null : await this.#deps.replica.cutFrom(groupId, ref);
    const { partition } = ref;
    if (committed !== null && from !== null)
      this.#listener.onNews({ type: "reset", topic, partition, from, to: committed, reason: "truncated" });
    return committed ?? this.#otherwise(topic);
  }

  #otherwise(topic: string): { readonly at: "latest" | "earliest" } {
    return { at: this.#topics.get(topic)?.fromBeginning === true ? "earliest" : "latest" };
  }

  /** A consumer that begins at the end sees what is appended from now on. */
  async #ownStartOf(assigned: AssignedPartition): Promise<LocalSequence> {
    const { groupId } = this.#options;
    const [row] = await this.#deps.replica.rows([assigned.ref]);
    const fromBeginning = this.#topics.get(assigned.topic)?.fromBeginning === true;
    const committed = groupId === null ? null : await this.#deps.replica.committed(groupId, assigned.ref);
    // What is committed and readable is passed by.
    if (fromBeginning || committed !== null) return 0 as LocalSequence;
    const { topicKey, partition } = assigned.ref;
    const end = row?.nextLocalSequence ?? (0 as LocalSequence);
    const waitingStart = this.#waitingStarts.get(topicKey);
    if (partition < 0) this.#waitingStarts.set(topicKey, end);
    if (partition < 0 || waitingStart === undefined) return end;
    const moved = await this.#deps.own.moved(topicKey, { from: waitingStart, to: Infinity as LocalSequence });
    return (moved.find((range) => range.partition === partition)?.from as LocalSequence | undefined) ?? end;
  }
}

/** A pattern with `g` or `y` remembers where it stopped. */
function matches(pattern: RegExp, name: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(name);
}

function unassigned(topic: string, partition: number): StrandlineError {
  return new StrandlineError(
    "UNKNOWN_TOPIC_OR_PARTITION",
    `${partitionName(topic, partition)} is not assigned to this consumer`,
    { topic, partition },
  );
}

/** Which partitions a session has, as topics become known, and where each begins. */
import { partition as toPartition, UNASSIGNED } from "../../shared/brands.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerNews, ConsumerOptions, SeekPosition } from "../calls/consumer-calls.ts";
import type { GroupMembership, Ownership } from "../group/group-membership.ts";
import type { PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { OwnRecords } from "../log/own-log.ts";
import type { TopicRow } from "../log/rows.ts";
import {
  changeOwner,
  newPartition,
  partitionName,
  rejoin,
  seekTo,
  type AssignedPartition,
} from "./assigned-partition.ts";
import { replicaSource, type RecordSource } from "./record-source.ts";
import { Starts } from "./starts.ts";

type Choice = ConsumerOptions["topics"][number];

export interface AssignmentDeps {
  readonly replica: Replica;
  readonly own: OwnRecords;
  readonly catalog: TopicCatalog;
  /** Makes the topic known to the device and, unless it is only read through, follows it. */
  readonly follow: (topic: string, storage: Choice["storage"]) => Promise<TopicRow>;
  /** Null: what is not stored cannot be read. */
  readonly readThrough: (() => RecordSource) | null;
  readonly random: Random;
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
  readonly #starts: Starts;
  readonly #listener: AssignmentListener;
  /** Null: of no group, and all partitions are read. */
  membership: GroupMembership | null = null;
  #through: RecordSource | null = null;
  #stopListening: (() => void) | undefined;
  /** Of no other session, as good as certainly. */
  #joins: number;

  constructor(deps: AssignmentDeps, options: ConsumerOptions, listener: AssignmentListener) {
    this.#deps = deps;
    this.#options = options;
    this.#listener = listener;
    this.#starts = new Starts({
      replica: deps.replica,
      own: deps.own,
      catalog: deps.catalog,
      onMore: (refs) => listener.onMore(refs),
      onNews: (news) => listener.onNews(news),
      membership: () => this.membership,
      fromBeginning: (topic) => this.#topics.get(topic)?.fromBeginning === true,
    });
    this.#joins = Math.floor(deps.random.next() * 2 ** 45);
    this.#replica = replicaSource(deps.replica);
    for (const choice of options.topics) this.#topics.set(choice.name, choice);
  }

  async subscribe(): Promise<void> {
    for (const choice of this.#topics.values()) await this.#follow(choice);
  }

  /** Takes up partitions that have become known. */
  async refresh(): Promise<void> {
    await this.#match();
    for (const choice of this.#topics.values()) this.#takeUp(choice, await this.#deps.catalog.byName(choice.name));
  }

  /** What there is to share in a group, by name. */
  refs(): string {
    return Array.from(this.partitions.values(), ({ ref }) => refName(ref)).join();
  }

  /** Also where none of its partitions is known. */
  reads(topic: string): boolean {
    return this.#topics.has(topic);
  }

  seek(position: SeekPosition): void {
    const { topic, partition, ownership } = position;
    const name = partitionName(topic, partition);
    const assigned = this.partitions.get(name);
    if (assigned !== undefined && (this.readable(assigned) || "localSequence" in position)) {
      if (ownership === undefined || ownership === assigned.ownedAs) seekTo(assigned, position);
      return;
    }
    // It was for an earlier ownership.
    if (ownership !== undefined) return;
    // The topic may be one that a pattern will match.
    if (!this.#topics.has(topic) && this.#options.patterns.length === 0) throw unassigned(topic, partition);
    this.#sought.set(name, [...(this.#sought.get(name) ?? []), position]);
  }

  /** A partition that is no more has nothing to go on with. */
  rejoin({ topic, partition }: { readonly topic: string; readonly partition: number }): void {
    const assigned = this.partitions.get(partitionName(topic, partition));
    if (assigned !== undefined) rejoin(assigned, (this.#joins += 1));
  }

  /** Partition -1 is no one's. */
  readable({ ref, ownership }: AssignedPartition): boolean {
    if (this.membership === null) return true;
    return ref.partition < 0 ? this.#readsUnassigned(this.membership) : ownership?.state === "theirs";
  }

  /** To be read. What has become its own since `decide` has no position yet, and is not taken for one that is read to its end. */
  decided(): AssignedPartition[] {
    return [...this.partitions.values()].filter(
      (one) => this.readable(one) && (one.ownership === null || one.committed !== undefined),
    );
  }

  /** Gives partitions to their ownerships. Those that are not known here (any more) are answered. */
  own(owned: readonly Ownership[]): Ownership[] {
    const waiting = new Map(owned.filter(({ state }) => state !== "lost").map((of) => [refName(of.ref), of]));
    for (const [name, assigned] of this.partitions) {
      if (assigned.ref.partition < 0) continue;
      const of = waiting.get(refName(assigned.ref)) ?? null;
      waiting.delete(refName(assigned.ref));
      if (of === assigned.ownership) continue;
      changeOwner(assigned, of, (this.#joins += 1));
      if (of !== null) this.#seekSought(name, assigned);
    }
    return [...waiting.values()];
  }

  /** Decides positions that are open. */
  async decide(): Promise<void> {
    for (const assigned of this.partitions.values()) {
      if (!this.readable(assigned)) continue;
      const { seeks } = assigned;
      if (assigned.committed === undefined && assigned.ref.partition >= 0) await this.#starts.join(assigned);
      // It has become another's, or ours anew.
      if (assigned.seeks !== seeks) continue;
      if (assigned.position === null && assigned.ref.partition >= 0) {
        const start = await this.#starts.startOf(assigned).catch((error: unknown) => {
          // Told once: what cannot be done is not tried for ever.
          assigned.start = { at: "group" };
          assigned.committed = undefined;
          throw error;
        });
        if (assigned.seeks === seeks) assigned.position = start;
        this.#tellStart(assigned);
      }
      if (this.#showsOwn(assigned) && assigned.localSequence === null) {
        const start = await this.#starts.ownStartOf(assigned);
        if (assigned.seeks === seeks) assigned.localSequence = start;
      }
    }
  }

  #tellStart(assigned: AssignedPartition): void {
    const { topic, ref, position: offset, startsGroup, ownedAs: ownership, joins } = assigned;
    if (!startsGroup || offset === null) return;
    assigned.startsGroup = false;
    this.#listener.onNews({ type: "start", topic, partition: ref.partition, offset, ownership, joins });
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
    const isRead = [...this.partitions.values()].some(({ topic: of, ref }) => of === topic && ref.partition >= 0);
    const source = storage === "none" && !row.local ? this.#readThrough() : this.#replica;
    if (!known) source.learn?.(topic);
    for (let index = known ? 0 : -1; index < (row.partitionCount ?? 0); index += 1) {
      const name = partitionName(topic, index);
      if (this.partitions.has(name) || (index < 0 && this.#options.isolation !== "local")) continue;
      const ref = { topicKey: row.topicKey, partition: index < 0 ? UNASSIGNED : toPartition(index) };
      const assigned = newPartition(topic, ref, source);
      assigned.grown = isRead;
      if (this.membership === null || index < 0) this.#seekSought(name, assigned);
      this.partitions.set(name, assigned);
    }
  }

  #readsUnassigned({ joined, readsUnassigned = true }: GroupMembership): boolean {
    return joined && readsUnassigned;
  }

  #seekSought(name: string, assigned: AssignedPartition): void {
    for (const position of this.#sought.get(name) ?? []) seekTo(assigned, position);
    this.#sought.delete(name);
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
}

function refName({ topicKey, partition }: PartitionRef): string {
  return `${topicKey}/${partition}`;
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

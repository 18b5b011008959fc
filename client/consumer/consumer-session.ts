/**
 * The worker's half of a consumer: a position per partition and reads of the replica. It never waits for the
 * network: what is on the device is what there is, online or not.
 */
import { offset as toOffset, type LocalSequence, type Offset } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type {
  ConsumerNews,
  ConsumerOptions,
  GroupNews,
  GroupView,
  HandledTo,
  MovedRange,
  OwnedPartition,
  PollAnswer,
  PolledRun,
  PollOptions,
  RefusedCommit,
} from "../calls/consumer-calls.ts";
import type { DeviceMessage, DeviceNews } from "../device-news.ts";
import type { JoinGroup, StoreFence } from "../group/group-membership.ts";
import type { PartitionRef } from "../log/device-log.ts";
import { Wake } from "../wake.ts";
import { cut, isPaused, noting, partitionName, pauseName, type AssignedPartition } from "./assigned-partition.ts";
import { Assignment, type AssignmentDeps } from "./assignment.ts";
import { readPartition, type ReaderDeps } from "./partition-reader.ts";
import { RefusedTopics } from "./refused-topics.ts";
import { SessionGroup } from "./session-group.ts";
import { Unheard } from "./unheard.ts";

/** Of one read: many small ones cost more than their bytes. */
const SHARE_BYTES_MIN = 1_048_576;

export interface SessionDeps extends AssignmentDeps {
  readonly news: DeviceNews;
  readonly clock: Clock;
  /** Asked for where there is a group. */
  readonly join: JoinGroup;
}

export interface GroupMember {
  readonly groupId: string;
  /** Of the store's transaction; null: the group is not this device's. */
  readonly fence: StoreFence | null;
  readonly ref: PartitionRef;
  /** To be told once the offset is committed. */
  readonly applied: (offset: Offset) => void;
}

export class ConsumerSession {
  readonly #deps: SessionDeps;
  readonly #options: ConsumerOptions;
  readonly #wake: Wake;
  readonly #stopListening: () => void;
  readonly #group: SessionGroup | null;
  readonly #assignment: Assignment;
  readonly #reader: ReaderDeps;
  readonly #refused: RefusedTopics;
  readonly #unheard = new Unheard();
  #polling: Promise<PollAnswer> | null = null;
  #news: ConsumerNews[] = [];
  #topicsChanged = true;
  #turn = 0;
  #nudged = false;
  #closed = false;

  constructor(deps: SessionDeps, options: ConsumerOptions) {
    const { replica, own, clock, news, join } = deps;
    this.#deps = deps;
    this.#options = options;
    this.#wake = new Wake(clock);
    this.#refused = new RefusedTopics(options);
    const onNews = (told: ConsumerNews): void => void this.#news.push(told);
    this.#assignment = new Assignment(deps, options, { onMore: (refs) => this.#onMore(refs), onNews });
    this.#reader = {
      replica,
      own: options.isolation === "local" ? own : null,
      onNews,
      inGroup: options.group !== null,
    };
    this.#stopListening = news.listen((message) => this.#onNews(message));
    const { group } = options;
    const onChange = (): void => this.#wake.ring();
    this.#group =
      group === null ? null : new SessionGroup({ join, options, clock, assignment: this.#assignment, onChange });
  }

  async subscribe(): Promise<void> {
    await this.#assignment.subscribe();
    // Before the page's first poll is here: joining takes its time.
    if (this.#group !== null) await this.#assign();
  }

  /** One at a time. Empty after `waitMs`, or when the session ends. */
  async poll(options: PollOptions): Promise<PollAnswer> {
    if (options.again === true) await this.#takeBack();
    else this.#unheard.heard();
    return await (this.#polling = this.#poll(options));
  }

  /** The poll before may still be at work. */
  async #takeBack(): Promise<void> {
    this.nudge();
    await this.#polling?.catch(() => {});
    this.#nudged = false;
    this.#news.unshift(...this.#unheard.takeBack());
  }

  async #poll(options: PollOptions): Promise<PollAnswer> {
    this.#group?.membership.polled();
    for (const of of options.rejoins) this.#assignment.rejoin(of);
    for (const position of options.seeks) this.#assignment.seek(position);
    const refused = await this.commit(options.commit);
    const until = this.#deps.clock.now() + options.waitMs;
    const paused = new Set(options.paused.map(({ topic, partition }) => pauseName(topic, partition)));
    const runs: PolledRun[] = [];
    let bytes = 0;
    while (!this.#closed) {
      if (this.#group?.failure != null) throw this.#group.failure;
      this.#refused.demandAny();
      if (!this.#nudged) {
        await this.#assign();
        bytes += await this.#read(runs, options, { paused, bytesMax: options.bytesMax - bytes });
      }
      const left = until - this.#deps.clock.now();
      const enough = this.#news.length > 0 || (bytes > 0 && bytes >= Math.min(options.bytesMin, options.bytesMax));
      // The clock may have jumped back.
      if (enough || left <= 0 || left > options.waitMs || this.#nudged) break;
      await this.#wake.wait(left);
    }
    // News can be lost between tabs: look everywhere once per wait.
    if (runs.length === 0 && this.#news.length === 0) this.#lookEverywhere();
    this.#nudged = false;
    return { runs, news: this.#unheard.told(this.#news.splice(0)), refused, group: this.#group?.untold() ?? null };
  }

  /** Ends a poll that waits: what it was asked for has changed. */
  nudge(): void {
    this.#nudged = true;
    this.#wake.ring();
  }

  async commit(offsets: readonly HandledTo[]): Promise<readonly RefusedCommit[]> {
    return this.#group === null || offsets.length === 0 ? [] : await this.#group.commit(offsets);
  }

  async watchGroup(
    version: number | null,
    worked = false,
  ): Promise<{ view: GroupView; news: readonly GroupNews[] } | null> {
    return this.#group === null ? null : await this.#group.watch(version, worked);
  }

  /** Also where the commit fails: others wait for the partitions. */
  async release(
    commit: readonly HandledTo[],
    released: readonly Pick<OwnedPartition, "topic" | "partition" | "ownership">[],
  ): Promise<readonly RefusedCommit[]> {
    try {
      return await this.commit(commit);
    } finally {
      this.#group?.release(released);
    }
  }

  get groupId(): string | null {
    return this.#options.groupId;
  }

  /** For a transaction with the group's offset; null: the partition is another's, or was joined anew since. */
  member(topic: string, partition: number, joins: number): GroupMember | null {
    const { groupId } = this.#options;
    const membership = this.#group?.membership;
    const assigned = this.#assignment.partitions.get(partitionName(topic, partition));
    if (groupId === null || membership === undefined || assigned?.joins !== joins) return null;
    const { ref, ownership } = assigned;
    if (ownership === null || ownership.state === "lost") return null;
    return { groupId, fence: membership.fence(ownership), ref, applied: noting(assigned) };
  }

  /** The page is parked: others of the group go on. */
  yield(): void {
    this.#group?.membership.yield();
  }

  async movedRecords(topic: string, { from, to }: { from: number; to: number }): Promise<MovedRange[]> {
    const row = await this.#deps.catalog.byName(topic);
    if (row === undefined) return [];
    return await this.#deps.own.moved(row.topicKey, { from: from as LocalSequence, to: to as LocalSequence });
  }

  async close(commit: readonly HandledTo[]): Promise<readonly RefusedCommit[]> {
    try {
      return await this.commit(commit);
    } finally {
      this.#closed = true;
      this.#stopListening();
      this.#wake.ring();
      await Promise.allSettled([this.#group?.close(), this.#assignment.close()]);
    }
  }

  #lookEverywhere(): void {
    for (const each of this.#assignment.partitions.values()) each.mayHaveMore = true;
    this.#topicsChanged = true;
  }

  #onNews(message: DeviceMessage): void {
    if (message.type === "learned") {
      this.#topicsChanged = true;
      this.#wake.ring();
    } else if (message.type === "appended" || message.type === "settled") {
      this.#marked(message.refs);
    } else if (message.type === "replicated") {
      this.#replicated(message.refs);
    } else if (message.type === "event" && message.event.type === "log.truncated") {
      const { topic, partition, offset } = message.event;
      this.#truncated(topic, partition, offset);
    } else if (message.type === "event" && message.event.type === "topic.refused") {
      const { topic, error } = message.event;
      if (!this.#assignment.reads(topic) || !this.#refused.note(topic, error)) return;
      this.#news.push({ type: "refused", topic, error });
      this.#wake.ring();
    }
  }

  #onMore(refs: readonly PartitionRef[]): void {
    for (const each of this.#marked(refs)) this.#refused.readable(each.topic);
  }

  /** Told just before the replica is: until it has begun anew, its old records are read there. */
  #truncated(topic: string, partition: number, to: number): void {
    for (const each of this.#assignment.partitions.values())
      if (each.topic === topic && each.ref.partition === partition) each.cutTo = toOffset(to);
  }

  #replicated(refs: readonly PartitionRef[]): void {
    for (const each of this.#marked(refs)) {
      this.#refused.readable(each.topic);
      this.#news.push(...cut(each));
    }
  }

  /** Those of them that are read here: there is more to read. */
  #marked(refs: readonly PartitionRef[]): AssignedPartition[] {
    const keys = new Set(refs.map((ref) => `${ref.topicKey}/${ref.partition}`));
    const marked = [...this.#assignment.partitions.values()].filter(({ ref }) =>
      keys.has(`${ref.topicKey}/${ref.partition}`),
    );
    for (const each of marked) each.mayHaveMore = true;
    if (marked.length > 0) this.#wake.ring();
    return marked;
  }

  async #assign(): Promise<void> {
    if (this.#topicsChanged) {
      this.#topicsChanged = false;
      await this.#assignment.refresh();
      this.#group?.subscribed();
    }
    await this.#assignment.decide();
  }

  /**
   * Fair: each poll begins one partition further on. What all of them leave of the answer those fill that have more, by
   * turns and in further runs: a long log of one partition does not take a poll for each. How many bytes were added.
   */
  async #read(
    runs: PolledRun[],
    { partitionBytesMax }: PollOptions,
    { paused, bytesMax }: { readonly paused: ReadonlySet<string>; readonly bytesMax: number },
  ): Promise<number> {
    const all = this.#assignment.decided();
    let bytes = 0;
    let reading = [...all.slice(this.#turn), ...all.slice(0, this.#turn)].filter((one) => !isPaused(paused, one));
    while (reading.length > 0 && bytes < bytesMax) {
      const further: AssignedPartition[] = [];
      for (const [index, assigned] of reading.entries()) {
        const left = bytesMax - bytes;
        if (left <= 0) break;
        const most = partitionBytesMax ?? Math.max(SHARE_BYTES_MIN, Math.ceil(left / (reading.length - index)));
        const { joins, ownership: of, ownedAs: ownership } = assigned;
        const run = await readPartition(assigned, Math.min(most, left), this.#reader);
        if (assigned.mayHaveMore && run === null) this.#wake.ring();
        // Meanwhile it may have become another's.
        if (run === null || assigned.joins !== joins) continue;
        this.#unheard.took(assigned, run);
        const { committed = null } = assigned;
        if (of === null) runs.push(run);
        else runs.push(run.pending ? { ...run, ownership } : { ...run, committed, joins, ownership });
        bytes += Math.max(1, run.buffer.byteLength);
        // What is shown as pending and committed meanwhile is told apart from one answer to the next.
        if (this.#reader.own === null) further.push(assigned);
      }
      reading = further;
    }
    this.#turn = all.length === 0 ? 0 : (this.#turn + 1) % all.length;
    return bytes;
  }
}

/**
 * The worker's half of a consumer: a position per partition and reads of the replica. It never waits for the
 * network: what is on the device is what there is, online or not.
 */
import { offset as toOffset, type LocalSequence, type Offset } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type {
  ConsumerNews,
  ConsumerOptions,
  HandledTo,
  MovedRange,
  PollAnswer,
  PolledRun,
  PollOptions,
} from "../calls/consumer-calls.ts";
import type { DeviceMessage, DeviceNews } from "../device-news.ts";
import type { PartitionRef } from "../log/device-log.ts";
import { turnOver } from "../log/turn-over.ts";
import type { Locks } from "../ports.ts";
import { Wake } from "../wake.ts";
import { noting, partitionName, type AssignedPartition } from "./assigned-partition.ts";
import { Assignment, type AssignmentDeps } from "./assignment.ts";
import { GroupLock } from "./group-lock.ts";
import { readPartition, type ReaderDeps } from "./partition-reader.ts";
import { RefusedTopics } from "./refused-topics.ts";

/** Of one read: many small ones cost more than their bytes. */
const SHARE_BYTES_MIN = 1_048_576;

export interface SessionDeps extends AssignmentDeps {
  readonly news: DeviceNews;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly random: Random;
  /** `strandline:<db>:group:<groupId>`; null where there is no group. */
  readonly groupLockName: string | null;
}

export interface GroupMember {
  readonly groupId: string;
  readonly turn: number;
  readonly ref: PartitionRef;
  /** To be told once the offset is committed. */
  readonly applied: (offset: Offset) => void;
}

export class ConsumerSession {
  readonly #deps: SessionDeps;
  readonly #options: ConsumerOptions;
  readonly #wake: Wake;
  readonly #stopListening: () => void;
  readonly #lock: GroupLock | null;
  readonly #assignment: Assignment;
  readonly #reader: ReaderDeps;
  readonly #refused: RefusedTopics;
  #news: ConsumerNews[] = [];
  #joined = false;
  #topicsChanged = true;
  #turn = 0;
  #nudged = false;
  #closed = false;

  constructor(deps: SessionDeps, options: ConsumerOptions) {
    const { replica, own, clock, news, groupLockName } = deps;
    const { groupId } = options;
    this.#deps = deps;
    this.#options = options;
    this.#wake = new Wake(clock);
    this.#refused = new RefusedTopics(options);
    const onNews = (told: ConsumerNews): void => void this.#news.push(told);
    this.#assignment = new Assignment(deps, options, { onMore: (refs) => this.#onMore(refs), onNews });
    this.#reader = { replica, own: options.isolation === "local" ? own : null, onNews, inGroup: groupId !== null };
    this.#stopListening = news.listen((message) => this.#onNews(message));
    this.#lock =
      groupLockName === null || groupId === null
        ? null
        : new GroupLock({ ...deps, name: groupLockName, groupId, onChange: () => this.#wake.ring() });
  }

  async subscribe(): Promise<void> {
    await this.#assignment.subscribe();
  }

  /** One at a time. Empty after `waitMs`, or when the session ends. */
  async poll(options: PollOptions): Promise<PollAnswer> {
    for (const of of options.rejoins) this.#assignment.rejoin(of);
    for (const position of options.seeks) this.#assignment.seek(position);
    await this.commit(options.commit);
    const until = this.#deps.clock.now() + options.waitMs;
    const paused = new Set(options.paused.map(({ topic, partition }) => pauseName(topic, partition)));
    const runs: PolledRun[] = [];
    let bytes = 0;
    while (!this.#closed) {
      this.#checkTurn();
      this.#refused.demandAny();
      if (!this.#nudged && (this.#lock === null || this.#lock.held)) {
        await this.#assign();
        bytes += await this.#read(runs, options, { paused, bytesMax: options.bytesMax - bytes });
      }
      const left = until - this.#deps.clock.now();
      const enough = this.#news.length > 0 || (bytes > 0 && bytes >= Math.min(options.bytesMin, options.bytesMax));
      if (enough || left <= 0 || this.#nudged) break;
      await this.#wake.wait(left);
    }
    // News can be lost between tabs: look everywhere once per wait.
    if (runs.length === 0 && this.#news.length === 0) this.#lookEverywhere();
    this.#nudged = false;
    return { runs, news: this.#news.splice(0) };
  }

  /** Ends a poll that waits: what it was asked for has changed. */
  nudge(): void {
    this.#nudged = true;
    this.#wake.ring();
  }

  async commit(offsets: readonly HandledTo[]): Promise<void> {
    const { groupId } = this.#options;
    if (groupId === null || offsets.length === 0) return;
    this.#checkTurn();
    const turn = this.#lock?.turn ?? null;
    if (turn === null) return;
    const committed = offsets.map(({ topic, partition, offset, readFrom }) => {
      const assigned = this.#assignment.get(topic, partition);
      const needed = readFrom === undefined ? undefined : toOffset(readFrom);
      return { ref: assigned.ref, offset: toOffset(offset), readFrom: needed, done: noting(assigned) };
    });
    await this.#deps.replica.commit(groupId, committed, { turn });
    for (const { done, offset } of committed) done(offset);
  }

  get groupId(): string | null {
    return this.#options.groupId;
  }

  /** For a transaction with the group's offset; null: another consumer has its turn, or the partition was joined anew since. */
  member(topic: string, partition: number, joins: number): GroupMember | null {
    const { groupId } = this.#options;
    const turn = this.#lock?.turn ?? null;
    const assigned = this.#assignment.partitions.get(partitionName(topic, partition));
    if (groupId === null || turn === null || assigned?.joins !== joins) return null;
    return { groupId, turn, ref: assigned.ref, applied: noting(assigned) };
  }

  /** Another tab may have the group's turn: this consumer is opened again when its page goes on. */
  yieldTurn(): void {
    this.#lock?.yield();
    this.#wake.ring();
  }

  async movedRecords(topic: string, { from, to }: { from: number; to: number }): Promise<MovedRange[]> {
    const row = await this.#deps.catalog.byName(topic);
    if (row === undefined) return [];
    return await this.#deps.own.moved(row.topicKey, { from: from as LocalSequence, to: to as LocalSequence });
  }

  async close(commit: readonly HandledTo[]): Promise<void> {
    try {
      await this.commit(commit);
    } finally {
      this.#closed = true;
      this.#stopListening();
      this.#lock?.release();
      this.#wake.ring();
      await this.#assignment.close();
    }
  }

  /** Where it has been lost, the consumer that goes on is another one, at the group's committed offsets. */
  #checkTurn(): void {
    if (this.#lock?.lost === true && !this.#closed) throw turnOver(this.#options.groupId ?? "");
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

  /** What was read above the cut is no more, other records will stand there. */
  #cut(assigned: AssignedPartition, to: Offset): void {
    const { topic, ref, position: from } = assigned;
    assigned.cutTo = null;
    if (assigned.handledTo !== null && assigned.handledTo > to) assigned.handledTo = to;
    if (from === null || from <= to) return;
    assigned.position = to;
    assigned.seeks += 1;
    this.#news.push({ type: "reset", topic, partition: ref.partition, from, to, reason: "truncated" });
  }

  #replicated(refs: readonly PartitionRef[]): void {
    for (const each of this.#marked(refs)) {
      this.#refused.readable(each.topic);
      if (each.cutTo !== null) this.#cut(each, each.cutTo);
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
      const changed = await this.#assignment.refresh();
      if (this.#lock !== null && (changed || !this.#joined))
        this.#news.push({ type: "joined", assignment: this.#assignment.assignment() });
      this.#joined = true;
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
    const all = [...this.#assignment.partitions.values()];
    let bytes = 0;
    let reading = [...all.slice(this.#turn), ...all.slice(0, this.#turn)].filter((one) => !isPaused(paused, one));
    while (reading.length > 0 && bytes < bytesMax) {
      const further: AssignedPartition[] = [];
      for (const [index, assigned] of reading.entries()) {
        const left = bytesMax - bytes;
        if (left <= 0) break;
        const most = partitionBytesMax ?? Math.max(SHARE_BYTES_MIN, Math.ceil(left / (reading.length - index)));
        const run = await readPartition(assigned, Math.min(most, left), this.#reader);
        if (assigned.mayHaveMore && run === null) this.#wake.ring();
        if (run === null) continue;
        const { committed = null, joins } = assigned;
        runs.push(this.#options.groupId === null || run.pending ? run : { ...run, committed, joins });
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

function isPaused(paused: ReadonlySet<string>, { topic, ref }: AssignedPartition): boolean {
  return paused.size > 0 && (paused.has(pauseName(topic, null)) || paused.has(pauseName(topic, ref.partition)));
}

/** No topic's name has a slash: `orders-3` may be a topic, or a partition of another. */
function pauseName(topic: string, partition: number | null): string {
  return partition === null ? topic : `${topic}/${partition}`;
}

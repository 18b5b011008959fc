/**
 * The worker's half of a consumer: a position per partition and reads of the replica. It never waits for the
 * network: what is on the device is what there is, online or not.
 */
import { offset as toOffset, partition as toPartition, type Offset, type TopicKey } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { DeviceMessage, DeviceNews } from "../device-news.ts";
import type { PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { TopicRow } from "../log/rows.ts";
import type { Locks } from "../ports.ts";
import { Wake } from "../wake.ts";
import type { ConsumerOptions, PolledRun, PollOptions, TopicPartitionOffset } from "../calls/consumer-calls.ts";
import { partitionName, type AssignedPartition } from "./assigned-partition.ts";
import { exactBuffer } from "./exact-buffer.ts";
import { GroupLock } from "./group-lock.ts";
import { turnOver } from "../log/turn-over.ts";

export interface SessionDeps {
  readonly replica: Replica;
  readonly catalog: TopicCatalog;
  readonly news: DeviceNews;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly random: Random;
  /** `strandline:<db>:group:<groupId>`; null where there is no group. */
  readonly groupLockName: string | null;
  /** Makes the topic known to the device and follows it, so that it is replicated. */
  readonly follow: (topic: string) => Promise<TopicRow>;
}

export class ConsumerSession {
  readonly #deps: SessionDeps;
  readonly #options: ConsumerOptions;
  readonly #wake: Wake;
  readonly #stopListening: () => void;
  readonly #lock: GroupLock | null;
  readonly #partitions = new Map<string, AssignedPartition>();
  /** Of topics whose partitions are not known yet. */
  readonly #sought = new Map<string, Offset>();
  #topicsChanged = true;
  #turn = 0;
  #nudged = false;
  #closed = false;

  constructor(deps: SessionDeps, options: ConsumerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#wake = new Wake(deps.clock);
    this.#stopListening = deps.news.listen((message) => this.#onNews(message));
    this.#lock =
      deps.groupLockName === null || options.groupId === null
        ? null
        : new GroupLock({
            ...deps,
            name: deps.groupLockName,
            groupId: options.groupId,
            onChange: () => this.#wake.ring(),
          });
  }

  async subscribe(): Promise<void> {
    for (const { name } of this.#options.topics) await this.#deps.follow(name);
  }

  /** One at a time. Empty after `waitMs`, or when the session ends. */
  async poll(options: PollOptions): Promise<PolledRun[]> {
    await this.commit(options.commit);
    const until = this.#deps.clock.now() + options.waitMs;
    const paused = new Set(options.paused.map(({ topic, partition }) => pauseName(topic, partition)));
    while (!this.#closed) {
      this.#checkTurn();
      if (!this.#nudged && (this.#lock === null || this.#lock.held)) {
        await this.#assign();
        const runs = await this.#read(options.bytesMax, paused);
        if (runs.length > 0) return runs;
      }
      const left = until - this.#deps.clock.now();
      if (left <= 0 || this.#nudged) break;
      await this.#wake.wait(left);
    }
    this.#nudged = false;
    // News can be lost between tabs: look everywhere once per wait.
    for (const each of this.#partitions.values()) each.mayHaveMore = true;
    this.#topicsChanged = true;
    return [];
  }

  /** Ends a poll that waits: what it was asked for has changed. */
  nudge(): void {
    this.#nudged = true;
    this.#wake.ring();
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const { groupId } = this.#options;
    if (groupId === null || offsets.length === 0) return;
    this.#checkTurn();
    const turn = this.#lock?.turn ?? null;
    if (turn === null) return;
    const committed = [];
    for (const { topic, partition, offset } of offsets) {
      const assigned = this.#partitions.get(partitionName(topic, partition));
      if (assigned === undefined) throw unassigned(topic, partition);
      committed.push({ ref: assigned.ref, offset: toOffset(offset) });
    }
    await this.#deps.replica.commit(groupId, committed, { turn });
  }

  /** Another tab may have the group's turn: this consumer is opened again when its page goes on. */
  yieldTurn(): void {
    this.#lock?.yield();
    this.#wake.ring();
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const name = partitionName(topic, partition);
    const assigned = this.#partitions.get(name);
    const position = toOffset(offset);
    if (assigned === undefined) {
      if (!this.#options.topics.some((subscribed) => subscribed.name === topic)) throw unassigned(topic, partition);
      this.#sought.set(name, position);
    } else {
      assigned.position = position;
      assigned.seeks += 1;
      assigned.mayHaveMore = true;
    }
    this.#wake.ring();
  }

  async close(commit: readonly TopicPartitionOffset[]): Promise<void> {
    try {
      await this.commit(commit);
    } finally {
      this.#closed = true;
      this.#stopListening();
      this.#lock?.release();
      this.#wake.ring();
    }
  }

  /** Where it has been lost, the consumer that goes on is another one, at the group's committed offsets. */
  #checkTurn(): void {
    if (this.#lock?.lost === true && !this.#closed) throw turnOver(this.#options.groupId ?? "");
  }

  #onNews(message: DeviceMessage): void {
    if (message.type === "learned") this.#topicsChanged = true;
    else if (message.type === "appended" || message.type === "replicated" || message.type === "settled") {
      if (!this.#markNews(message.refs)) return;
    } else return;
    this.#wake.ring();
  }

  #markNews(refs: readonly PartitionRef[]): boolean {
    const keys = new Set(refs.map((ref) => `${ref.topicKey}/${ref.partition}`));
    let any = false;
    for (const each of this.#partitions.values()) {
      if (!keys.has(`${each.ref.topicKey}/${each.ref.partition}`)) continue;
      each.mayHaveMore = true;
      any = true;
    }
    return any;
  }

  /** Takes up partitions that have become known, and decides positions that are open. */
  async #assign(): Promise<void> {
    if (this.#topicsChanged) {
      this.#topicsChanged = false;
      for (const { name } of this.#options.topics) this.#takeUp(name, await this.#deps.catalog.byName(name));
    }
    for (const assigned of this.#partitions.values()) {
      if (assigned.position !== null) continue;
      const { seeks } = assigned;
      const start = await this.#startOf(assigned);
      if (assigned.seeks === seeks) assigned.position = start;
    }
  }

  #takeUp(topic: string, row: TopicRow | undefined): void {
    const topicKey: TopicKey | undefined = row?.topicKey;
    const count = row?.partitionCount ?? 0;
    for (const [name, assigned] of this.#partitions) {
      // The topic was made again under its old name: its partitions are other ones.
      if (assigned.topic === topic && assigned.ref.topicKey !== topicKey) this.#partitions.delete(name);
    }
    for (let index = 0; index < count && topicKey !== undefined; index += 1) {
      const name = partitionName(topic, index);
      if (this.#partitions.has(name)) continue;
      const ref = { topicKey, partition: toPartition(index) };
      const position = this.#sought.get(name) ?? null;
      this.#sought.delete(name);
      this.#partitions.set(name, { topic, ref, position, seeks: 0, mayHaveMore: true });
    }
  }

  /** The group's committed offset; without one the beginning or, as Kafka's `latest`, the end as far as it is known. */
  async #startOf({ topic, ref }: AssignedPartition): Promise<Offset | null> {
    const { groupId, topics } = this.#options;
    const committed = groupId === null ? null : await this.#deps.replica.committed(groupId, ref);
    if (committed !== null) return committed;
    const [row] = await this.#deps.replica.rows([ref]);
    const subscription = topics.find(({ name }) => name === topic);
    if (subscription?.fromBeginning === true) return row?.logStartOffset ?? toOffset(0);
    const topicRow = await this.#deps.catalog.byName(topic);
    if (topicRow?.local === true) return row?.highWatermark ?? toOffset(0);
    // Not heard of yet: `latest` is decided when the edge first tells where the log ends.
    return row === undefined || row.leaderEpoch === null ? null : row.highWatermark;
  }

  /** Fair: each poll begins one partition further on. */
  async #read(bytesMax: number, paused: ReadonlySet<string>): Promise<PolledRun[]> {
    const all = [...this.#partitions];
    const runs: PolledRun[] = [];
    let bytes = 0;
    for (let step = 0; step < all.length && bytes < bytesMax; step += 1) {
      const entry = all[(this.#turn + step) % all.length];
      if (entry === undefined || isPaused(paused, entry[1])) continue;
      const run = await this.#readPartition(entry[1], bytesMax - bytes);
      if (run === null) continue;
      runs.push(run);
      bytes += run.buffer.byteLength;
    }
    this.#turn = all.length === 0 ? 0 : (this.#turn + 1) % all.length;
    return runs;
  }

  async #readPartition(assigned: AssignedPartition, bytesMax: number): Promise<PolledRun | null> {
    const { position: from, seeks, ref, topic } = assigned;
    if (from === null || !assigned.mayHaveMore) return null;
    // Before the read: news that come during it must not be lost.
    assigned.mayHaveMore = false;
    const result = await this.#deps.replica.read(ref, from, bytesMax);
    if (assigned.seeks !== seeks) return null;
    if (result.nextOffset <= from) {
      // Retention on the device has passed the position: go on where the log begins.
      if (result.logStartOffset > from) {
        assigned.position = result.logStartOffset;
        assigned.mayHaveMore = true;
        this.#wake.ring();
      }
      return null;
    }
    assigned.position = result.nextOffset;
    assigned.mayHaveMore = true;
    const { runs, nextOffset: to, highWatermark } = result;
    return { topic, partition: ref.partition, buffer: exactBuffer(runs), from, to, highWatermark };
  }
}

function isPaused(paused: ReadonlySet<string>, { topic, ref }: AssignedPartition): boolean {
  return paused.size > 0 && (paused.has(pauseName(topic, null)) || paused.has(pauseName(topic, ref.partition)));
}

/** No topic's name has a slash: `orders-3` may be a topic, or a partition of another. */
function pauseName(topic: string, partition: number | null): string {
  return partition === null ? topic : `${topic}/${partition}`;
}

function unassigned(topic: string, partition: number): StrandlineError {
  return new StrandlineError(
    "UNKNOWN_TOPIC_OR_PARTITION",
    `${partitionName(topic, partition)} is not assigned to this consumer`,
    { topic, partition },
  );
}

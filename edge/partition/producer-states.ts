/**
 * What the partition keeps of each producer. In storage it is a snapshot for each shard of the ids, in pages
 * (`producer-snapshot.ts`), true up to the offset it covers, and the columns of the rows behind it. In memory are only
 * the producers that changed since the snapshots of their shards, and some of the pages as they lie in storage.
 *
 * One snapshot is written for ten runs, of the shard whose changes are the oldest, and says from where on the log still
 * has what no snapshot has: so recovery reads ten rows for each shard that has changed, and no more. Where no producer
 * has changed at all, one is written for `RUNS_PER_IDLE_SNAPSHOT`, or recovery would go through all runs that have no
 * producer.
 *
 * A producer is known as long as its shard's snapshot has it, and forgotten when a snapshot is written without it:
 * when the partition's clock has gone on for longer than the retention since the snapshot that last found it changed.
 * Every second due snapshot is of a shard that was not written for so long, if there is one, so a producer is
 * forgotten after twice the retention at the latest where anybody appends. All of this hangs on what is in storage,
 * never on what memory happens to hold: an eviction changes nothing.
 */
import type { ProducerId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { KafkaProducerState } from "./kafka-append.ts";
import type { LogStore } from "./log-store.ts";
import { advanced, STOPPED_CLOCK, type PartitionClock } from "./partition-clock.ts";
import { ProducerChanges } from "./producer-changes.ts";
import { pageOf, shardOf, SHARDS } from "./producer-place.ts";
import type { DeviceProducerState, ProducerState } from "./producer-state.ts";
import { ShardDirectory, type SnapshotHead } from "./shard-directory.ts";
import { ShardMerge } from "./shard-merge.ts";
import { ShardSnapshots, type ShardColumns, type ShardRows, type WrittenShard } from "./shard-snapshots.ts";

export { afterDeviceRun, type DeviceProducerState, type ProducerState } from "./producer-state.ts";
export { shardOf, SHARDS } from "./producer-place.ts";

/** Rows written stay at 1.1 a run. */
export const RUNS_PER_SNAPSHOT = 10;
/** What recovery may have to read anyway when every shard has changed. */
export const RUNS_PER_IDLE_SNAPSHOT: number = SHARDS * RUNS_PER_SNAPSHOT;
const MINUTE_MS = 60_000;

/** The rows, so far as states need them. */
export type SnapshotRows = ShardRows & Pick<LogStore, "producerRunsFrom" | "runsBehind">;

export interface ProducerStatesOptions {
  /** `producer.state.retention.ms`, in the partition's clock. */
  readonly retentionMs: number;
}

/** What a run's transaction has done, for `commit`. */
export interface RunSnapshot {
  readonly nextOffset: number;
  readonly clock: PartitionClock;
  readonly runsSinceDue: number;
  readonly swept: boolean;
  /** Null: none was due, or none fitted a row. */
  readonly written: WrittenShard | null;
}

/** For `commitCover`. */
export interface Cover {
  /** Rows that end below this may be deleted. */
  readonly deletableBelow: number;
  readonly written: readonly ShardColumns[];
}

type Change = readonly [ProducerId, ProducerState];

export class ProducerStates {
  /** Applies from the next snapshot on. */
  retentionMs: number;
  readonly #store: SnapshotRows;
  readonly #snapshots: ShardSnapshots;
  readonly #changes = new ProducerChanges();
  /** Where the log ends. */
  #end = 0;
  #clock: PartitionClock = STOPPED_CLOCK;
  #runsSinceDue = 0;
  #swept = false;

  constructor(store: SnapshotRows, { retentionMs }: ProducerStatesOptions) {
    this.retentionMs = retentionMs;
    this.#store = store;
    this.#snapshots = new ShardSnapshots(store);
    this.#recover();
  }

  /** Bytes that the states take in memory, by estimate. */
  get memoryBytes(): number {
    return this.#snapshots.memoryBytes + this.#changes.memoryBytes;
  }

  device(id: ProducerId): DeviceProducerState | undefined {
    const state = this.#stateOf(id);
    return state !== undefined && "chain" in state ? state : undefined;
  }

  kafka(id: ProducerId): KafkaProducerState | undefined {
    const state = this.#stateOf(id);
    return state !== undefined && "epoch" in state ? state : undefined;
  }

  /**
   * Within the transaction of every run, also of one without a producer: writes a snapshot where one is due.
   * `proposed` is not yet among the states. `appendedAt` is what the run's row says: the clock is read back from there.
   */
  writeDueSnapshot(nextOffset: number, proposed: Change | null, appendedAt: number): RunSnapshot {
    const clock = advanced(this.#clock, appendedAt);
    const runsSinceDue = this.#runsSinceDue + 1;
    const none = { nextOffset, clock, runsSinceDue, swept: this.#swept, written: null };
    const changed = proposed !== null || this.#changes.any;
    if (runsSinceDue % (changed ? RUNS_PER_SNAPSHOT : RUNS_PER_IDLE_SNAPSHOT) !== 0) return none;
    for (const { shard, swept } of this.#dueShards(proposed, clock)) {
      const merge = this.#merged(shard, proposed, clock);
      if (merge === null) continue;
      const from = proposed === null || shardOf(proposed[0]) === shard ? nextOffset : this.#end;
      const replayFrom = Math.min(from, this.#neededFrom([shard]) ?? nextOffset);
      const stamp = { shard, covers: nextOffset, clockMs: clock.clockMs };
      const written = this.#snapshots.write(stamp, merge, {
        replayFrom,
        runsSinceDue: 0,
        wallMs: clock.wallMs,
        swept,
      });
      return { nextOffset, clock, runsSinceDue: 0, swept, written };
    }
    return none;
  }

  /** Within the transaction of a void, which no row of the log stands for. Throws `VOID_LIMIT` where there is no room. */
  writeSnapshotOf(id: ProducerId, state: ProducerState, nextOffset: number): WrittenShard {
    const shard = shardOf(id);
    const merge = this.#merged(shard, [id, state], this.#clock);
    if (merge === null)
      throw new StrandlineError("VOID_LIMIT", `${LIMITS.rowBytesMax} bytes`, { limit: LIMITS.rowBytesMax });
    const stamp = { shard, covers: nextOffset, clockMs: this.#clock.clockMs };
    return this.#snapshots.write(stamp, merge, this.#headWithout([shard]));
  }

  /** After the transaction of a run. */
  commit(change: Change | null, { nextOffset, clock, runsSinceDue, swept, written }: RunSnapshot): void {
    if (change !== null) this.#changes.set(shardOf(change[0]), change, this.#end);
    this.#end = nextOffset;
    this.#clock = clock;
    this.#runsSinceDue = runsSinceDue;
    this.#swept = swept;
    if (written !== null) this.#adopt(written);
  }

  /** After the transaction of a void: its snapshot has the new state. */
  commitVoid(written: WrittenShard): void {
    this.#adopt(written);
  }

  /**
   * Within the transaction that deletes rows below `offset`: writes what only they stand for. They may be deleted
   * below `deletableBelow`, which is less where a shard does not fit a row.
   */
  coverUpTo(offset: number): Cover {
    const behind = this.#changes.shardsBelow(offset);
    // Known before the first is written: each header says from where on rows are needed once all of them are.
    const fitting = behind.filter((shard) => this.#merged(shard, null, this.#clock) !== null);
    const stuck = behind.filter((shard) => !fitting.includes(shard));
    const deletableBelow = Math.min(offset, ...stuck.map((shard) => this.#changes.fromOf(shard) ?? offset));
    const newest = this.#snapshots.newest()?.covers ?? 0;
    // The rows behind the newest snapshot also say how far the clock has come, and when the next snapshot is due.
    if (fitting.length === 0 && deletableBelow > newest && this.#end > newest)
      fitting.push(this.#snapshots.oldest()?.shard ?? 0);
    const head = this.#headWithout(fitting);
    const written = fitting.flatMap((shard) => {
      const merge = this.#merged(shard, null, this.#clock);
      if (merge === null) return [];
      const stamp = { shard, covers: this.#end, clockMs: this.#clock.clockMs };
      const { states: _, ...written } = this.#snapshots.write(stamp, merge, head);
      return [written];
    });
    return { deletableBelow, written };
  }

  /** Rows that end below this may go without anything being written for them. */
  get coveredTo(): number {
    const newest = this.#snapshots.newest()?.covers ?? 0;
    return Math.min(this.#neededFrom([]) ?? newest, newest);
  }

  /** After the transaction of `coverUpTo`. */
  commitCover({ written }: Cover): void {
    for (const columns of written) {
      this.#snapshots.adoptColumns(columns);
      this.#changes.drop(columns.shard);
    }
  }

  #recover(): void {
    const newest = this.#snapshots.newest();
    const head = newest === null ? null : new ShardDirectory(newest.directory).head;
    if (newest !== null && head !== null) {
      this.#clock = { clockMs: newest.clockMs, wallMs: head.wallMs };
      this.#runsSinceDue = head.runsSinceDue;
      this.#swept = head.swept;
      this.#end = newest.covers;
    }
    for (const run of this.#store.producerRunsFrom(head?.replayFrom ?? 0)) {
      const shard = shardOf(run.id);
      if (run.baseOffset >= this.#snapshots.coversOf(shard)) this.#changes.recover(shard, run);
      this.#end = Math.max(this.#end, run.lastOffset + 1);
    }
    for (const { appendedAt, lastOffset } of this.#store.runsBehind(newest?.covers ?? 0, RUNS_PER_IDLE_SNAPSHOT)) {
      this.#clock = advanced(this.#clock, appendedAt);
      this.#runsSinceDue += 1;
      this.#end = Math.max(this.#end, lastOffset + 1);
    }
  }

  #stateOf(id: ProducerId): ProducerState | undefined {
    const look = (): ProducerState | undefined => this.#snapshots.stateOf(id);
    return this.#changes.stateOf(shardOf(id), id, look) ?? look();
  }

  /** In the order in which they are tried: one that does not fit a row must not hold up the others. */
  *#dueShards(
    proposed: Change | null,
    { clockMs }: PartitionClock,
  ): Generator<{ readonly shard: number; readonly swept: boolean }> {
    const oldest = this.#snapshots.oldest();
    if (!this.#swept && oldest !== null && oldest.clockMs + this.retentionMs < clockMs)
      yield { shard: oldest.shard, swept: true };
    for (const shard of this.#changes.shards) yield { shard, swept: false };
    if (proposed !== null) yield { shard: shardOf(proposed[0]), swept: false };
    else if (!this.#changes.any) yield { shard: oldest?.shard ?? 0, swept: false };
  }

  /** Null: it does not fit a row. The log's rows stand for it then, or its partition could append no more. */
  #merged(shard: number, proposed: Change | null, { clockMs }: PartitionClock): ShardMerge | null {
    const pages = this.#snapshots.pagesOf(shard);
    const changed = this.#changes.statesOf(shard, (id) => pages[pageOf(id)]?.stateOf(id));
    if (proposed !== null && shardOf(proposed[0]) === shard) changed.set(...proposed);
    const ages = {
      seen: Math.ceil(clockMs / MINUTE_MS),
      seenFrom: (clockMs - this.retentionMs) / MINUTE_MS,
      requestsSeenFrom: (clockMs - LIMITS.idempotencyKeyMs) / MINUTE_MS,
    };
    return ShardMerge.of(pages, changed, ages).fitting();
  }

  #headWithout(shards: readonly number[]): SnapshotHead {
    const { wallMs } = this.#clock;
    const replayFrom = this.#neededFrom(shards) ?? this.#end;
    return { replayFrom, runsSinceDue: this.#runsSinceDue, wallMs, swept: this.#swept };
  }

  /** From where on rows stand for what no snapshot has, once these shards are written; null for nowhere. */
  #neededFrom(written: readonly number[]): number | null {
    for (const shard of this.#changes.shards) if (!written.includes(shard)) return this.#changes.fromOf(shard);
    return null;
  }

  #adopt(written: WrittenShard): void {
    this.#snapshots.adopt(written);
    this.#changes.drop(written.shard);
  }
}

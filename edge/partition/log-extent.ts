/**
 * Where the log begins and ends, and what the partition knows of its topic: memory over `meta`, `log_state` and the
 * rows at both ends. Memory changes only after the transaction that it follows.
 */
import type { LeaderEpoch } from "../../shared/brands.ts";
import { assert } from "../../shared/assert.ts";
import { log } from "../log.ts";
import { partitionSettings, type PartitionSettings } from "../topic-config.ts";
import { NOTHING_CLEANED, type Cleaned } from "./compaction/compaction-rows.ts";
import { withNewEpoch } from "./leader-epochs.ts";
import type { LogEnd, LogState } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import { adopted, leaderEpochOf, type EpochStart, type PartitionMeta } from "./partition-meta.ts";
import type { GrowthBarrier, PartitionBounds, PartitionDescription } from "./partition-port.ts";
import type { TopicState } from "../topic-state.ts";

const NOTHING: LogEnd = { nextOffset: 0, appendedAt: 0, maxTimestamp: -1, lastCrc: null, sizeBefore: 0 };

export class LogExtent {
  readonly #store: LogStore;
  #meta: PartitionMeta;
  #leaderEpoch: LeaderEpoch;
  #settings: PartitionSettings;
  #state: LogState;
  /** Begun by this object, and nothing stands under it yet: no other history can have it. */
  #epochIsUnused = false;

  constructor(store: LogStore, meta: PartitionMeta) {
    this.#store = store;
    this.#meta = meta;
    this.#leaderEpoch = leaderEpochOf(meta);
    this.#settings = partitionSettings(meta.topic.config);
    const state = store.state() ?? { startOffset: 0, end: NOTHING, cleaned: NOTHING_CLEANED };
    const last = store.lastRun();
    this.#state = last === null ? state : { ...state, end: endAfter(last) };
  }

  get end(): LogEnd {
    return this.#state.end;
  }
  get startOffset(): number {
    return this.#state.startOffset;
  }
  get cleaned(): Cleaned {
    return this.#state.cleaned;
  }
  get settings(): PartitionSettings {
    return this.#settings;
  }
  get leaderEpoch(): LeaderEpoch {
    return this.#leaderEpoch;
  }
  get epochs(): readonly EpochStart[] {
    return this.#meta.epochs;
  }
  get growths(): readonly GrowthBarrier[] {
    return this.#meta.growths;
  }
  get topicName(): string {
    return this.#meta.topic.name;
  }

  /** The counter that a batch at the offset was written under. Null: that epoch is forgotten. */
  epochCounterAt(offset: number): number | null {
    return this.epochs.findLast(({ startOffset }) => startOffset <= offset)?.counter ?? null;
  }

  bounds(): PartitionBounds {
    const { startOffset, end } = this.#state;
    return { leaderEpoch: this.#leaderEpoch, logStartOffset: startOffset, highWatermark: end.nextOffset };
  }

  describe(): PartitionDescription {
    return { ...this.bounds(), growths: this.#meta.growths, sizeBytes: this.sizeBytes() };
  }

  /** Of the rows that are kept. */
  sizeBytes(): number {
    const { cleanedTo, cleanBytes } = this.#state.cleaned;
    const first = this.#store.firstRun();
    if (first === null) return 0;
    const { sizeBefore: appended } = this.#state.end;
    if (cleanedTo <= first.baseOffset) return appended - first.sizeBefore;
    // Compaction counts what it leaves; what was appended behind that is as it was.
    const [dirty] = this.#store.runsBehind(cleanedTo, 1);
    return cleanBytes + appended - (dirty?.sizeBefore ?? appended);
  }

  /** After the transaction of a run. */
  appended(end: LogEnd): void {
    assert(end.nextOffset > this.#state.end.nextOffset, "offsets only grow");
    this.#state = { ...this.#state, end };
    this.#epochIsUnused = false;
  }

  /** False: it was known already. Records from here on may be of keys that the growth moved. */
  adopt(topic: TopicState): boolean {
    const meta = adopted(this.#meta, topic, this.#state.end.nextOffset);
    if (meta === null) return false;
    this.#write(meta);
    return true;
  }

  /** The log went back, and somebody has proven it. Made-up proofs cost a row each append at most. */
  newEpoch(claimed: LeaderEpoch, random: number): void {
    if (this.#epochIsUnused) return;
    const epochs = withNewEpoch(this.#meta.epochs, this.#state.end.nextOffset, { claimed, random });
    if (epochs === null) return;
    this.#write({ ...this.#meta, epochs });
    this.#epochIsUnused = true;
    log.info("leader epoch bumped", { topic: this.topicName, leaderEpoch: this.#leaderEpoch.counter });
  }

  /**
   * Moves the log start up, and drops the rows that end below what `cover` says (at most the new start); it is called
   * in the same transaction, before the rows are gone.
   */
  moveStart(startOffset: number, cover: () => number): void {
    assert(startOffset >= this.#state.startOffset && startOffset <= this.#state.end.nextOffset, "the start only grows");
    const state = { ...this.#state, startOffset };
    this.#store.transaction(() => {
      const rowsBelow = Math.min(cover(), startOffset);
      this.#store.writeState(state);
      this.#store.deleteRunsBelow(rowsBelow);
    });
    this.#state = state;
  }

  /** What compaction has done, once a pass. */
  writeCleaned(cleaned: Cleaned): void {
    const state = { ...this.#state, cleaned };
    this.#store.writeState(state);
    this.#state = state;
  }

  #write(meta: PartitionMeta): void {
    this.#store.writeMeta(meta);
    this.#meta = meta;
    this.#leaderEpoch = leaderEpochOf(meta);
    this.#settings = partitionSettings(meta.topic.config);
  }
}

function endAfter(last: NonNullable<ReturnType<LogStore["lastRun"]>>): LogEnd {
  const { lastOffset, appendedAt, maxTimestamp, lastCrc, sizeBefore, size } = last;
  return { nextOffset: lastOffset + 1, appendedAt, maxTimestamp, lastCrc, sizeBefore: sizeBefore + size };
}

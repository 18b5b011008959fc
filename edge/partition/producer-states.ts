/**
 * What the partition keeps of each producer. In memory it is a map; in storage it is snapshots, one row for each shard
 * of the ids, and the columns of the rows behind them. A snapshot is true up to the offset it covers, so recovery is
 * the snapshots plus the rows after each, and never reads a blob.
 */
import type { HeldRange } from "../../shared/api/produce.ts";
import type { Chain, ProducerId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { isDeviceProducer } from "../../shared/producer-identity.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { afterKafkaAppend, type KafkaProducerState } from "./kafka-append.ts";
import type { ProducerRun } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import type { ProducerPosition } from "./producer-append.ts";

export interface DeviceProducerState extends ProducerPosition {
  /** The last few runs and where they stand; the newest last. */
  readonly recent: readonly HeldRange[];
  /** What was given up: sequences without offsets, in order. */
  readonly voids: readonly (readonly [sequence: number, count: number, crc: number])[];
}

export type ProducerState = DeviceProducerState | KafkaProducerState;

export const SHARDS = 64;
/** One snapshot row for so many runs: rows written stay below 1.1 a run. */
const RUNS_PER_SNAPSHOT = 10;

export interface Snapshot {
  readonly shard: number;
  readonly covers: number;
}

/** The rows, so far as snapshots need them. */
export type SnapshotRows = Pick<LogStore, "shards" | "shardStates" | "writeShard" | "producerRunsFrom">;

export class ProducerStates {
  readonly #store: SnapshotRows;
  readonly #states = new Map<ProducerId, ProducerState>();
  readonly #shards: Set<ProducerId>[] = Array.from({ length: SHARDS }, () => new Set());
  /** Up to which offset each shard's row is true; 0 where there is none. */
  readonly #covers: number[] = Array.from({ length: SHARDS }, () => 0);
  #runsSinceSnapshot = 0;

  constructor(store: SnapshotRows) {
    this.#store = store;
    for (const row of store.shards()) {
      this.#covers[row.shard] = row.covers;
      for (const [id, state] of JSON.parse(
        new TextDecoder().decode(store.shardStates(row.shard) ?? new Uint8Array()),
      ) as [ProducerId, ProducerState][])
        this.#set(id, state);
    }
    const snapshotAt = Math.max(...this.#covers);
    for (const run of store.producerRunsFrom(Math.min(...this.#covers))) {
      // Counted on, or an object that never lives for so many runs would never write one.
      if (run.baseOffset >= snapshotAt) this.#runsSinceSnapshot += 1;
      const covered = this.#covers[shardOf(run.id)] ?? 0;
      if (run.baseOffset >= covered) this.#set(run.id, stateAfterRun(this.#states.get(run.id), run));
    }
  }

  device(id: ProducerId): DeviceProducerState | undefined {
    const state = this.#states.get(id);
    return state !== undefined && "chain" in state ? state : undefined;
  }

  kafka(id: ProducerId): KafkaProducerState | undefined {
    const state = this.#states.get(id);
    return state !== undefined && "epoch" in state ? state : undefined;
  }

  /** Within the transaction of a run: writes a snapshot where one is due. `proposed` is not yet among the states. */
  writeDueSnapshot(nextOffset: number, proposed: readonly [ProducerId, ProducerState] | null): Snapshot | null {
    if (this.#runsSinceSnapshot + 1 < RUNS_PER_SNAPSHOT) return null;
    // The one furthest behind: recovery reads the rows from there on, however often the object was evicted.
    const shard = this.#covers.indexOf(Math.min(...this.#covers));
    const written = this.#writeShard(shard, nextOffset, proposed);
    return { shard, covers: written ? nextOffset : (this.#covers[shard] ?? 0) };
  }

  /** Within the transaction of a void, which no row of the log stands for. Throws `VOID_LIMIT` where there is no room. */
  writeSnapshotOf(id: ProducerId, state: ProducerState, nextOffset: number): Snapshot {
    const shard = shardOf(id);
    if (!this.#writeShard(shard, nextOffset, [id, state]))
      throw new StrandlineError("VOID_LIMIT", `${LIMITS.rowBytesMax} bytes`, { limit: LIMITS.rowBytesMax });
    return { shard, covers: nextOffset };
  }

  /** After the transaction of a run. */
  commit(change: readonly [ProducerId, ProducerState] | null, snapshot: Snapshot | null): void {
    if (change !== null) this.#set(...change);
    this.#runsSinceSnapshot = snapshot === null ? this.#runsSinceSnapshot + 1 : 0;
    if (snapshot !== null) this.#covers[snapshot.shard] = snapshot.covers;
  }

  commitVoid(id: ProducerId, state: ProducerState, snapshot: Snapshot): void {
    this.#set(id, state);
    this.#covers[snapshot.shard] = snapshot.covers;
  }

  /**
   * False: the shard has outgrown a row, and nothing was written. The log's rows stand for it then: a partition that
   * could no longer append because of its own snapshot would be lost.
   */
  #writeShard(shard: number, covers: number, proposed: readonly [ProducerId, ProducerState] | null): boolean {
    const held = new Map<ProducerId, ProducerState>();
    for (const id of this.#shards[shard] ?? []) {
      const state = this.#states.get(id);
      if (state !== undefined) held.set(id, state);
    }
    if (proposed !== null && shardOf(proposed[0]) === shard) held.set(...proposed);
    const states = snapshotText([...held]);
    if (states === null) return false;
    this.#store.writeShard({ shard, covers, clockMs: 0, states: new TextEncoder().encode(states) });
    return true;
  }

  get covered(): number {
    return Math.min(...this.#covers);
  }

  /** For retention, which is about to drop the rows below the offset. */
  coverUpTo(offset: number): {
    readonly coveredTo: number;
    readonly write: () => void;
    readonly committed: () => void;
  } {
    return { coveredTo: offset, write: () => undefined, committed: () => undefined };
  }

  #set(id: ProducerId, state: ProducerState): void {
    this.#states.set(id, state);
    this.#shards[shardOf(id)]?.add(id);
  }
}

/** Null: larger than a row may be, even without the offsets of recent runs, which a duplicate can be answered without. */
function snapshotText(states: readonly (readonly [ProducerId, ProducerState])[]): string | null {
  const whole = JSON.stringify(states);
  if (whole.length <= LIMITS.rowBytesMax) return whole;
  const short = JSON.stringify(states.map(([id, state]) => [id, "chain" in state ? { ...state, recent: [] } : state]));
  return short.length <= LIMITS.rowBytesMax ? short : null;
}

export function shardOf(id: ProducerId): number {
  return Number.parseInt(id.slice(-2), 16) % SHARDS;
}

export function afterDeviceRun(
  before: DeviceProducerState | undefined,
  next: ProducerPosition,
  range: HeldRange,
): DeviceProducerState {
  const recent = [...(before?.recent ?? []), range].slice(-LIMITS.recentRunsPerProducerMax);
  return { nextSequence: next.nextSequence, chain: next.chain, recent, voids: before?.voids ?? [] };
}

function stateAfterRun(before: ProducerState | undefined, run: ProducerRun): ProducerState {
  const { firstSequence: sequence, nextSequence, baseOffset, lastOffset } = run;
  const count = lastOffset - baseOffset + 1;
  if (isDeviceProducer(run.id)) {
    const device = before !== undefined && "chain" in before ? before : undefined;
    return afterDeviceRun(
      device,
      { nextSequence, chain: (run.chainAfter ?? 0) as Chain },
      { sequence, count, baseOffset },
    );
  }
  const kafka = before !== undefined && "epoch" in before ? before : undefined;
  const batch = { firstSequence: sequence, lastSequence: nextSequence, baseOffset };
  return afterKafkaAppend(kafka, { epoch: run.epoch, firstSequence: sequence, count }, batch);
}

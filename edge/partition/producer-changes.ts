/** The producers that changed since the snapshots of their shards, which the rows of the log stand for until the next. */
import type { ProducerId } from "../../shared/brands.ts";
import type { ProducerRun } from "./log-rows.ts";
import { stateAfterRun, type ProducerState } from "./producer-state.ts";

/** Recovered runs are added to what the snapshot has once somebody asks: a wake reads no snapshot for them. */
type Changed = { readonly state: ProducerState } | { readonly runs: ProducerRun[] };

/** What the shard's snapshot has. */
type Look = (id: ProducerId) => ProducerState | undefined;

interface ChangedShard {
  /** Offset of the first run that its snapshot does not have. */
  readonly from: number;
  readonly producers: Map<ProducerId, Changed>;
}

/** What JavaScript takes for them, roughly and rather too much. */
const MEMORY_BYTES = { producer: 320, run: 240, recent: 64, void: 72 } as const;

export class ProducerChanges {
  /** By shard, the one furthest behind first: offsets only grow, and a shard that was written begins anew at the end. */
  readonly #shards = new Map<number, ChangedShard>();

  /** The shards, the one furthest behind first. */
  get shards(): IterableIterator<number> {
    return this.#shards.keys();
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const { producers } of this.#shards.values())
      for (const changed of producers.values()) bytes += MEMORY_BYTES.producer + memoryOf(changed);
    return bytes;
  }

  get any(): boolean {
    return this.#shards.size > 0;
  }

  /** Those with a change that only rows below the offset stand for. */
  shardsBelow(offset: number): number[] {
    return Array.from(this.#shards, ([shard, { from }]) => (from < offset ? shard : -1)).filter((shard) => shard >= 0);
  }

  /** Of the first run that is not in the shard's snapshot; null where nothing changed. */
  fromOf(shard: number): number | null {
    return this.#shards.get(shard)?.from ?? null;
  }

  /** Undefined: the shard's snapshot is right about it. */
  stateOf(shard: number, id: ProducerId, look: Look): ProducerState | undefined {
    const producers = this.#shards.get(shard)?.producers;
    const changed = producers?.get(id);
    if (producers === undefined || changed === undefined) return undefined;
    if ("state" in changed) return changed.state;
    let state = look(id);
    for (const run of changed.runs) state = stateAfterRun(state, run);
    if (state !== undefined) producers.set(id, { state });
    return state;
  }

  /** All of the shard. */
  statesOf(shard: number, look: Look): Map<ProducerId, ProducerState> {
    const states = new Map<ProducerId, ProducerState>();
    for (const id of this.#shards.get(shard)?.producers.keys() ?? []) {
      const state = this.stateOf(shard, id, look);
      if (state !== undefined) states.set(id, state);
    }
    return states;
  }

  /** After a run that begins at `offset`. */
  set(shard: number, [id, state]: readonly [ProducerId, ProducerState], offset: number): void {
    this.#producersOf(shard, offset).set(id, { state });
  }

  /** In the order of the log, before anything else. */
  recover(shard: number, run: ProducerRun): void {
    const producers = this.#producersOf(shard, run.baseOffset);
    const before = producers.get(run.id);
    if (before !== undefined && "runs" in before) before.runs.push(run);
    else producers.set(run.id, { runs: [run] });
  }

  /** Its snapshot has them all. */
  drop(shard: number): void {
    this.#shards.delete(shard);
  }

  #producersOf(shard: number, offset: number): Map<ProducerId, Changed> {
    const held = this.#shards.get(shard) ?? { from: offset, producers: new Map<ProducerId, Changed>() };
    this.#shards.set(shard, held);
    return held.producers;
  }
}

function memoryOf(changed: Changed): number {
  if ("runs" in changed) return changed.runs.length * MEMORY_BYTES.run;
  const { state } = changed;
  const voids = "chain" in state ? state.voids.length : 0;
  return state.recent.length * MEMORY_BYTES.recent + voids * MEMORY_BYTES.void;
}

/** The rows of a partition in memory, so far as producers' states need them, and a partition that appends to them. */
import type { HeldRange } from "../../shared/api/produce.ts";
import type { ProducerRun, RunColumns, ShardRow } from "../../edge/partition/log-rows.ts";
import { PAGES, SHARDS } from "../../edge/partition/producer-place.ts";
import { afterKafkaAppend } from "../../edge/partition/kafka-append.ts";
import {
  afterDeviceRun,
  ProducerStates,
  type ProducerState,
  type SnapshotRows,
} from "../../edge/partition/producer-states.ts";
import { NO_CHAIN, type Chain, type ProducerId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { isDeviceProducer } from "../../shared/producer-identity.ts";

interface MemoryRun {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly appendedAt: number;
  readonly producer: ProducerRun | null;
}

export class MemoryRows implements SnapshotRows {
  readonly shardRows = new Map<number, ShardRow>();
  runs: MemoryRun[] = [];
  shardsWritten = 0;
  /** Whole shards. */
  statesRead = 0;
  pagesRead = 0;
  /** Rows that were gone through for producers', whether they have one or not. */
  runsRead = 0;

  shards(): Omit<ShardRow, "states">[] {
    return Array.from(this.shardRows.values(), ({ states: _, ...columns }) => columns);
  }

  shardStates(shard: number): Uint8Array | null {
    this.statesRead += 1;
    return this.shardRows.get(shard)?.states.slice() ?? null;
  }

  shardPage(shard: number, from: number, length: number): Uint8Array | null {
    this.pagesRead += 1;
    return this.shardRows.get(shard)?.states.slice(from, from + length) ?? null;
  }

  writeShard(row: ShardRow): void {
    if (row.directory.length + row.states.length > LIMITS.rowBytesMax) throw new Error("larger than a row");
    this.shardsWritten += 1;
    this.shardRows.set(row.shard, row);
  }

  *producerRunsFrom(offset: number): Generator<ProducerRun> {
    for (const { baseOffset, producer } of this.runs) {
      if (baseOffset < offset) continue;
      this.runsRead += 1;
      if (producer !== null) yield producer;
    }
  }

  runsBehind(offset: number, limit: number): RunColumns[] {
    const from = firstAt(this.runs, offset);
    return this.runs.slice(from, from + limit).map(({ baseOffset, lastOffset, appendedAt }) => ({
      baseOffset,
      lastOffset,
      appendedAt,
      maxTimestamp: 0,
      lastCrc: 0,
      size: 0,
      sizeBefore: 0,
      firstSequence: null,
      tombstonesSince: null,
    }));
  }

  deleteRunsBelow(offset: number): void {
    this.runs = this.runs.filter(({ lastOffset }) => lastOffset >= offset);
  }
}

function firstAt(runs: readonly MemoryRun[], offset: number): number {
  const index = runs.findIndex(({ baseOffset }) => baseOffset >= offset);
  return index < 0 ? runs.length : index;
}

/** Appends as `PartitionLog` does, without looking at what it appends. */
export class MemoryPartition {
  readonly rows: MemoryRows;
  readonly retentionMs: number;
  states: ProducerStates;
  nextOffset = 0;
  /** What it would hold if nothing were ever forgotten and memory had no end. */
  readonly oracle = new Map<ProducerId, ProducerState>();

  constructor(retentionMs: number = Number.MAX_SAFE_INTEGER, rows: MemoryRows = new MemoryRows()) {
    this.retentionMs = retentionMs;
    this.rows = rows;
    this.states = new ProducerStates(rows, { retentionMs });
  }

  stateOf(id: ProducerId): ProducerState | undefined {
    return isDeviceProducer(id) ? this.states.device(id) : this.states.kafka(id);
  }

  evict(): void {
    this.states = new ProducerStates(this.rows, { retentionMs: this.retentionMs });
  }

  append(id: ProducerId | null, count: number, appendedAt: number): void {
    const [baseOffset, nextOffset] = [this.nextOffset, this.nextOffset + count];
    const run = id === null ? null : this.#runOf(id, { count, baseOffset });
    this.rows.runs.push({ baseOffset, lastOffset: nextOffset - 1, appendedAt, producer: run?.row ?? null });
    const change = run === null ? null : ([run.row.id, run.state] as const);
    this.states.commit(change, this.states.writeDueSnapshot(nextOffset, change, appendedAt));
    this.nextOffset = nextOffset;
    if (change !== null) this.oracle.set(...change);
  }

  giveUp(id: ProducerId, count: number): void {
    const state = this.states.device(id);
    const sequence = state?.nextSequence ?? 0;
    const after = {
      nextSequence: sequence + count,
      chain: chainAfter(state?.chain ?? NO_CHAIN, sequence),
      recent: state?.recent ?? [],
      voids: [...(state?.voids ?? []), [sequence, count, sequence * 7] as const],
    };
    this.states.commitVoid(this.states.writeSnapshotOf(id, after, this.nextOffset));
    this.oracle.set(id, after);
  }

  /** Returns the offset below which rows went. */
  deleteBelow(offset: number): number {
    const cover = this.states.coverUpTo(offset);
    this.rows.deleteRunsBelow(cover.deletableBelow);
    this.states.commitCover(cover);
    return cover.deletableBelow;
  }

  #runOf(
    id: ProducerId,
    { count, baseOffset }: Omit<HeldRange, "sequence">,
  ): { readonly row: ProducerRun; readonly state: ProducerState } {
    const place = { id, baseOffset, lastOffset: baseOffset + count - 1 };
    if (isDeviceProducer(id)) {
      const before = this.states.device(id);
      const sequence = before?.nextSequence ?? 0;
      const next = { nextSequence: sequence + count, chain: chainAfter(before?.chain ?? NO_CHAIN, sequence) };
      const state = afterDeviceRun(before, next, { sequence, count, baseOffset });
      return { row: { ...place, epoch: 0, firstSequence: sequence, ...next, chainAfter: next.chain }, state };
    }
    const before = this.states.kafka(id);
    const firstSequence = ((before?.recent.at(-1)?.lastSequence ?? -1) + 1) % 2 ** 31;
    const lastSequence = (firstSequence + count - 1) % 2 ** 31;
    const epoch = before?.epoch ?? 3;
    const batch = { firstSequence, lastSequence, baseOffset };
    const state = afterKafkaAppend(before, { epoch, firstSequence, count }, batch);
    return { row: { ...place, epoch, firstSequence, nextSequence: lastSequence, chainAfter: null }, state };
  }
}

function chainAfter(chain: Chain, sequence: number): Chain {
  return ((Math.imul(chain, 31) + sequence + 1) >>> 0) as Chain;
}

/** The `index`th device or one of Kafka's, all over the pages; ids of one shard where it is given. */
export function idOf(index: number, shard?: number, kind: "device" | "kafka" = "device"): ProducerId {
  const page = Math.imul(index, 7) & (PAGES - 1);
  const last = page * SHARDS + (shard ?? Math.imul(index, 97) & (SHARDS - 1));
  const first = kind === "device" ? "4" : "0";
  return `${first}${index.toString(16).padStart(11, "0")}${last.toString(16).padStart(4, "0")}` as ProducerId;
}

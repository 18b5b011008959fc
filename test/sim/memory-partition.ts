/** One partition of the simulated edge: the product's decisions over a log in memory. */
import { attempt, type Outcome } from "../../edge/outcome.ts";
import type {
  AppendAnswer,
  AppendRequest,
  PartitionBounds,
  PartitionDescription,
  PartitionPort,
  ReadAnswer,
  ReadRequest,
  TailRequest,
  TimeAnswer,
  WaitEnd,
  WaitRequest,
} from "../../edge/partition/partition-port.ts";
import { decideDeviceAppend } from "../../edge/partition/producer-append.ts";
import { decideReconcile, type HistoryEntry } from "../../edge/partition/producer-reconcile.ts";
import { afterDeviceRun, type DeviceProducerState } from "../../edge/partition/producer-states.ts";
import type { Tails } from "../../edge/partition/tails.ts";
import type { TailListener, TailUpstream } from "../../edge/tail/tail-upstream.ts";
import type { HeldRange, ProducerProof } from "../../shared/api/produce.ts";
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import { NO_CHAIN, type LeaderEpoch, type ProducerId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import { batchByteLength, patchLogPosition } from "../../shared/record-batch.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PlantedBug, StorageFault } from "./faults-of-storage.ts";
import { openUpstream, tailsOf } from "./memory-tails.ts";
import { WithoutGroups } from "./without-groups.ts";

export interface LoggedBatch {
  readonly baseOffset: number;
  readonly count: number;
  readonly producer: ProducerId;
  readonly sequence: number;
  readonly crc: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Waiter {
  readonly offset: number;
  readonly wake: () => void;
}

export class MemoryPartition extends WithoutGroups implements PartitionPort {
  readonly #clock: Clock;
  readonly #tails: Tails;
  #log: LoggedBatch[] = [];
  #producers = new Map<ProducerId, DeviceProducerState>();
  readonly #waiters = new Set<Waiter>();
  #startOffset = 0;
  leaderEpoch: LeaderEpoch = { counter: 0, random: 1 };
  /** Told each batch as it is appended. */
  landed: (batch: Uint8Array) => void = () => undefined;
  /** Of one sealed batch: the code it is refused with, for as long as it is. */
  refuse: (batch: Uint8Array) => ErrorCode | null = () => null;
  planted: PlantedBug | null = null;
  /** Asked for each append. */
  storageFault: () => StorageFault | null = () => null;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
    this.#tails = tailsOf({ read: (request) => this.#read(request), bounds: () => this.#bounds() }, clock);
  }

  openTail(request: TailRequest, listener: TailListener): TailUpstream {
    return openUpstream(this.#tails, request, listener);
  }

  get log(): readonly LoggedBatch[] {
    return this.#log;
  }

  get #nextOffset(): number {
    const last = this.#log.at(-1);
    return last === undefined ? this.#startOffset : last.baseOffset + last.count;
  }

  /** As after `producer.state.retention.ms`, or when the log was restored without it. */
  forgetProducers(): void {
    this.#producers.clear();
  }

  /** As retention does. */
  dropBelow(offset: number): void {
    this.#log = this.#log.filter((batch) => batch.baseOffset >= offset);
    this.#startOffset = offset;
    this.#tails.moved();
  }

  /** As compaction does: nothing is left of the batch there. Not of the last one. */
  compactAway(offset: number): void {
    this.#log = this.#log.filter((batch) => batch.baseOffset !== offset);
  }

  /** What a restored backup brings back, producers included. */
  backup(): () => void {
    const log = [...this.#log];
    const producers = new Map(this.#producers);
    return () => {
      this.#log = log;
      this.#producers = producers;
      this.#tails.moved();
    };
  }

  append(request: AppendRequest): Promise<Outcome<AppendAnswer>> {
    return Promise.resolve(attempt(() => this.#append(request)));
  }

  proof(id: ProducerId): Promise<Outcome<PartitionBounds & ProducerProof>> {
    return Promise.resolve(attempt(() => ({ ...this.#bounds(), ...this.#proof(id) })));
  }

  bounds(): Promise<Outcome<PartitionDescription>> {
    return Promise.resolve(attempt(() => ({ ...this.#bounds(), growths: [], sizeBytes: 0 })));
  }

  deleteRecords(before: number): Promise<Outcome<PartitionBounds>> {
    this.dropBelow(before);
    return Promise.resolve(attempt(() => this.#bounds()));
  }

  /** No device erases. */
  erase(): Promise<Outcome<never>> {
    return Promise.reject(new Error("the simulation erases nothing"));
  }

  read(request: ReadRequest): Promise<Outcome<ReadAnswer>> {
    return Promise.resolve(attempt(() => this.#read(request)));
  }

  reconcile(id: ProducerId, request: ReconcileRequest): Promise<Outcome<ReconcileAnswer>> {
    return Promise.resolve(attempt(() => this.#reconcile(id, request)));
  }

  batchAtTime(): Promise<Outcome<TimeAnswer>> {
    return Promise.resolve(attempt(() => ({ ...this.#bounds(), nextOffset: this.#nextOffset, batch: null })));
  }

  async waitForAppend({ offset, waitMs }: WaitRequest): Promise<WaitEnd> {
    if (this.#nextOffset > offset) return "grown";
    const cancel = new AbortController();
    const waiter = { offset, wake: () => cancel.abort() };
    this.#waiters.add(waiter);
    await this.#clock.sleep(waitMs, cancel.signal);
    this.#waiters.delete(waiter);
    return cancel.signal.aborted ? "grown" : "over";
  }

  #append({ bytes, batches, producer }: AppendRequest): AppendAnswer {
    if (producer.kind !== "device") throw new StrandlineError("INVALID_REQUEST", "the simulation has devices only");
    const { id, firstSequence, chainBefore } = producer;
    this.#demandAllowed(bytes, firstSequence, batches);
    const fault = this.storageFault();
    if (fault === "before") throw new StrandlineError("KAFKA_STORAGE_ERROR", "told to fail");
    const state = this.#producers.get(id);
    const verdict = decideDeviceAppend(state, { firstSequence, chainBefore, batches });
    if (verdict.kind === "refuse") return this.#answer(id, [], { code: verdict.code, said: "" });
    const heldCount = countOf(batches.slice(0, verdict.held));
    const known = rangesWithin(state?.recent ?? [], firstSequence, heldCount);
    const fresh = batches.slice(verdict.held);
    if (fresh.length === 0) return this.#answer(id, known, null);
    const range = { sequence: firstSequence + heldCount, count: countOf(fresh), baseOffset: this.#nextOffset };
    this.#producers.set(id, afterDeviceRun(state, verdict.next, range));
    // Planted: the answer is lost as well, so that nobody could tell.
    if (this.planted === "ack before commit" && fault === "after") return this.#answer(id, [], null);
    let { sequence, baseOffset } = range;
    for (const { start, count, crc } of fresh) {
      const own = bytes.slice(start, start + batchByteLength(bytes, start));
      patchLogPosition(own, 0, { baseOffset, leaderEpoch: this.leaderEpoch.counter });
      this.#log.push({ baseOffset, count, producer: id, sequence, crc, bytes: own });
      this.landed(own);
      sequence += count;
      baseOffset += count;
    }
    const appended = this.#log.slice(-fresh.length).map((batch) => batch.bytes);
    const length = appended.reduce((sum, one) => sum + one.byteLength, 0);
    const run = { baseOffset: range.baseOffset, nextOffset: baseOffset, bytes: joined(appended, length) };
    this.#tails.appended(run);
    for (const waiter of this.#waiters) if (waiter.offset < this.#nextOffset) waiter.wake();
    if (this.planted === "no dedup" && fault === "after") this.#restore(id, state);
    if (fault === "after") throw new StrandlineError("KAFKA_STORAGE_ERROR", "told to fail");
    return this.#answer(id, [...known, range], null);
  }

  /** As the Worker's checks do: before the partition is asked, and naming the batch. */
  #demandAllowed(bytes: Uint8Array, firstSequence: number, batches: AppendRequest["batches"]): void {
    let sequence = firstSequence;
    for (const { start, count } of batches) {
      const code = this.refuse(bytes.subarray(start, start + batchByteLength(bytes, start)));
      if (code !== null) throw new StrandlineError(code, "told to be refused", { sequence });
      sequence += count;
    }
  }

  #reconcile(id: ProducerId, request: ReconcileRequest): ReconcileAnswer {
    const state = this.#producers.get(id);
    const verdict = decideReconcile(state, request, (sequence) => this.#historyAt(id, sequence));
    if (verdict.giveUp !== null && this.planted === "no void") {
      const { sequence, count, next } = verdict.giveUp;
      const voided = { nextSequence: sequence + count, chain: next.chain, leaderEpoch: this.leaderEpoch };
      return { ...voided, batches: verdict.batches };
    }
    if (verdict.giveUp !== null) {
      const { sequence, count, crc, next } = verdict.giveUp;
      const voids = [...(state?.voids ?? []), [sequence, count, crc] as const];
      this.#producers.set(id, { ...next, recent: state?.recent ?? [], voids });
    }
    return { ...this.#proof(id), leaderEpoch: this.leaderEpoch, batches: verdict.batches };
  }

  #restore(id: ProducerId, state: DeviceProducerState | undefined): void {
    if (state === undefined) this.#producers.delete(id);
    else this.#producers.set(id, state);
  }

  #historyAt(id: ProducerId, sequence: number): HistoryEntry {
    for (const [start, count, crc] of this.#producers.get(id)?.voids ?? []) {
      if (sequence === start) return { kind: "void", count, crc };
      if (sequence > start && sequence < start + count) return { kind: "inside" };
    }
    const covering = this.#log.find(
      (one) => one.producer === id && sequence >= one.sequence && sequence < one.sequence + one.count,
    );
    if (covering === undefined) return { kind: "gone" };
    if (covering.sequence !== sequence) return { kind: "inside" };
    return { kind: "batch", count: covering.count, crc: covering.crc, baseOffset: covering.baseOffset };
  }

  #read({ offset, bytesMax, previousCrc }: ReadRequest): ReadAnswer {
    const bounds = this.#bounds();
    const empty = { ...bounds, bytes: new Uint8Array(), divergence: null, nextOffset: offset };
    if (offset < bounds.logStartOffset || offset > bounds.highWatermark)
      return { ...empty, error: "OFFSET_OUT_OF_RANGE" };
    const before = this.#log.find((batch) => batch.baseOffset + batch.count === offset);
    if (previousCrc !== null && before !== undefined && before.crc !== previousCrc)
      return { ...empty, error: "TRUNCATED", divergence: before.baseOffset };
    const parts: Uint8Array[] = [];
    let length = 0;
    let nextOffset = offset;
    for (const { baseOffset, count, bytes } of this.#log) {
      if (baseOffset + count <= offset) continue;
      if (parts.length > 0 && length + bytes.byteLength > bytesMax) break;
      parts.push(bytes);
      length += bytes.byteLength;
      nextOffset = baseOffset + count;
    }
    return { ...empty, error: null, bytes: joined(parts, length), nextOffset };
  }

  #proof(id: ProducerId): ProducerProof {
    const state = this.#producers.get(id);
    if (state === undefined) return { nextSequence: null, chain: NO_CHAIN };
    return { nextSequence: state.nextSequence, chain: state.chain };
  }

  #bounds(): PartitionBounds {
    return { leaderEpoch: this.leaderEpoch, logStartOffset: this.#startOffset, highWatermark: this.#nextOffset };
  }

  #answer(id: ProducerId, held: readonly HeldRange[], error: AppendAnswer["error"]): AppendAnswer {
    return {
      ...this.#bounds(),
      ...this.#proof(id),
      error,
      held,
      baseOffset: held[0]?.baseOffset ?? null,
      logAppendTime: null,
      rowsWritten: 0,
    };
  }
}

function countOf(batches: AppendRequest["batches"]): number {
  return batches.reduce((sum, batch) => sum + batch.count, 0);
}

function rangesWithin(recent: readonly HeldRange[], sequence: number, count: number): HeldRange[] {
  return recent.flatMap((range) => {
    const from = Math.max(range.sequence, sequence);
    const to = Math.min(range.sequence + range.count, sequence + count);
    if (from >= to) return [];
    return [{ sequence: from, count: to - from, baseOffset: range.baseOffset + from - range.sequence }];
  });
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/**
 * The log of one partition over its store: appends, reads, reconciles. Synchronous throughout; memory changes only
 * after the transaction that it follows.
 */
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { HeldRange, ProducerProof } from "../../shared/api/produce.ts";
import { NO_CHAIN, type LeaderEpoch, type ProducerId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import { patchLogPosition } from "../../shared/record-batch.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { decideKafkaAppend, afterKafkaAppend } from "./kafka-append.ts";
import type { LogStore, RunRowProducer } from "./log-store.ts";
import type {
  AppendAnswer,
  AppendRefusal,
  AppendRequest,
  CheckedBatch,
  PartitionBounds,
  RunProducer,
} from "./partition-port.ts";
import { decideDeviceAppend } from "./producer-append.ts";
import { ProducerHistory } from "./producer-history.ts";
import { decideReconcile } from "./producer-reconcile.ts";
import { afterDeviceRun, ProducerStates, type DeviceProducerState, type ProducerState } from "./producer-states.ts";

interface Kept {
  /** Batches of the run that the log holds already. */
  readonly held: number;
  readonly producer: RunRowProducer | null;
  /** The producer's state after the append. */
  readonly stateAfter: (range: HeldRange) => readonly [ProducerId, ProducerState] | null;
}

export class PartitionLog {
  readonly #store: LogStore;
  readonly #clock: Clock;
  readonly #leaderEpoch: LeaderEpoch;
  readonly #producers: ProducerStates;
  #nextOffset: number;
  #startOffset: number;
  #appendedAt: number;
  #maxTimestamp: number;

  constructor(store: LogStore, clock: Clock, leaderEpoch: LeaderEpoch) {
    this.#store = store;
    this.#clock = clock;
    this.#leaderEpoch = leaderEpoch;
    this.#producers = new ProducerStates(store);
    const end = store.end();
    this.#nextOffset = end.nextOffset;
    this.#appendedAt = end.appendedAt;
    this.#maxTimestamp = end.maxTimestamp;
    this.#startOffset = store.startOffset();
  }

  bounds(): PartitionBounds {
    return { leaderEpoch: this.#leaderEpoch, logStartOffset: this.#startOffset, highWatermark: this.#nextOffset };
  }

  proof(id: ProducerId): ProducerProof {
    const state = this.#producers.device(id);
    return state === undefined
      ? { nextSequence: null, chain: NO_CHAIN }
      : { nextSequence: state.nextSequence, chain: state.chain };
  }

  append(request: AppendRequest): AppendAnswer {
    const { producer } = request;
    switch (producer.kind) {
      case "device":
        return this.#appendOfDevice(request, producer);
      case "kafka":
        return this.#appendOfKafka(request, producer);
      case "none":
        return this.#keep(request, { held: 0, producer: null, stateAfter: () => null }, []);
    }
  }

  #appendOfDevice(request: AppendRequest, producer: RunProducer & { kind: "device" }): AppendAnswer {
    const { id, firstSequence, chainBefore } = producer;
    const state = this.#producers.device(id);
    const verdict = decideDeviceAppend(state, { firstSequence, chainBefore, batches: request.batches });
    if (verdict.kind === "refuse") return this.#refuse(verdict.code, `sequence ${firstSequence}`, id);
    const heldRecords = countOf(request.batches.slice(0, verdict.held));
    const known = state === undefined ? [] : rangesWithin(state, firstSequence, heldRecords);
    const { next } = verdict;
    const row = {
      id,
      epoch: 0,
      firstSequence: firstSequence + heldRecords,
      nextSequence: next.nextSequence,
      chainAfter: next.chain,
    };
    return this.#keep(
      request,
      { held: verdict.held, producer: row, stateAfter: (range) => [id, afterDeviceRun(state, next, range)] },
      known,
    );
  }

  #appendOfKafka(request: AppendRequest, producer: RunProducer & { kind: "kafka" }): AppendAnswer {
    const { id, epoch, firstSequence } = producer;
    const count = countOf(request.batches);
    const state = this.#producers.kafka(id);
    const verdict = decideKafkaAppend(state, { epoch, firstSequence, count });
    if (verdict.kind === "refuse") return this.#refuse(verdict.code, `epoch ${epoch}, sequence ${firstSequence}`, id);
    if (verdict.kind === "duplicate") {
      const { baseOffset } = verdict;
      return this.#answer(null, id, [{ sequence: firstSequence, count, baseOffset }], baseOffset);
    }
    const { lastSequence } = verdict;
    // Sequences of Kafka's producers wrap, so their rows hold the last one and not the next.
    const row = { id, epoch, firstSequence, nextSequence: lastSequence, chainAfter: null };
    const stateAfter = (range: HeldRange): readonly [ProducerId, ProducerState] => [
      id,
      afterKafkaAppend(
        state,
        { epoch, firstSequence, count },
        { firstSequence, lastSequence, baseOffset: range.baseOffset },
      ),
    ];
    return this.#keep(request, { held: 0, producer: row, stateAfter }, []);
  }

  /** Writes what is not held yet, as one row, in one transaction with whatever snapshot is due. */
  #keep(request: AppendRequest, kept: Kept, known: readonly HeldRange[]): AppendAnswer {
    const id = kept.producer?.id ?? null;
    const fresh = request.batches.slice(kept.held);
    const [first] = fresh;
    if (first === undefined) return this.#answer(null, id, known, firstOffset(request, known));
    const baseOffset = this.#nextOffset;
    const count = countOf(fresh);
    const nextOffset = baseOffset + count;
    if (!Number.isSafeInteger(nextOffset))
      throw new StrandlineError("INVALID_RECORD", `offset ${baseOffset} and ${count} records`);
    const bytes = this.#positioned(request, fresh, first);
    const appendedAt = Math.max(this.#clock.now(), this.#appendedAt);
    const maxTimestamp = fresh.reduce((max, batch) => Math.max(max, batch.maxTimestamp), this.#maxTimestamp);
    const range = { sequence: kept.producer?.firstSequence ?? 0, count, baseOffset };
    const change = kept.stateAfter(range);
    const lastCrc = fresh.at(-1)?.crc ?? 0;
    const snapshot = this.#store.transaction(() => {
      const { producer } = kept;
      this.#store.insertRun({
        baseOffset,
        lastOffset: nextOffset - 1,
        appendedAt,
        maxTimestamp,
        lastCrc,
        producer,
        bytes,
      });
      return this.#producers.writeDueSnapshot(nextOffset, change);
    });
    this.#nextOffset = nextOffset;
    this.#appendedAt = appendedAt;
    this.#maxTimestamp = maxTimestamp;
    this.#producers.commit(change, snapshot);
    const held = id === null ? [range] : [...known, range];
    return this.#answer(null, id, held, firstOffset(request, held));
  }

  /** The bytes that are stored: offsets and leader epoch in place, in a buffer that holds nothing else. */
  #positioned(request: AppendRequest, fresh: readonly CheckedBatch[], first: CheckedBatch): Uint8Array {
    const bytes = first.start === 0 ? request.bytes : request.bytes.slice(first.start);
    let baseOffset = this.#nextOffset;
    for (const batch of fresh) {
      patchLogPosition(bytes, batch.start - first.start, { baseOffset, leaderEpoch: this.#leaderEpoch.counter });
      baseOffset += batch.count;
    }
    return bytes;
  }

  #refuse(code: AppendRefusal, said: string, id: ProducerId): AppendAnswer {
    return this.#answer({ code, said }, id, [], null);
  }

  #answer(
    error: AppendAnswer["error"],
    id: ProducerId | null,
    held: readonly HeldRange[],
    baseOffset: number | null,
  ): AppendAnswer {
    const proof = id === null ? { nextSequence: null, chain: NO_CHAIN } : this.proof(id);
    return { ...this.bounds(), ...proof, error, held, baseOffset };
  }

  reconcile(id: ProducerId, request: ReconcileRequest): ReconcileAnswer {
    const state = this.#producers.device(id);
    const end = request.from + countOf(request.batches);
    const history = new ProducerHistory(this.#store, { id, state }, { from: request.from, end });
    const verdict = decideReconcile(state, request, (sequence) => history.at(sequence));
    if (verdict.giveUp !== null) {
      const { sequence, count, crc, next } = verdict.giveUp;
      const voids = [...(state?.voids ?? []), [sequence, count, crc] as const];
      if (voids.length > LIMITS.voidsPerProducerMax)
        throw new StrandlineError("VOID_LIMIT", `${LIMITS.voidsPerProducerMax}`, { limit: LIMITS.voidsPerProducerMax });
      const after: DeviceProducerState = { ...next, recent: state?.recent ?? [], voids };
      const snapshot = this.#store.transaction(() => this.#producers.writeSnapshotOf(id, after, this.#nextOffset));
      this.#producers.commitVoid(id, after, snapshot);
    }
    return { ...this.proof(id), leaderEpoch: this.#leaderEpoch, batches: verdict.batches };
  }
}

function countOf(batches: readonly { readonly count: number }[]): number {
  return batches.reduce((sum, batch) => sum + batch.count, 0);
}

/** Of the run's first record: the first range is its own only where it begins with it. */
function firstOffset({ producer }: AppendRequest, held: readonly HeldRange[]): number | null {
  const [first] = held;
  if (first === undefined) return null;
  return producer.kind === "none" || first.sequence === producer.firstSequence ? first.baseOffset : null;
}

/** The parts of `[sequence, sequence + count)` whose offsets are still known. */
function rangesWithin(state: DeviceProducerState, sequence: number, count: number): HeldRange[] {
  const end = sequence + count;
  return state.recent.flatMap((range) => {
    const from = Math.max(range.sequence, sequence);
    const to = Math.min(range.sequence + range.count, end);
    if (from >= to) return [];
    return [{ sequence: from, count: to - from, baseOffset: range.baseOffset + from - range.sequence }];
  });
}

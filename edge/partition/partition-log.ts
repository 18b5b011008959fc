/**
 * The log of one partition over its store: appends, reads, reconciles. Synchronous throughout; memory changes only
 * after the transaction that it follows.
 */
import type { ReconcileAnswer, ReconcileRequest } from "../../shared/api/reconcile.ts";
import type { HeldRange, ProducerProof } from "../../shared/api/produce.ts";
import { NO_CHAIN, type ProducerId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";
import { isRequestProducer } from "../../shared/producer-identity.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { decideKafkaAppend, afterKafkaAppend } from "./kafka-append.ts";
import type { LogExtent } from "./log-extent.ts";
import type { RunRowProducer } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import type { AppendAnswer, AppendRefusal, AppendRequest, RunProducer } from "./partition-port.ts";
import { decideDeviceAppend } from "./producer-append.ts";
import { ProducerHistory } from "./producer-history.ts";
import { decideReconcile } from "./producer-reconcile.ts";
import {
  afterDeviceRun,
  type ProducerStates,
  type DeviceProducerState,
  type ProducerState,
} from "./producer-states.ts";
import { StorageRoom } from "./storage-room.ts";
import { storedBytes } from "./run-bytes.ts";

interface Kept {
  readonly fromReserve?: boolean;
  /** Batches of the run that the log holds already. */
  readonly held: number;
  readonly producer: RunRowProducer | null;
  /** The producer's state after the append. */
  readonly stateAfter: (range: HeldRange) => readonly [ProducerId, ProducerState] | null;
}

export interface PartitionLogParts {
  readonly store: LogStore;
  readonly extent: LogExtent;
  readonly producers: ProducerStates;
  readonly clock: Clock;
  /** Bytes of the whole object above which nothing is appended any more. */
  readonly storageBytesMax: number;
}

/** What an append came to; `appended` null: nothing that was not held already. */
export interface Appended {
  readonly answer: AppendAnswer;
  readonly appended: { readonly baseOffset: number; readonly nextOffset: number; readonly bytes: Uint8Array } | null;
}

export class PartitionLog {
  readonly #store: LogStore;
  readonly #extent: LogExtent;
  readonly #producers: ProducerStates;
  readonly #clock: Clock;
  readonly #room: StorageRoom;

  constructor({ store, extent, producers, clock, storageBytesMax }: PartitionLogParts) {
    this.#store = store;
    this.#extent = extent;
    this.#producers = producers;
    this.#clock = clock;
    this.#room = new StorageRoom(storageBytesMax, () => store.databaseBytes);
  }

  proof(id: ProducerId): ProducerProof {
    const state = this.#producers.device(id);
    return state === undefined
      ? { nextSequence: null, chain: NO_CHAIN }
      : { nextSequence: state.nextSequence, chain: state.chain };
  }

  /** `fromReserve`: also where there is no room left for others, for what makes some. */
  append(request: AppendRequest, { fromReserve = false }: { readonly fromReserve?: boolean } = {}): Appended {
    const { producer } = request;
    switch (producer.kind) {
      case "device":
        return this.#appendOfDevice(request, producer);
      case "kafka":
        return this.#appendOfKafka(request, producer);
      case "none":
        return this.#keep(request, { held: 0, producer: null, stateAfter: () => null, fromReserve }, []);
    }
  }

  #appendOfDevice(request: AppendRequest, producer: RunProducer & { kind: "device" }): Appended {
    const { id, firstSequence, chainBefore } = producer;
    const state = this.#producers.device(id);
    const verdict = decideDeviceAppend(state, {
      firstSequence,
      chainBefore,
      batches: request.batches,
      ofRequest: isRequestProducer(id),
    });
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

  #appendOfKafka(request: AppendRequest, producer: RunProducer & { kind: "kafka" }): Appended {
    const { id, epoch, firstSequence } = producer;
    const count = countOf(request.batches);
    const state = this.#producers.kafka(id);
    const verdict = decideKafkaAppend(state, { epoch, firstSequence, count });
    if (verdict.kind === "refuse") return this.#refuse(verdict.code, `epoch ${epoch}, sequence ${firstSequence}`, id);
    if (verdict.kind === "duplicate") {
      const { baseOffset } = verdict;
      return this.#held(id, [{ sequence: firstSequence, count, baseOffset }], baseOffset);
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
  #keep(request: AppendRequest, kept: Kept, known: readonly HeldRange[]): Appended {
    const id = kept.producer?.id ?? null;
    const fresh = request.batches.slice(kept.held);
    if (fresh.length === 0) return this.#held(id, known, firstOffset(request, known));
    if (!this.#room.take(request.bytes.byteLength) && kept.fromReserve !== true)
      return this.#refuse("STORAGE_FULL", `${this.#room.bytesMax} bytes`, id);
    const { end, settings, leaderEpoch } = this.#extent;
    const baseOffset = end.nextOffset;
    const count = countOf(fresh);
    const nextOffset = baseOffset + count;
    if (!Number.isSafeInteger(nextOffset))
      throw new StrandlineError("INVALID_RECORD", `offset ${baseOffset} and ${count} records`);
    const appendedAt = Math.max(this.#clock.now(), end.appendedAt);
    const logAppendTime = settings.logAppendTime ? appendedAt : null;
    const createTime = request.stampTime === true ? appendedAt : null;
    const place = { baseOffset, leaderEpoch: leaderEpoch.counter, logAppendTime, createTime };
    const { bytes, lastCrc, received } = storedBytes(request.bytes, fresh, place);
    const latest = logAppendTime ?? createTime ?? fresh.reduce((max, batch) => Math.max(max, batch.maxTimestamp), -1);
    const maxTimestamp = Math.max(end.maxTimestamp, latest);
    const range = { sequence: kept.producer?.firstSequence ?? 0, count, baseOffset };
    const change = kept.stateAfter(range);
    const rowsBefore = this.#store.rowsWritten;
    const snapshot = this.#store.transaction(() => {
      this.#store.insertRun({
        baseOffset,
        lastOffset: nextOffset - 1,
        appendedAt,
        maxTimestamp,
        lastCrc,
        sizeBefore: end.sizeBefore,
        producer: kept.producer,
        received,
        bytes,
      });
      return this.#producers.writeDueSnapshot(nextOffset, change, appendedAt);
    });
    const sizeBefore = end.sizeBefore + bytes.byteLength;
    this.#extent.appended({ nextOffset, appendedAt, maxTimestamp, lastCrc, sizeBefore });
    this.#producers.commit(change, snapshot);
    const held = id === null ? [range] : [...known, range];
    const answer = this.#answer({ id, held, baseOffset: firstOffset(request, held) });
    const rowsWritten = this.#store.rowsWritten - rowsBefore;
    return { answer: { ...answer, logAppendTime, rowsWritten }, appended: { baseOffset, nextOffset, bytes } };
  }

  #refuse(code: AppendRefusal, said: string, id: ProducerId | null): Appended {
    return { answer: this.#answer({ id, held: [], baseOffset: null, error: { code, said } }), appended: null };
  }

  #held(id: ProducerId | null, held: readonly HeldRange[], baseOffset: number | null): Appended {
    return { answer: this.#answer({ id, held, baseOffset }), appended: null };
  }

  #answer(said: {
    readonly id: ProducerId | null;
    readonly held: readonly HeldRange[];
    readonly baseOffset: number | null;
    readonly error?: AppendAnswer["error"];
  }): AppendAnswer {
    const { id, held, baseOffset, error = null } = said;
    const proof = id === null ? { nextSequence: null, chain: NO_CHAIN } : this.proof(id);
    return { ...this.#extent.bounds(), ...proof, error, held, baseOffset, logAppendTime: null, rowsWritten: 0 };
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
      const { nextOffset } = this.#extent.end;
      const snapshot = this.#store.transaction(() => this.#producers.writeSnapshotOf(id, after, nextOffset));
      this.#producers.commitVoid(snapshot);
    }
    return { ...this.proof(id), leaderEpoch: this.#extent.leaderEpoch, batches: verdict.batches };
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

/** What a partition keeps of one producer, and what it keeps after one more run. Pure. */
import type { HeldRange } from "../../shared/api/produce.ts";
import type { Chain, ProducerId } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { isDeviceProducer, isRequestProducer } from "../../shared/producer-identity.ts";
import { afterKafkaAppend, type KafkaProducerState } from "./kafka-append.ts";
import type { ProducerRun } from "./log-rows.ts";
import type { ProducerPosition } from "./producer-append.ts";

export interface DeviceProducerState extends ProducerPosition {
  /** The last few runs and where they stand; the newest last. */
  readonly recent: readonly HeldRange[];
  /** What was given up: sequences without offsets, in order. */
  readonly voids: readonly (readonly [sequence: number, count: number, crc: number])[];
}

export type ProducerState = DeviceProducerState | KafkaProducerState;

export function afterDeviceRun(
  before: DeviceProducerState | undefined,
  next: ProducerPosition,
  range: HeldRange,
): DeviceProducerState {
  const recent = [...(before?.recent ?? []), range].slice(-LIMITS.recentRunsPerProducerMax);
  return { nextSequence: next.nextSequence, chain: next.chain, recent, voids: before?.voids ?? [] };
}

/** What is known of it is a chain: of a device, or of a request that is one run long. */
export function hasChain(id: ProducerId): boolean {
  return isDeviceProducer(id) || isRequestProducer(id);
}

/** After a run that a row of the log stands for. */
export function stateAfterRun(before: ProducerState | undefined, run: ProducerRun): ProducerState {
  const { firstSequence: sequence, nextSequence, baseOffset, lastOffset } = run;
  const count = lastOffset - baseOffset + 1;
  if (hasChain(run.id)) {
    const device = before !== undefined && "chain" in before ? before : undefined;
    const next = { nextSequence, chain: (run.chainAfter ?? 0) as Chain };
    return afterDeviceRun(device, next, { sequence, count, baseOffset });
  }
  const kafka = before !== undefined && "epoch" in before ? before : undefined;
  // Sequences of Kafka's producers wrap, so their rows hold the last one and not the next.
  const batch = { firstSequence: sequence, lastSequence: nextSequence, baseOffset };
  return afterKafkaAppend(kafka, { epoch: run.epoch, firstSequence: sequence, count }, batch);
}

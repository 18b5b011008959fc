/**
 * Kafka's rules for Kafka's own producers (`ProducerStateManager`, `ProducerAppendInfo`), as a pure function. They
 * differ from the device's (`producer-append.ts`) because such a producer does not outlive its process.
 */
import { LIMITS } from "../../shared/limits.ts";

export interface KafkaBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

export interface KafkaProducerState {
  readonly epoch: number;
  /** The newest last; at most five. */
  readonly recent: readonly KafkaBatch[];
}

export interface KafkaAppend {
  readonly epoch: number;
  readonly firstSequence: number;
  readonly count: number;
}

export type KafkaVerdict =
  | { readonly kind: "append"; readonly lastSequence: number }
  | { readonly kind: "duplicate"; readonly baseOffset: number }
  | { readonly kind: "refuse"; readonly code: "INVALID_PRODUCER_EPOCH" | "OUT_OF_ORDER_SEQUENCE_NUMBER" };

const SEQUENCES = 2 ** 31;

export function decideKafkaAppend(state: KafkaProducerState | undefined, append: KafkaAppend): KafkaVerdict {
  const lastSequence = (append.firstSequence + append.count - 1) % SEQUENCES;
  if (state === undefined) return { kind: "append", lastSequence };
  const same = state.recent.find(
    (one) => one.firstSequence === append.firstSequence && one.lastSequence === lastSequence,
  );
  if (same !== undefined && append.epoch === state.epoch) return { kind: "duplicate", baseOffset: same.baseOffset };
  if (append.epoch < state.epoch) return { kind: "refuse", code: "INVALID_PRODUCER_EPOCH" };
  const last = state.recent.at(-1);
  const expected =
    append.epoch > state.epoch ? 0 : last === undefined ? append.firstSequence : (last.lastSequence + 1) % SEQUENCES;
  if (append.firstSequence !== expected) return { kind: "refuse", code: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
  return { kind: "append", lastSequence };
}

export function afterKafkaAppend(
  state: KafkaProducerState | undefined,
  append: KafkaAppend,
  batch: KafkaBatch,
): KafkaProducerState {
  const kept = state === undefined || append.epoch > state.epoch ? [] : state.recent;
  return { epoch: append.epoch, recent: [...kept, batch].slice(-LIMITS.recentRunsPerProducerMax) };
}

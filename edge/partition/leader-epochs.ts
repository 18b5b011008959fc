/**
 * Rewinds, as pure functions. A log whose storage was restored from an older copy does not know it: its leader epoch
 * went back with it. Who read or wrote beyond what is there proves it, by naming an epoch that the log never had, or an
 * offset that the epoch never reached. From then on records are written under a new epoch, and everybody who saw past
 * the old end is told where it was (Kafka's rule: an epoch ends where the next one begins).
 */
import type { LeaderEpoch } from "../../shared/brands.ts";
import type { EpochStart } from "./partition-meta.ts";

export interface ReaderPosition {
  readonly leaderEpoch: LeaderEpoch;
  /** The reader holds what was below it. */
  readonly offset: number;
}

export type EpochVerdict =
  | { readonly kind: "fits" }
  /** `divergence`: up to here the reader's log and this one may agree. `proof`: the log itself went back. */
  | { readonly kind: "truncated"; readonly divergence: number; readonly proof: boolean };

const FITS: EpochVerdict = { kind: "fits" };
/** Older ones are forgotten: who still names one is told by the CRC, and by the first epoch after it. */
const EPOCHS_KEPT_MAX = 64;
/** Batches carry the counter as an int32. */
const COUNTER_MAX = 0x7fff_ffff;
/** A counter that somebody made up must not use up those that are to come. */
const COUNTER_STEP_MAX = 1_024;

export function judgePosition(
  epochs: readonly EpochStart[],
  nextOffset: number,
  { leaderEpoch, offset }: ReaderPosition,
): EpochVerdict {
  const known = epochs.findIndex((one) => same(one, leaderEpoch));
  if (known >= 0) {
    const end = epochs[known + 1]?.startOffset ?? nextOffset;
    if (offset <= end) return FITS;
    return { kind: "truncated", divergence: end, proof: known === epochs.length - 1 };
  }
  const [oldest] = epochs;
  const isForgotten = oldest !== undefined && oldest.counter > leaderEpoch.counter;
  if (isForgotten && offset <= oldest.startOffset) return FITS;
  // An epoch of another history: that one left ours before the first epoch that ours has in its place.
  const ours = epochs.find((one) => one.counter >= leaderEpoch.counter);
  const divergence = Math.min(offset, ours?.startOffset ?? nextOffset);
  return { kind: "truncated", divergence, proof: ours === undefined };
}

/** Whether a producer has heard of an epoch that this log never had, nor another one in its place. */
export function isUnheardOf(epochs: readonly EpochStart[], told: LeaderEpoch): boolean {
  return !epochs.some((one) => one.counter >= told.counter);
}

/** The epochs with a new one from `nextOffset` on. Null: there are no more. */
export function withNewEpoch(
  epochs: readonly EpochStart[],
  nextOffset: number,
  { claimed, random }: { readonly claimed: LeaderEpoch; readonly random: number },
): readonly EpochStart[] | null {
  const newest = epochs.at(-1)?.counter ?? 0;
  const counter = Math.min(Math.max(newest, claimed.counter), newest + COUNTER_STEP_MAX) + 1;
  if (counter > COUNTER_MAX) return null;
  return [...epochs, { counter, random, startOffset: nextOffset }].slice(-EPOCHS_KEPT_MAX);
}

function same(one: LeaderEpoch, other: LeaderEpoch): boolean {
  return one.counter === other.counter && one.random === other.random;
}

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
const COUNTER_MAX = 0xffff_ffff;

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
  const later = epochs.find((one) => one.counter > leaderEpoch.counter);
  // The log is older than the epoch that it is said to have had.
  if (later === undefined) return { kind: "truncated", divergence: Math.min(offset, nextOffset), proof: true };
  return offset <= later.startOffset ? FITS : { kind: "truncated", divergence: later.startOffset, proof: false };
}

/** Whether a producer has heard of an epoch that this log never had. */
export function isUnheardOf(epochs: readonly EpochStart[], told: LeaderEpoch): boolean {
  return !epochs.some((one) => same(one, told) || one.counter > told.counter);
}

/**
 * The epochs with a new one from `nextOffset` on. Null: nothing was written under the newest yet, so it serves as the
 * new one: made-up proofs cost a row each append at most.
 */
export function withNewEpoch(
  epochs: readonly EpochStart[],
  nextOffset: number,
  { claimed, random }: { readonly claimed: LeaderEpoch; readonly random: number },
): readonly EpochStart[] | null {
  const newest = epochs.at(-1);
  if (newest !== undefined && newest.counter > claimed.counter && newest.startOffset === nextOffset) return null;
  const counter = Math.max(newest?.counter ?? 0, claimed.counter) + 1;
  if (counter > COUNTER_MAX) return null;
  return [...epochs, { counter, random, startOffset: nextOffset }].slice(-EPOCHS_KEPT_MAX);
}

function same(one: LeaderEpoch, other: LeaderEpoch): boolean {
  return one.counter === other.counter && one.random === other.random;
}

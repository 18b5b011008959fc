/** One pass of compaction, in memory alone: what it knows and how far it is. */
import type { CompactionLimits } from "./compaction-limits.ts";
import type { Erasure } from "./erasures.ts";
import { OffsetMap } from "./offset-map.ts";

/** Phases follow one another in this order; `next` is the offset where the next slice goes on. */
export interface Pass {
  phase: "mapping" | "mapping tombstones" | "cleaning";
  next: number;
  /** Of the last row, when the pass began. */
  readonly tail: number;
  /** Where the dirty part begins. */
  readonly dirtyFrom: number;
  readonly startedAt: number;
  readonly map: OffsetMap;
  mapEnd: number;
  behindSealed: boolean;
  cleanBytes: number;
  tombstonesSince: number | null;
  /** Null: a pass over all keys. Else one that knows these alone, and says nothing of how clean the log is. */
  readonly erasures: readonly Erasure[] | null;
}

export interface PassParts {
  readonly startOffset: number;
  readonly nowMs: number;
  readonly limits: CompactionLimits;
}

export function newPass(dirtyFrom: number, tail: number, { nowMs, limits }: PassParts): Pass {
  return {
    phase: "mapping",
    next: dirtyFrom,
    tail,
    dirtyFrom,
    startedAt: nowMs,
    map: new OffsetMap(limits),
    mapEnd: tail,
    behindSealed: false,
    cleanBytes: 0,
    tombstonesSince: null,
    erasures: null,
  };
}

/**
 * Null: nothing is to be erased. What was ordered is not made to wait until enough is dirty. A tombstone's row is one of its
 * own and the last that is looked at, so all that is to go stands before a row that is left as it is.
 */
export function erasingPass(pending: readonly Erasure[], parts: PassParts): Pass | null {
  const map = new OffsetMap(parts.limits);
  const full = pending.findIndex(({ key, offset }) => !map.put(key, offset));
  const erasures = full < 0 ? pending : pending.slice(0, full);
  const last = erasures.at(-1);
  if (last === undefined) return null;
  const pass = newPass(last.offset, last.offset, parts);
  return { ...pass, phase: "cleaning", next: parts.startOffset, map, erasures };
}

/** What a partition keeps of one group: one row, however much of it changes. */
import type { CommittedOffset } from "../../shared/api/groups.ts";
import type { FenceEpoch } from "./group-port.ts";

/** A commit, as the lag is judged by. */
export interface LagSample {
  /** Of the edge, milliseconds since 1970. */
  readonly at: number;
  readonly offset: number;
  /** Records that were still to be handled then. */
  readonly lag: number;
}

export interface GroupRow extends FenceEpoch {
  /** Null: nobody. */
  readonly memberId: string | null;
  /** Edge time of the fence. Says since when somebody may have worked on it, and nothing else. */
  readonly fencedAt: number;
  /** Counter of the owner's last commit; -1: it has made none. */
  readonly commit: number;
  readonly committed: CommittedOffset | null;
  /** The last commits, oldest first. */
  readonly window: readonly LagSample[];
}

/** What a decision looks at besides the row. */
export interface GroupSurroundings {
  /** Of the edge's clock. What is accepted does not depend on it. */
  readonly now: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

/** Records from the offset on that the log holds. */
export function lagAt(offset: number, { logStartOffset, highWatermark }: Omit<GroupSurroundings, "now">): number {
  return Math.max(0, highWatermark - Math.max(offset, logStartOffset));
}

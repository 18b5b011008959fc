/**
 * What a partition keeps of consumer groups: who owns it in each, and how far that one has come. It decides alone whether
 * a commit counts, whatever a coordinator believes.
 */
import type { CommittedOffset, LagStatus } from "../../shared/api/groups.ts";
import type { LeaderEpoch } from "../../shared/brands.ts";
import type { Outcome } from "../outcome.ts";

/** In the order of their hand-overs: a group that was deleted and made again has a higher incarnation. */
export interface FenceEpoch {
  readonly incarnation: number;
  readonly epoch: number;
}

export interface OffsetReset {
  readonly offset: number;
  readonly metadata: string;
  /** Absent: of no log in particular. */
  readonly leaderEpoch?: LeaderEpoch | null;
}

/** Of the group's coordinator alone, before the owner hears of it. */
export interface FenceRequest extends FenceEpoch {
  readonly group: string;
  /** Null: nobody. */
  readonly memberId: string | null;
  /** Replaces the committed offset with the fence, in one step; null: forgets it. Absent: it stays. */
  readonly reset?: OffsetReset | null;
}

export interface FenceAnswer {
  /** False: the partition holds a later fence, which stays. The same one again changes nothing, and is true. */
  readonly fenced: boolean;
  readonly held: FenceEpoch;
  readonly committed: CommittedOffset | null;
}

export interface CommitRequest {
  readonly group: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  /** Of the member; one that is not greater than the last is older than what is held: it changes nothing, and is no error. */
  readonly commit: number;
  readonly offset: number;
  readonly metadata: string;
  readonly leaderEpoch: LeaderEpoch | null;
}

/** Of one group, for its lag. */
export interface GroupStanding {
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly memberId: string | null;
  readonly committed: CommittedOffset | null;
  readonly lag: number;
  readonly rate: number | null;
  readonly timeLagMs: number;
  readonly status: LagStatus;
}

export interface GroupPort {
  /** Refuses a reset beyond the log's end, of another log or with too much metadata, as it does commits: nothing is changed then. */
  fence(request: FenceRequest): Promise<Outcome<FenceAnswer>>;
  /**
   * `STALE_MEMBER_EPOCH`: the member owns it since a later epoch. `FENCED_MEMBER_EPOCH`: another one owns it.
   * `UNKNOWN_MEMBER_ID`: nobody does. `OFFSET_OUT_OF_RANGE`: beyond the log's end. `TRUNCATED`: read from a log that this
   * one is no longer, with the `divergence`. `OFFSET_METADATA_TOO_LARGE`.
   */
  commitOffset(request: CommitRequest): Promise<Outcome<CommittedOffset>>;
  /** An offset of a lower incarnation is another group's, which is no more: it counts as none. */
  groupStanding(group: string, incarnation?: number): Promise<Outcome<GroupStanding>>;
  /** Of a group that is no more, up to that incarnation. Again changes nothing. */
  forgetGroup(group: string, incarnation: number): Promise<Outcome<null>>;
}

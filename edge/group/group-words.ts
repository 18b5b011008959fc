/** What the group's machine hears and tells, beside the words of the protocol. */
import type { CommittedOffset, GroupDescription, GroupHeartbeat, GroupSubscription } from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { Assignor } from "./assignors/assignor.ts";
import type { Silence } from "./watched-time.ts";

export interface ResolvedTopic {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partitionCount: number;
}

/** The topics that a subscription means, among those its caller may read. */
export interface Resolution {
  /** Of the listing of topics: one that is lower than the member's last is ignored. */
  readonly revision: number;
  readonly topics: readonly ResolvedTopic[];
}

/** `memberId` with its MAC, on joining as well: it was checked. */
export interface ResolvedHeartbeat extends GroupHeartbeat {
  /** Null: as it was. Not on joining. */
  readonly resolved: Resolution | null;
}

/** A partition is to hold this owner from this epoch on, before that owner hears of it. */
export interface DueFence {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partition: number;
  readonly memberId: string;
  readonly incarnation: number;
  readonly epoch: number;
  /** Counted by the machine. */
  readonly push: number;
}

/** Names and ids are those of the topics that the group has met: where its offsets may be. */
export type DescribedGroup = Omit<GroupDescription, "groupId" | "protocolType">;

export interface GroupOptions {
  /** The first is the one of members that name none. */
  readonly assignors: readonly Assignor[];
  readonly membersMax?: number;
}

/** `RETENTION_OVER`: the group has been empty for so long that it is to be deleted, offsets and all. */
export type LookedAt = "STAYS" | "RETENTION_OVER";

export type FenceHeld = CommittedOffset | null;

/** Plain JSON, one row. Partitions are runs `[first, count, member, since]`, members are named by their index. */
export interface GroupSnapshot {
  readonly version: 1;
  readonly incarnation: number;
  readonly epoch: number;
  /** Milliseconds since 1970; null: it has members. */
  readonly emptySinceMs: number | null;
  readonly members: readonly SnapshotMember[];
  readonly topics: readonly SnapshotTopic[];
  /** Members thrown out of late, the last ones. */
  readonly thrownOut: readonly string[];
  /** Absent: nobody is silent, as far as is known. */
  readonly silence?: Unheard;
}

/** Members that were not heard of since an alarm woke the object, which has slept most of the time. */
export interface Unheard extends Silence {
  /** Since so long after the beginning of that silence. */
  readonly members: readonly (readonly [id: string, afterMs: number])[];
}

export interface SnapshotMember {
  readonly id: string;
  readonly instanceId: string | null;
  /** Ids of earlier lives of the instance, the last ones. */
  readonly formerIds: readonly string[];
  readonly isAway: boolean;
  readonly joinedEpoch: number;
  readonly clientId: string;
  readonly subscription: GroupSubscription;
  readonly assignor: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly revision: number;
  /** Indexes into `GroupSnapshot.topics`. */
  readonly topics: readonly number[];
}

export interface SnapshotTopic {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partitionCount: number;
  readonly target: readonly (readonly [first: number, count: number, member: number, since: number])[];
  /** Who may still work on what is another's by now. */
  readonly holders: readonly (readonly [partition: number, member: number, since: number, movedEpoch: number])[];
}

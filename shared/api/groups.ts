/**
 * Consumer groups, as KIP-848 has them: members tell by heartbeats what they own and hear what they may own; a partition
 * is handed on once its owner has let go of it, or is gone.
 *
 * `POST /v1/groups/{group}/heartbeat`: `GroupHeartbeat` -> `GroupAssignment`. Also as a frame of `GET /v1/tail`.
 * `POST /v1/groups/{group}/leave`: `LeaveGroup` -> 204.
 * `POST /v1/groups/{group}/offsets`: `CommitOffsets` -> `CommittedOffsets`, 200 also where partitions refused.
 * `GET /v1/groups/{group}/offsets?topics=`: `GroupOffsets`, of the topics that are named (all).
 * `POST /v1/groups/{group}/offsets/reset`: `ResetOffsets` -> `OffsetsReset`, while the group is empty.
 * `GET /v1/groups`: `GroupList`. `GET /v1/groups/{group}`: `GroupDescription`. `DELETE /v1/groups/{group}`: 204.
 * `GET /v1/groups/{group}/lag`: `GroupLag`.
 */
import type { LeaderEpoch, TopicId } from "../brands.ts";
import type { ErrorBody } from "../strandline-error.ts";

export interface TopicPartitions {
  readonly topicId: TopicId;
  readonly partitions: readonly number[];
}

/** Topics by name, and by patterns (JavaScript's regular expressions) that topics made later match as well. */
export interface GroupSubscription {
  readonly topics: readonly string[];
  readonly patterns: readonly { readonly source: string; readonly flags: string }[];
}

/** Of a member at the edge. Not in `limits.ts`: pages that consume need these two alone. */
export const SESSION_MS_MIN = 6_000;
export const SESSION_MS_MAX = 1_800_000;

/** Of `memberEpoch`. */
export const JOINS = 0;
export const LEAVES = -1;
/** Of a static member: its partitions stay its own until it comes back, or its session is over. */
export const LEAVES_FOR_A_WHILE = -2;

export interface GroupHeartbeat {
  /**
   * On joining a name that the member has made for this life alone, 22 characters of base64url (16 random bytes), so that
   * a join that is repeated is the same one. From then on the id that the answer gave.
   */
  readonly memberId: string;
  /** The one it was told last; or `JOINS`, `LEAVES`, `LEAVES_FOR_A_WHILE`. */
  readonly memberEpoch: number;
  /**
   * All that it still works on. Whatever it was assigned and does not name here it has let go of: of a partition that is
   * another's since, a heartbeat says so that has the epoch in which the member heard of that, or a later one.
   */
  readonly owned: readonly TopicPartitions[];
  /** What follows is said on joining; absent later: as it was. */
  readonly subscription?: GroupSubscription;
  /** Makes it a static member: `group.instance.id`. */
  readonly instanceId?: string;
  /** The id of an earlier life of the same instance, whose place it takes without waiting for that one's session. */
  readonly previousMemberId?: string;
  /** `sticky` (the default), `range`, `roundrobin`, or one that the edge was made with. */
  readonly assignor?: string;
  readonly clientId?: string;
  /** Not heard of for so long it is gone. 45,000 by default. */
  readonly sessionTimeoutMs?: number;
  /** So long it may take to let go of what it is told to. 60,000 by default. */
  readonly rebalanceTimeoutMs?: number;
}

export interface CommittedOffset {
  /** The next record to be handled. */
  readonly offset: number;
  readonly metadata: string;
  /** Of the edge, milliseconds since 1970. */
  readonly committedAt: number;
  readonly leaderEpoch: LeaderEpoch | null;
}

export interface GrantedPartition {
  readonly partition: number;
  /**
   * Of the group, when the partition was granted: nobody else can commit since. Said once: a member that did not hear it
   * does not name the partition, and is told anew. Absent: the member named it.
   */
  readonly committed?: CommittedOffset | null;
}

export interface AssignedTopic {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partitions: readonly GrantedPartition[];
}

/** Heeded only as the answer to the member's last heartbeat: one that comes late says what was so before. */
export interface GroupAssignment {
  readonly memberId: string;
  /** -1, -2: it has left. */
  readonly memberEpoch: number;
  /** When the next heartbeat is due. One that has let go of something sends one at once. */
  readonly heartbeatIntervalMs: number;
  readonly sessionTimeoutMs: number;
  /** All that it may own from now on; what it owns beside that it is to let go of. */
  readonly assignment: readonly AssignedTopic[];
}

export interface LeaveGroup {
  readonly memberId: string;
  /** A static member comes back. */
  readonly forAWhile?: boolean;
}

export interface OffsetToCommit {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly offset: number;
  readonly metadata?: string;
  readonly leaderEpoch?: LeaderEpoch | null;
}

export interface CommitOffsets {
  /** Null: of no member, while the group has none. */
  readonly memberId: string | null;
  /** One that the member had while it worked on what it commits: of a commit that is sent later as well. */
  readonly memberEpoch: number;
  /** Greater than in every commit that this member made before: of two that change places on their way the later one counts. */
  readonly commit: number;
  readonly offsets: readonly OffsetToCommit[];
}

/**
 * `STALE_MEMBER_EPOCH`: the member is behind; it may commit again once a heartbeat has told it its epoch, if the partition is
 * its own then. `FENCED_MEMBER_EPOCH`: the partition is another member's. `UNKNOWN_MEMBER_ID`: it was never this member's.
 */
export interface PartitionCommitted {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly error: ErrorBody | null;
}

export interface CommittedOffsets {
  readonly offsets: readonly PartitionCommitted[];
}

export interface GroupOffset {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  /** Null: the group has committed none. */
  readonly committed: CommittedOffset | null;
  /** The partition could not be asked. */
  readonly error: ErrorBody | null;
}

export interface GroupOffsets {
  readonly offsets: readonly GroupOffset[];
}

/** Which partitions are meant, and where they go. */
export interface ResetOffsets {
  /** Names. Absent: all topics of which the group has offsets; those that `offsets` names. */
  readonly topics?: readonly string[];
  readonly to:
    | "earliest"
    | "latest"
    /** Forward or back by so many records, within the log. */
    | { readonly shift: number }
    /** The first record of that time or later, milliseconds since 1970; the log's end where there is none. */
    | { readonly timestamp: number }
    /** Within the log: others are `OFFSET_OUT_OF_RANGE`. Null: the group's offset is forgotten. */
    | {
        readonly offsets: readonly {
          readonly topic: string;
          readonly partition: number;
          readonly offset: number | null;
        }[];
      };
  /** Nothing is changed: what would be is told. */
  readonly dryRun?: boolean;
}

export interface OffsetsReset {
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly from: number | null;
    readonly to: number | null;
    readonly error: ErrorBody | null;
  }[];
}

/** `Assigning`: partitions are still to be let go of or granted. */
export type GroupState = "Empty" | "Assigning" | "Stable";

export interface GroupListing {
  readonly groupId: string;
  readonly protocolType: "consumer";
}

export interface GroupList {
  readonly groups: readonly GroupListing[];
}

export interface GroupMemberDescription {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly memberEpoch: number;
  readonly subscription: GroupSubscription;
  /** What it was granted and has not let go of. */
  readonly assignment: readonly TopicPartitions[];
  /** What it is to have. */
  readonly target: readonly TopicPartitions[];
}

export interface GroupDescription extends GroupListing {
  readonly state: GroupState;
  readonly groupEpoch: number;
  readonly assignor: string;
  readonly members: readonly GroupMemberDescription[];
  /** Names of the topics that occur in it. */
  readonly topics: readonly { readonly topicId: TopicId; readonly topic: string }[];
}

/** As Burrow calls them. `STALLED`: offsets are committed and do not move; `STOPPED`: none are committed. */
export type LagStatus = "OK" | "WARNING" | "STALLED" | "STOPPED";

export interface PartitionLag {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly committed: number | null;
  /** Records that are still to be handled; of a group without an offset all that the log holds. */
  readonly lag: number;
  /** Records a second, as committed over the window; null: too few commits to tell. */
  readonly rate: number | null;
  /** Age of the first record that is not handled, by when the edge appended it; 0: there is none. */
  readonly timeLagMs: number;
  /** The member that owns it; null: nobody. */
  readonly memberId: string | null;
  /** Null: the partition could not be asked, which `error` tells; its numbers are 0 then. */
  readonly status: LagStatus | null;
  readonly error: ErrorBody | null;
}

export interface GroupLag {
  readonly groupId: string;
  /** Of its worst partition. Null: one could not be asked, and of those that could none is worse than `OK`. */
  readonly status: LagStatus | null;
  /** Of all partitions together; like the next one, as far as they could be asked. */
  readonly lag: number;
  /** Of the partition that is furthest behind. */
  readonly timeLagMs: number;
  readonly partitions: readonly PartitionLag[];
}

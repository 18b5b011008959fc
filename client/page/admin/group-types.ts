/** What the admin says of groups, and is asked of them. */
import type {
  GroupLag as EdgeLag,
  GroupState,
  GroupSubscription,
  PartitionLag as EdgePartitionLag,
  ResetOffsets,
} from "../../../shared/api/groups.ts";
import type { ErrorBody, StrandlineError } from "../../../shared/strandline-error.ts";
import type { OffsetLike } from "../offsets.ts";

/** Where the group is, as its consumers say it: two groups of one name, one of this device, one at the edge, know nothing of each other. */
export interface OfCoordinator {
  /** As of a consumer: `device` by default; with `strandline/http`, where there is a `url`, `edge`. */
  readonly coordinator?: "device" | "edge";
}

export interface GroupOverview {
  readonly groupId: string;
  readonly protocolType: "consumer";
}

export interface TopicOfGroup {
  readonly topic: string;
  readonly partitions: readonly number[];
}

export interface MemberDescription {
  readonly memberId: string;
  readonly clientId: string;
  /** Its `groupInstanceId`; null: it is no static member. */
  readonly groupInstanceId: string | null;
  readonly memberEpoch: number;
  readonly subscription: GroupSubscription;
  /** What it owns. */
  readonly memberAssignment: readonly TopicOfGroup[];
  /** What it is to own once all others have let go. */
  readonly targetAssignment: readonly TopicOfGroup[];
}

export interface GroupDescription extends GroupOverview {
  readonly errorCode: 0;
  /** How partitions are shared out: `sticky`. */
  readonly protocol: string;
  /** `Assigning`: partitions are still to be let go of or granted. `Dead`: there is no such group. */
  readonly state: GroupState | "Dead";
  readonly groupEpoch: number;
  readonly members: readonly MemberDescription[];
}

export interface DeletedGroup {
  readonly groupId: string;
  /** Of Kafka; 0: it is deleted. */
  readonly errorCode: number;
  readonly error?: StrandlineError;
}

/** With which `deleteGroups` rejects, where not all were deleted: the error of the first that was not, and what became of each. */
export interface DeleteGroupsError extends StrandlineError {
  readonly groups: readonly DeletedGroup[];
}

export interface GroupOffsets {
  readonly topic: string;
  /** `offset` -1: nothing was committed. `metadata` as it was committed; null: none. */
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: number;
    readonly metadata: string | null;
  }[];
}

export interface FetchOffsets extends OfCoordinator {
  readonly groupId: string;
  /** Those in which it has committed, where absent. */
  readonly topics?: readonly string[];
  /** Instead of -1 the log's end, where a consumer begins by default. */
  readonly resolveOffsets?: boolean;
}

export interface PositionInput {
  readonly partition: number;
  readonly offset: OffsetLike;
}

export interface GroupPositions extends OfCoordinator {
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: readonly PositionInput[];
}

export type OffsetsReset = OfCoordinator & {
  readonly groupId: string;
  /** Nothing is changed: what would be is told. */
  readonly dryRun?: boolean;
} & (
    | {
        readonly topic: string;
        /** To where the log begins; else to its end. */
        readonly earliest?: boolean;
        readonly to?: never;
        readonly topics?: never;
      }
    | {
        /** All in which it has offsets, where absent; those that `offsets` names. */
        readonly topics?: readonly string[];
        readonly to: ResetOffsets["to"];
        readonly topic?: never;
        readonly earliest?: never;
      }
  );

export interface ResetOffset {
  readonly topic: string;
  readonly partition: number;
  /** Null: nothing was committed. */
  readonly from: number | null;
  /** Null: nothing is from now on, or there is an error. */
  readonly to: number | null;
  /** Of this partition alone. */
  readonly error: ErrorBody | null;
}

/** With which `resetOffsets` and `setOffsets` reject, where partitions refused: the first one's error, and what became of each. */
export interface ResetOffsetsError extends StrandlineError {
  readonly offsets: readonly ResetOffset[];
}

export interface PartitionLag extends Omit<EdgePartitionLag, "topicId"> {
  /** Null: of a topic that the edge does not know. */
  readonly topicId: string | null;
}

/**
 * Of a group of this device as far as the device has heard of the log: `rate` and `memberId` are null, and so is `status`
 * where there is a lag, since it is known where the group is and not how it came there.
 */
export interface GroupLag extends Omit<EdgeLag, "partitions"> {
  readonly partitions: readonly PartitionLag[];
}

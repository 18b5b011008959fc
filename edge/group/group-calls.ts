/** What a Worker asks of the object of a consumer group. Answers are plain data; a call that rejects may have happened. */
import type { GroupAssignment, GroupDescription, GroupHeartbeat, GroupSubscription } from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { Outcome } from "../outcome.ts";
import type { OffsetReset } from "../partition/group-port.ts";

export interface GroupAddress {
  readonly namespace: string;
  readonly groupId: string;
}

/** A topic, and where its partitions are. */
export interface GroupTopic {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partitionCount: number;
  /** Of its configuration; absent: anywhere. */
  readonly jurisdiction?: string;
  readonly location?: string;
}

/** What a subscription means, by the topics that there were at that revision, for a member that may read them. */
export interface Resolution {
  readonly revision: number;
  readonly topics: readonly GroupTopic[];
}

/** The revision of no listing of topics: what the subscription means stays as it was. */
export const NO_LISTING = -1;

export interface HeartbeatCall {
  /** With the member's whole id, which is proven to be its own; and so is that of an earlier life. */
  readonly heartbeat: GroupHeartbeat;
  /** Of the listing of topics and of the rules by which they may be read, as the Worker has them. */
  readonly revision: number;
  /** Of the subscription; null: the Worker was not told it, or has not been asked. */
  readonly resolution: Resolution | null;
}

/** `resolve`: topics have changed since this was resolved; the call is to be made again with what it means now. */
export type HeartbeatTold =
  | { readonly assignment: GroupAssignment; readonly resolve: null }
  | { readonly assignment: null; readonly resolve: GroupSubscription };

export interface HeldOffsets {
  /** Null: there is no such group. */
  readonly incarnation: number | null;
  /** Partitions of which the group may have offsets. */
  readonly topics: readonly (GroupTopic & { readonly partitions: readonly number[] })[];
  readonly isEmpty: boolean;
}

export interface OffsetChange {
  readonly topic: GroupTopic;
  readonly partition: number;
  /** Null: it is forgotten. */
  readonly to: OffsetReset | null;
}

export interface GroupCalls {
  /** Also of a member that leaves. Of a join that makes the group also `POLICY_VIOLATION`. */
  heartbeat(address: GroupAddress, call: HeartbeatCall): Promise<Outcome<HeartbeatTold>>;
  describe(address: GroupAddress): Promise<Outcome<GroupDescription>>;
  heldOffsets(address: GroupAddress): Promise<Outcome<HeldOffsets>>;
  /** While the group is empty: `NON_EMPTY_GROUP`. One outcome for each. Makes the group where there is none. */
  changeOffsets(address: GroupAddress, changes: readonly OffsetChange[]): Promise<Outcome<readonly Outcome<null>[]>>;
  remove(address: GroupAddress): Promise<Outcome<null>>;
}

/** How the partitions of a group's topics are shared among its members. Pure: the same question has the same answer. */
import type { TopicId } from "../../../shared/brands.ts";

export interface AssignorMember {
  readonly memberId: string;
  /** Static: it stays the same over its lives. */
  readonly instanceId: string | null;
  /** Those it subscribes to, and may read. Members with equal ones may share the set, which is quicker. */
  readonly topics: ReadonlySet<TopicId>;
}

export interface AssignorTopic {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partitionCount: number;
  /** By partition: who has it, among those of `members`; null: nobody, or one that is gone. */
  readonly owners: readonly (string | null)[];
}

export interface AssignorInput {
  /** By their ids. */
  readonly members: readonly AssignorMember[];
  /** By their names. */
  readonly topics: readonly AssignorTopic[];
}

/** By topic and partition: the member that is to have it; null: no member subscribes to the topic. */
export type Target = ReadonlyMap<TopicId, readonly (string | null)[]>;

export interface Assignor {
  /** As members ask for it. */
  readonly name: string;
  assign(input: AssignorInput): Target;
}

/** Static members by their instances, so that another life of one stands where it stood. */
export function inOrder(members: readonly AssignorMember[]): readonly AssignorMember[] {
  const key = ({ instanceId, memberId }: AssignorMember): string =>
    instanceId === null ? `1${memberId}` : `0${instanceId}`;
  return members.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function subscribersOf(topicId: TopicId, members: readonly AssignorMember[]): readonly AssignorMember[] {
  return members.filter((member) => member.topics.has(topicId));
}

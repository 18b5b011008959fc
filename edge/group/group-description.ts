/** The group as others see it. */
import type { AssignedTopic, GroupState as GroupStateName, TopicPartitions } from "../../shared/api/groups.ts";
import type { Member } from "./group-member.ts";
import type { GroupTopic, Slot } from "./group-slots.ts";
import type { GroupState } from "./group-snapshot.ts";
import type { DescribedGroup } from "./group-words.ts";

export function describeGroup(state: GroupState, assignor: string): DescribedGroup {
  const topics = [...state.topics.values()];
  const members = [...state.members.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {
    state: stateOf(members, topics),
    groupEpoch: state.epoch,
    assignor,
    members: members.map((member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      clientId: member.settings.clientId,
      memberEpoch: Math.max(member.epoch, member.joinedEpoch),
      subscription: member.settings.subscription,
      assignment: partitionsOf([...[...member.targets].filter((slot) => slot.mayOwn), ...member.holds]),
      target: partitionsOf(member.targets),
    })),
    topics: topics.map(({ topicId, topic }) => ({ topicId, topic })),
  };
}

function stateOf(members: readonly Member[], topics: readonly GroupTopic[]): GroupStateName {
  if (members.length === 0) return "Empty";
  return topics.some(({ slots }) => slots.some((slot) => slot.isOpen && slot.target?.isAway !== true))
    ? "Assigning"
    : "Stable";
}

function partitionsOf(slots: Iterable<Slot>): readonly TopicPartitions[] {
  return grouped(slots).map(([{ topicId }, own]) => ({
    topicId,
    partitions: [...new Set(own.map((slot) => slot.partition))],
  }));
}

/** What the member may own from now on, and hears so. */
export function tellTargets({ targets }: Member): readonly AssignedTopic[] {
  const its = [...targets].filter((slot) => slot.isNamed || (slot.phase === "held" && slot.holders.length === 0));
  return grouped(its).map(([{ topicId, topic }, own]) => ({
    topicId,
    topic,
    partitions: own.map((slot) => {
      if (slot.isNamed) return { partition: slot.partition };
      slot.phase = "told";
      slot.mayOwn = true;
      return { partition: slot.partition, committed: slot.committed };
    }),
  }));
}

/** By topic, in order. */
function grouped(slots: Iterable<Slot>): readonly (readonly [GroupTopic, readonly Slot[]])[] {
  const byTopic = new Map<GroupTopic, Slot[]>();
  for (const slot of slots) {
    const own = byTopic.get(slot.of);
    if (own === undefined) byTopic.set(slot.of, [slot]);
    else own.push(slot);
  }
  return [...byTopic].map(([topic, own]) => [topic, own.toSorted((a, b) => a.partition - b.partition)] as const);
}

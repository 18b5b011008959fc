/** Asks the assignor whom each partition is to go to, and holds it to what an assignor may answer. */
import type { TopicId } from "../../shared/brands.ts";
import type { Assignor, AssignorTopic, Target } from "./assignors/assignor.ts";
import type { Member } from "./group-member.ts";
import type { GroupTopic, Slot } from "./group-slots.ts";
import type { ResolvedTopic } from "./group-words.ts";

/** The one that most members ask for; of equally many the first that the edge has. */
export function votedAssignor(members: ReadonlyMap<string, Member>, assignors: readonly Assignor[]): Assignor | null {
  const votes = (assignor: Assignor): number =>
    [...members.values()].filter((member) => member.settings.assignor === assignor.name).length;
  const [first] = assignors.toSorted((a, b) => votes(b) - votes(a));
  return first ?? null;
}

/** Partitions whose target is to be another. A member that does not subscribe to the topic gets nothing of it. */
export function movesTo(
  assignor: Assignor,
  members: ReadonlyMap<string, Member>,
  topics: Iterable<GroupTopic>,
): readonly (readonly [Slot, Member | null])[] {
  const sets = new Map<string, ReadonlySet<TopicId>>();
  for (const member of members.values()) {
    const key = keyOf(member.topics);
    member.topics = sets.get(key) ?? member.topics;
    sets.set(key, member.topics);
  }
  const ordered = [...topics].toSorted((a, b) => (`${a.topic} ${a.topicId}` < `${b.topic} ${b.topicId}` ? -1 : 1));
  const target: Target = assignor.assign({
    members: [...members.values()]
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, instanceId, topics: own }) => ({ memberId: id, instanceId, topics: own })),
    topics: ordered.map(asAssignorTopic),
  });
  return ordered.flatMap(({ topicId, slots }) =>
    slots.flatMap((slot): readonly (readonly [Slot, Member | null])[] => {
      const named = members.get(target.get(topicId)?.[slot.partition] ?? "");
      const next = named?.topics.has(topicId) === true ? named : null;
      return next === slot.target ? [] : [[slot, next]];
    }),
  );
}

const keys = new WeakMap<ReadonlySet<TopicId>, string>();

function keyOf(topics: ReadonlySet<TopicId>): string {
  const key = keys.get(topics) ?? [...topics].toSorted().join();
  keys.set(topics, key);
  return key;
}

function asAssignorTopic({ topicId, topic, slots }: GroupTopic): AssignorTopic {
  return { topicId, topic, partitionCount: slots.length, owners: slots.map((slot) => slot.target?.id ?? null) };
}

export function asResolved({ topicId, topic, slots }: GroupTopic): ResolvedTopic {
  return { topicId, topic, partitionCount: slots.length };
}

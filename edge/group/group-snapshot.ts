/** What is kept of a group: enough that after an eviction nothing is told that was not so before. */
import type { TopicId } from "../../shared/brands.ts";
import { newMember, type Member } from "./group-member.ts";
import { Slot, type GroupTopic } from "./group-slots.ts";
import type { GroupSnapshot, SnapshotMember, SnapshotTopic, Unheard } from "./group-words.ts";

export interface GroupState {
  incarnation: number;
  epoch: number;
  emptySinceMs: number | null;
  members: Map<string, Member>;
  topics: Map<TopicId, GroupTopic>;
  thrownOut: readonly string[];
  /** Null: nobody is known to be silent but by the watched time. */
  unheard: Unheard | null;
  /** It is another than the last snapshot. */
  changed: boolean;
  /**
   * It came back from an eviction in the midst of a hand-over, and may again: who lets go is written then, or an object
   * that is evicted often enough would never see it to its end.
   */
  writesReleases: boolean;
}

export function takeSnapshot(state: GroupState): GroupSnapshot {
  const members = [...state.members.values()];
  const topics = [...state.topics.values()];
  const memberIndex = new Map(members.map((member, index) => [member, index]));
  const topicIndex = new Map(topics.map((topic, index) => [topic.topicId, index]));
  return {
    version: 1,
    incarnation: state.incarnation,
    epoch: state.epoch,
    emptySinceMs: state.emptySinceMs,
    members: members.map((member) => snapshotOfMember(member, topicIndex)),
    topics: topics.map((topic) => snapshotOfTopic(topic, memberIndex)),
    thrownOut: state.thrownOut,
    ...(state.unheard === null ? {} : { silence: state.unheard }),
  };
}

function snapshotOfMember(member: Member, topicIndex: ReadonlyMap<TopicId, number>): SnapshotMember {
  const { id, instanceId, formerIds, isAway, joinedEpoch, settings, revision, topics } = member;
  const indexes = [...topics].map((topicId) => topicIndex.get(topicId) ?? -1);
  return { id, instanceId, formerIds, isAway, joinedEpoch, ...settings, revision, topics: indexes };
}

function snapshotOfTopic({ topicId, topic, slots }: GroupTopic, index: ReadonlyMap<Member, number>): SnapshotTopic {
  const target: [number, number, number, number][] = [];
  const holders: [number, number, number, number][] = [];
  for (const slot of slots) {
    for (const { member, since, movedEpoch } of slot.holders)
      holders.push([slot.partition, index.get(member) ?? -1, since, movedEpoch]);
    if (slot.target === null) continue;
    const member = index.get(slot.target) ?? -1;
    const run = target.at(-1);
    if (run !== undefined && run[0] + run[1] === slot.partition && run[2] === member && run[3] === slot.since)
      run[1] += 1;
    else target.push([slot.partition, 1, member, slot.since]);
  }
  return { topicId, topic, partitionCount: slots.length, target, holders };
}

/** Whoever is the target may have been told so since: it is learnt again from what it names. */
export function fromSnapshot(snapshot: GroupSnapshot): GroupState {
  const topics = snapshot.topics.map(({ topicId, topic, partitionCount }) => {
    const made: GroupTopic = { topicId, topic, slots: [] };
    for (let partition = 0; partition < partitionCount; partition += 1) made.slots.push(new Slot(made, partition));
    return made;
  });
  const members = snapshot.members.map((kept) => memberOf(kept, snapshot));
  for (const [index, { target, holders }] of snapshot.topics.entries()) {
    const slots = topics[index]?.slots ?? [];
    for (const [first, count, member, since] of target)
      for (const slot of slots.slice(first, first + count)) restoreTarget(slot, members[member], since);
    for (const [partition, member, since, movedEpoch] of holders)
      restoreHolder(slots[partition], members[member], { since, movedEpoch });
  }
  const unheard = snapshot.silence ?? null;
  const seen = new Map(unheard?.members);
  for (const member of members) member.seenMs = seen.get(member.id) ?? 0;
  return {
    incarnation: snapshot.incarnation,
    epoch: snapshot.epoch,
    emptySinceMs: snapshot.emptySinceMs,
    members: new Map(members.map((member) => [member.id, member])),
    topics: new Map(topics.map((topic) => [topic.topicId, topic])),
    thrownOut: snapshot.thrownOut,
    unheard,
    changed: false,
    writesReleases: snapshot.topics.some(({ holders }) => holders.length > 0),
  };
}

function memberOf(kept: SnapshotMember, snapshot: GroupSnapshot): Member {
  const { id, instanceId, formerIds, isAway, joinedEpoch, revision, topics, ...settings } = kept;
  const ids = topics.flatMap((index) => snapshot.topics[index]?.topicId ?? []);
  const member = newMember({
    id,
    instanceId,
    formerIds,
    isAway,
    joinedEpoch,
    settings,
    revision,
    topics: new Set(ids),
  });
  member.toldEpoch = snapshot.epoch;
  return member;
}

function restoreTarget(slot: Slot, member: Member | undefined, since: number): void {
  if (member === undefined) return;
  slot.moveTo(member, since);
  if (member.isAway) return;
  slot.mayOwn = true;
  slot.phase = "told";
}

function restoreHolder(
  slot: Slot | undefined,
  member: Member | undefined,
  { since, movedEpoch }: { readonly since: number; readonly movedEpoch: number },
): void {
  if (slot === undefined || member === undefined) return;
  slot.holders = [...slot.holders, { member, since, movedEpoch, wasNamed: false, askedMs: null }];
  member.holds.add(slot);
}

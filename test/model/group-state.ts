/** All that is in the model at one moment, as JSON: what the group's machine has in memory too. */
import type { Cell } from "./group-cell.ts";
import { newMember } from "../../edge/group/group-member.ts";
import { Slot, type GroupTopic } from "../../edge/group/group-slots.ts";
import type { GroupState } from "../../edge/group/group-snapshot.ts";
import type { GroupSnapshot } from "../../edge/group/group-words.ts";
import type { CommittedOffset } from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";

export const TOPIC = "t" as TopicId;

interface KeptMember {
  readonly id: string;
  readonly joinedEpoch: number;
  readonly topics: readonly TopicId[];
  readonly epoch: number;
  readonly toldEpoch: number;
}

type KeptHolder = readonly [id: string, since: number, movedEpoch: number, wasNamed: boolean];

interface KeptSlot extends Pick<Slot, "since" | "phase" | "mayOwn" | "isNamed"> {
  readonly target: string | null;
  readonly committed: number | null;
  readonly holders: readonly KeptHolder[];
}

/** The group object's memory. */
export interface Memory {
  readonly epoch: number;
  readonly members: readonly KeptMember[];
  readonly slots: readonly KeptSlot[];
  /** Of topics without partitions, that are there to make the assignor look again. */
  readonly others: readonly TopicId[];
  readonly writesReleases: boolean;
}

export interface ModelMember {
  /** Each life has a name of its own. */
  life: number;
  epoch: number;
  owns: "no" | "own" | "leaving";
  pos: number;
  /** Up to where it sent commits. */
  sent: number;
  commit: number;
}

export interface ModelState {
  group: Memory;
  /** What was written: a place on the shelf. */
  durable: number;
  cell: Cell;
  members: ModelMember[];
  /** Who is to have the partition. */
  preferred: number;
  net: string[];
  budget: {
    moves: number;
    expiries: number;
    crashes: number;
    evictions: number;
    losses: number;
    doubles: number;
    drops: number;
  };
  /** What happened, by which it is judged. */
  told: Record<string, string>;
  owner: string | null;
  processed: number;
}

const shelf: GroupSnapshot[] = [];
const places = new Map<string, number>();

/** Equal snapshots have one place, which makes a state short. */
export function shelve(snapshot: GroupSnapshot): number {
  const text = JSON.stringify(snapshot);
  const place = places.get(text) ?? shelf.push(snapshot) - 1;
  places.set(text, place);
  return place;
}

export function onShelf(place: number): GroupSnapshot {
  return shelf[place]!;
}

export function keep(state: GroupState): Memory {
  const topics = [...state.topics.values()];
  return {
    epoch: state.epoch,
    writesReleases: state.writesReleases,
    members: [...state.members.values()].map(({ id, joinedEpoch, topics: own, epoch, toldEpoch }) => ({
      id,
      joinedEpoch,
      topics: [...own],
      epoch,
      toldEpoch,
    })),
    slots: topics.flatMap(({ slots }) => slots.map(keepSlot)),
    others: topics.filter(({ slots }) => slots.length === 0).map(({ topicId }) => topicId),
  };
}

function keepSlot({ target, committed, holders, since, phase, mayOwn, isNamed }: Slot): KeptSlot {
  return {
    target: target?.id ?? null,
    committed: phase === "held" ? (committed?.offset ?? null) : null,
    since,
    phase,
    mayOwn,
    isNamed,
    holders: holders.map(({ member, since: of, movedEpoch, wasNamed }) => [member.id, of, movedEpoch, wasNamed]),
  };
}

export function bringBack(memory: Memory): GroupState {
  const members = new Map(
    memory.members.map(({ id, joinedEpoch, topics, epoch, toldEpoch }) => {
      const member = newMember({
        id,
        instanceId: null,
        formerIds: [],
        joinedEpoch,
        settings: {
          subscription: { topics: [], patterns: [] },
          assignor: "preferred",
          clientId: "",
          sessionTimeoutMs: 45_000,
          rebalanceTimeoutMs: 60_000,
        },
        revision: 1,
        topics: new Set(topics),
        isAway: false,
      });
      return [id, Object.assign(member, { epoch, toldEpoch })];
    }),
  );
  const topic: GroupTopic = { topicId: TOPIC, topic: TOPIC, slots: [] };
  for (const [partition, kept] of memory.slots.entries()) {
    const slot = new Slot(topic, partition);
    topic.slots.push(slot);
    const { since, phase, mayOwn, isNamed, committed } = kept;
    slot.target = members.get(kept.target ?? "") ?? null;
    slot.target?.targets.add(slot);
    Object.assign(slot, {
      since,
      phase,
      mayOwn,
      isNamed,
      committed: committed === null ? null : committedAt(committed),
    });
    slot.holders = kept.holders.flatMap(([id, of, movedEpoch, wasNamed]) => {
      const member = members.get(id);
      member?.holds.add(slot);
      return member === undefined ? [] : [{ member, since: of, movedEpoch, wasNamed, askedMs: null }];
    });
  }
  const others = memory.others.map((topicId) => ({ topicId, topic: topicId, slots: [] }));
  return {
    incarnation: 1,
    epoch: memory.epoch,
    emptySinceMs: members.size === 0 ? 0 : null,
    members,
    topics: new Map([topic, ...others].map((each) => [each.topicId, each])),
    thrownOut: [],
    unheard: null,
    changed: false,
    writesReleases: memory.writesReleases,
  };
}

export function committedAt(offset: number): CommittedOffset {
  return { offset, metadata: "", committedAt: 0, leaderEpoch: null };
}

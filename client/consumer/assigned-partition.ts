import type { LocalSequence, Offset } from "../../shared/brands.ts";
import type { ConsumerNews, OwnIdentity, SeekPosition } from "../calls/consumer-calls.ts";
import type { GroupStart, Ownership } from "../group/group-membership.ts";
import type { PartitionRef } from "../log/device-log.ts";
import type { PartitionRow } from "../log/rows.ts";
import type { RecordSource } from "./record-source.ts";

/** Where a partition begins, until the offset is known. */
export type StartAt = { readonly at: "group" | "latest" | "earliest" } | { readonly timestamp: number };

export interface TimeLookup {
  readonly seeks: number;
  /** Where the log ended before it was asked: what was appended since is not passed by. */
  readonly end: Offset;
  /** Null: not here yet. */
  answer: { readonly offset: Offset | null } | { readonly error: unknown } | null;
}

/** A partition that a session reads. */
export interface AssignedPartition {
  readonly topic: string;
  /** Partition -1: the topic's are not known yet, its own pending records are. */
  readonly ref: PartitionRef;
  readonly source: RecordSource;
  /** Null: not this session's, or of no group. */
  ownership: Ownership | null;
  /** `joins` when the ownership began: its number. */
  ownedAs: number;
  /** The next offset to hand out. Null: not decided, since what `start` asks for is not known yet. */
  position: Offset | null;
  /** What is read below it was handled: it is read for the chunks among it. Null: nothing. */
  handledTo: Offset | null;
  start: StartAt;
  /** The group has no offset and begins at the log's end: where that was is told once it is known. */
  startsGroup: boolean;
  /** The topic has grown by it under the session's eyes: all of it came since. */
  grown: boolean;
  /** The offset for a time is under way; of the seek that asked for it. */
  lookup: TimeLookup | null;
  /** The position was reached by reading: only a truncation can put it beyond the log's end. */
  reached: boolean;
  /** The log was cut here; the replica will begin anew from there. */
  cutTo: Offset | null;
  /** The next of the device's own pending records. Null: not decided, or not asked for. */
  localSequence: LocalSequence | null;
  readonly identities: Map<string, number>;
  /** The group's committed offset as this session knows it. Null: none. Undefined: to be read. */
  committed: Offset | null | undefined;
  /** As it was when `committed` was read. */
  groupStart: GroupStart | null;
  /** Another number whenever `committed` is to be read again; no two partitions of a session have the same. */
  joins: number;
  /** Goes up with every seek, so that a read under way when it came is dropped. */
  seeks: number;
  /** False: the last read reached the end, and no news came since. */
  mayHaveMore: boolean;
}

export function newPartition(topic: string, ref: PartitionRef, source: RecordSource): AssignedPartition {
  return {
    topic,
    ref,
    source,
    ownership: null,
    ownedAs: 0,
    position: null,
    handledTo: null,
    start: { at: "group" },
    startsGroup: false,
    grown: false,
    lookup: null,
    reached: false,
    cutTo: null,
    localSequence: null,
    identities: new Map(),
    committed: undefined,
    groupStart: null,
    joins: 0,
    seeks: 0,
    mayHaveMore: true,
  };
}

export function seekTo(assigned: AssignedPartition, to: SeekPosition): void {
  assigned.seeks += 1;
  assigned.mayHaveMore = true;
  if ("localSequence" in to) {
    assigned.localSequence = to.localSequence as LocalSequence;
    return;
  }
  assigned.startsGroup = false;
  assigned.reached = false;
  assigned.handledTo = "offset" in to && to.readFrom !== undefined ? (to.offset as Offset) : null;
  assigned.position = "offset" in to ? ((to.readFrom ?? to.offset) as Offset) : null;
  if ("at" in to) assigned.start = { at: to.at };
  else if ("timestamp" in to) assigned.start = { timestamp: to.timestamp };
}

/** On at the group's committed offset. */
export function rejoin(assigned: AssignedPartition, joins: number): void {
  assigned.seeks += 1;
  assigned.joins = joins;
  assigned.committed = undefined;
  assigned.position = null;
  assigned.handledTo = null;
  assigned.start = { at: "group" };
  assigned.startsGroup = false;
  assigned.reached = false;
  assigned.mayHaveMore = true;
}

/** What was read for the one before is not for this one; what is pending goes on where it was. */
export function changeOwner(assigned: AssignedPartition, ownership: Ownership | null, joins: number): void {
  rejoin(assigned, joins);
  assigned.ownership = ownership;
  assigned.ownedAs = joins;
  assigned.cutTo = null;
}

/** Where the log was cut: what was read above is no more, other records will stand there. Answers what is to be told. */
export function cut(assigned: AssignedPartition): ConsumerNews[] {
  const { topic, ref, position: from, cutTo: to } = assigned;
  if (to === null) return [];
  assigned.cutTo = null;
  if (assigned.handledTo !== null && assigned.handledTo > to) assigned.handledTo = to;
  if (from === null || from <= to) return [];
  assigned.position = to;
  assigned.seeks += 1;
  return [{ type: "reset", topic, partition: ref.partition, from, to, reason: "truncated" }];
}

/** To be told what was committed; unless the partition was joined anew meanwhile: then it is being read. */
export function noting(assigned: AssignedPartition): (offset: Offset | null) => void {
  const { joins } = assigned;
  return (offset) => {
    if (assigned.joins === joins) assigned.committed = offset;
  };
}

/** An identity is kept once it was seen: what was sent under it may be read much later. */
export function noteIdentity({ identities }: AssignedPartition, row: PartitionRow | undefined): void {
  const identity = row?.identity;
  if (identity !== null && identity !== undefined) identities.set(identity.producerId, identity.sequenceBase);
}

export function identitiesOf({ identities }: AssignedPartition): OwnIdentity[] {
  return [...identities].map(([producerId, sequenceBase]) => ({ producerId, sequenceBase }));
}

/** No topic's name has a slash: partition -1 of `a` is not partition 1 of `a-`. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

export function isPaused(paused: ReadonlySet<string>, { topic, ref }: AssignedPartition): boolean {
  return paused.size > 0 && (paused.has(pauseName(topic, null)) || paused.has(pauseName(topic, ref.partition)));
}

/** No topic's name has a slash: `orders-3` may be a topic, or a partition of another. */
export function pauseName(topic: string, partition: number | null): string {
  return partition === null ? topic : `${topic}/${partition}`;
}

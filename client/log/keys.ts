/** The keys of each store and the ranges that are read (`idb-schema.ts` documents them). */
import type { LocalSequence, Offset, Partition, TopicKey } from "../../shared/brands.ts";
import type { PartitionRef } from "./device-log.ts";
import type { Key, KeyRange } from "./store.ts";

export const DEVICE_KEY = "device";

/** Arrays come after all numbers and strings. */
export const ALL_TOPICS: KeyRange = { from: 0, to: Number.MAX_SAFE_INTEGER };
export const ALL_OF_ALL_TOPICS: KeyRange = { from: [0], to: [Number.MAX_SAFE_INTEGER] };

export function partitionKey({ topicKey, partition }: PartitionRef): Key {
  return [topicKey, partition];
}

/** In `pending`, `log` and `deadLetters`: the entry that begins at `first`. */
export function entryKey({ topicKey, partition }: PartitionRef, first: LocalSequence | Offset): Key {
  return [topicKey, partition, first];
}

/** What begins at `from` or above. */
export function entriesFrom({ topicKey, partition }: PartitionRef, from: number): KeyRange {
  return { from: [topicKey, partition, from], to: [topicKey, partition + 1] };
}

/** What begins at `from` or above and below `to`. */
export function entriesBetween({ topicKey, partition }: PartitionRef, from: number, to: number): KeyRange {
  return { from: [topicKey, partition, from], to: [topicKey, partition, to] };
}

/** Of the record that waited as number `waiting`: the map that begins at or below it is its own. */
export function movedKey(topicKey: TopicKey, waiting: LocalSequence): Key {
  return ["moved", topicKey, waiting];
}

export function movedUpTo(topicKey: TopicKey, waiting: LocalSequence): KeyRange {
  return { from: ["moved", topicKey], to: ["moved", topicKey, waiting + 1] };
}

/** When the topic was last read on this device, to some minutes. */
export function readAtKey(topicKey: TopicKey): Key {
  return ["read", topicKey];
}

export const ALL_READ_AT: KeyRange = { from: ["read"], to: ["read", Number.MAX_SAFE_INTEGER] };
/** Of a dead letter that is no more. */
export function buriedKey({ topicKey, partition }: PartitionRef, first: LocalSequence): Key {
  return ["dead", topicKey, partition, first];
}

export function buriedUpTo({ topicKey, partition }: PartitionRef, localSequence: LocalSequence): KeyRange {
  return { from: ["dead", topicKey, partition], to: ["dead", topicKey, partition, localSequence + 1] };
}

export function buriedFirstOf(key: Key): number {
  return (key as readonly (string | number)[])[3] as number;
}

export function offsetKey(group: string, { topicKey, partition }: PartitionRef): Key {
  return [group, topicKey, partition];
}

/** In `offsets`; no group's name is empty. */
export function turnKey(group: string, { topicKey, partition }: PartitionRef): Key {
  return ["", group, topicKey, partition];
}

/** Of a group's offset of the topic, or of a turn in it. */
export function isOfTopic(key: Key, topicKey: TopicKey): boolean {
  const [group, second, third] = key as readonly (string | number)[];
  return (group === "" ? third : second) === topicKey;
}

/** In `meta`: of one life of a member of a group at the edge. */
export function keptCommitsKey(group: string, name: string): Key {
  return ["kept", group, name];
}

export function keptCommitsOf(group: string): KeyRange {
  return { from: ["kept", group], to: ["kept", group, "\uffff"] };
}

export function keptNameOf(key: Key): string {
  return String((key as readonly unknown[])[2]);
}

/** In `meta`: of a static member of a group at the edge. */
export function instanceKey(group: string, instanceId: string): Key {
  return ["instance", group, instanceId];
}

/** Offsets of groups, not their turns. U+FFFF is no character: no group's name begins with it. */
export const ALL_GROUPS: KeyRange = { from: ["\u0000"], to: ["\uffff"] };

export function offsetsOfGroup(group: string): KeyRange {
  return { from: [group], to: [group, Number.MAX_SAFE_INTEGER] };
}

/** Of a key in `offsets`. */
export function placeOf(key: Key): PartitionRef {
  const [, topicKey, partition] = key as readonly unknown[];
  return { topicKey: topicKey as TopicKey, partition: partition as Partition };
}

export function groupOf(key: Key): string {
  return String((key as readonly unknown[])[0]);
}

/** A key of one part and that part alone are the same key. */
export function stateKey(group: string, key: string | number | readonly (string | number)[]): Key {
  return [group, ...(typeof key === "object" ? key : [key])];
}

export function tableKey(topicKey: TopicKey): Key {
  return [topicKey];
}

export function segmentKey(topicKey: TopicKey, segment: number): Key {
  return [topicKey, segment];
}

/** Without the table's position; null: all. */
export function segmentsAfter(topicKey: TopicKey, after: number | null): KeyRange {
  return { from: [topicKey, after === null ? 0 : after + 1], to: [topicKey + 1] };
}

export function refOf(key: Key): PartitionRef {
  const [topicKey, partition] = key as readonly number[];
  return { topicKey: topicKey as TopicKey, partition: partition as Partition };
}

/** The sequence or offset in which the key of an entry ends. */
export function firstOf(key: Key): number {
  return (key as readonly number[])[2] ?? 0;
}

/**
 * A record that was appended without a partition keeps the number it got under partition -1: its receipt is known by
 * it. When it is assigned, a map is written beside it, two bytes a record: which partition each went to, in order,
 * and where each partition stood before. A record's place follows by counting. Maps are never deleted.
 */
import type { LocalSequence, Partition, TopicKey } from "../../shared/brands.ts";
import type { PartitionRef } from "./device-log.ts";
import { firstOf, movedUpTo } from "./keys.ts";
import type { StoreTransaction } from "./store.ts";

/** `meta["moved", topicKey, waiting sequence]`. */
export interface MovedRow {
  /** Of the records from the key's number on. */
  readonly partitions: Uint16Array<ArrayBuffer>;
  /** By partition: the local sequence that its first record of this map got. */
  readonly bases: ReadonlyMap<number, LocalSequence>;
}

/** A place is found by reading one map and counting in it: a large one would be read anew for each of its records. */
const RECORDS_MAX = 1_024;

/** In pieces: each with the waiting sequence it begins at. */
export function movedRows(first: LocalSequence, { partitions, bases }: MovedRow): [LocalSequence, MovedRow][] {
  const rows: [LocalSequence, MovedRow][] = [];
  const next = new Map(bases);
  for (let from = 0; from < partitions.length; from += RECORDS_MAX) {
    const piece = partitions.slice(from, from + RECORDS_MAX);
    rows.push([(first + from) as LocalSequence, { partitions: piece, bases: new Map(next) }]);
    for (const partition of piece) next.set(partition, ((next.get(partition) ?? 0) + 1) as LocalSequence);
  }
  return rows;
}

export async function placeOfMoved(
  transaction: StoreTransaction,
  topicKey: TopicKey,
  waiting: LocalSequence,
): Promise<{ readonly ref: PartitionRef; readonly localSequence: LocalSequence } | null> {
  const entry = await transaction.last<MovedRow>("meta", movedUpTo(topicKey, waiting));
  if (entry === undefined) return null;
  const { partitions, bases } = entry.value;
  const index = waiting - firstOf(entry.key);
  const partition = partitions[index];
  const base = partition === undefined ? undefined : bases.get(partition);
  if (partition === undefined || base === undefined) return null;
  let before = 0;
  for (let at = 0; at < index; at += 1) if (partitions[at] === partition) before += 1;
  return { ref: { topicKey, partition: partition as Partition }, localSequence: (base + before) as LocalSequence };
}

/** Where a handler is in a partition, or among the pending records of one. */
import type { SeekPosition } from "../calls/consumer-calls.ts";
import type { TopicPartition } from "./paused-partitions.ts";

/** Pending records are a line of their own beside the committed ones. */
export type Line = TopicPartition & {
  readonly pending: boolean;
  readonly handledTo?: number;
  /** In a group: under which it was read. */
  readonly ownership?: number;
};

/** As `nameOf` and `lineName` of it say, for those that are asked for with each record. */
interface Named {
  readonly names?: { readonly place: string; readonly line: string };
}

export function lineName(of: Line & Named): string {
  return of.names?.line ?? `${of.topic}/${of.partition}${of.pending ? "~" : ""}`;
}

export function nameOf(of: TopicPartition & Named): string {
  return of.names?.place ?? `${of.topic}/${of.partition}`;
}

export function named<Of extends Line>(line: Of): Of & Named {
  return { ...line, names: { place: nameOf(line), line: lineName(line) } };
}

export function seekName(position: SeekPosition): string {
  const { topic, partition } = position;
  return lineName({ topic, partition, pending: "localSequence" in position });
}

/** `read` is where the next record stands, `at` the next that is to be handled. */
export function resolvedAt(line: Line, read: number): Resolved {
  const { topic, partition, pending, handledTo = 0, ownership } = line;
  if (pending) return { at: read, read, position: { topic, partition, localSequence: read } };
  const at = Math.max(read, handledTo);
  // Written out, without copies: it is made with each record.
  const position =
    ownership === undefined ? { topic, partition, offset: at } : { topic, partition, offset: at, ownership };
  return { at, read, position: at > read ? { ...position, readFrom: read } : position };
}

export interface Resolved {
  readonly at: number | null;
  readonly read: number | null;
  readonly position: SeekPosition;
}

/** Under whichever ownership comes. */
export function ownedByAny({ ownership: _, ...position }: SeekPosition): SeekPosition {
  return position as SeekPosition;
}

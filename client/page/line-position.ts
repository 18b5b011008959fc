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

export function lineName({ topic, partition, pending }: Line): string {
  return `${topic}/${partition}${pending ? "~" : ""}`;
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

export function seekName(position: SeekPosition): string {
  const { topic, partition } = position;
  return lineName({ topic, partition, pending: "localSequence" in position });
}

/** `read` is where the next record stands, `at` the next that is to be handled. */
export function resolvedAt({ topic, partition, pending, handledTo = 0, ownership }: Line, read: number): Resolved {
  if (pending) return { at: read, read, position: { topic, partition, localSequence: read } };
  const at = Math.max(read, handledTo);
  const owned = ownership === undefined ? {} : { ownership };
  return { at, read, position: { topic, partition, offset: at, ...(at > read ? { readFrom: read } : {}), ...owned } };
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

import type { Offset } from "../../shared/brands.ts";
import type { PartitionRef } from "../log/device-log.ts";

/** A partition that a session reads. */
export interface AssignedPartition {
  readonly topic: string;
  readonly ref: PartitionRef;
  /** The next offset to hand out. Null: not decided, since the group's offset or the log's end is not known yet. */
  position: Offset | null;
  /** Goes up with every seek, so that a read under way when it came is dropped. */
  seeks: number;
  /** False: the last read reached the end, and no news came since. */
  mayHaveMore: boolean;
}

export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** What this device has sent and the edge has not committed yet, as a reader of `isolation: 'local'` sees it. */
import type { LocalSequence, Offset, TopicKey } from "../../shared/brands.ts";
import type { PartitionRef } from "./device-log.ts";
import type { PartitionRow } from "./rows.ts";

/** The device's own records behind what is readable as committed. */
export interface OwnTail {
  readonly row: PartitionRow;
  /** The position is not at the replica's end: nothing was read. */
  readonly behind: boolean;
  /** Whole batches whose base offsets are local sequences. */
  readonly runs: readonly Uint8Array<ArrayBuffer>[];
  readonly from: LocalSequence;
  readonly to: LocalSequence;
}

/** Local sequences `[from, to)` of a partition. */
export interface MovedRecords {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface OwnRecords {
  /** From local sequence `from`, where `position` (null: none is decided) is the replica's end. Partition -1 included. */
  tail(
    ref: PartitionRef,
    position: Offset | null,
    limit: { readonly from: LocalSequence; readonly bytesMax: number },
  ): Promise<OwnTail>;
  /** Where the records stand that waited under partition -1 as `[from, to)`. */
  moved(
    topicKey: TopicKey,
    range: { readonly from: LocalSequence; readonly to: LocalSequence },
  ): Promise<MovedRecords[]>;
}

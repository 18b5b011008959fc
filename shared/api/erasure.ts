/**
 * `DELETE /v1/topics/{topic}/records?key=<text>` or `?keyBase64=<base64>`, `&maxWaitMs=`: a tombstone of the key in every
 * partition that holds anything, and on compacted topics a pass that takes the key's values out of the log at once.
 * Asked again while that is under way it says how far it is, and writes nothing new unless the key may have come again.
 */
import type { ErrorBody } from "../strandline-error.ts";

export type ErasureState =
  /** No value of the key is in the log any more. */
  | "gone"
  /** They are being taken out, and will be also if nobody asks again. */
  | "pending"
  /** The topic is not compacted: they go when retention drops the rows they stand in. */
  | "retained";

export interface ErasedPartition {
  readonly partition: number;
  /** Null where there is an error. */
  readonly state: ErasureState | null;
  readonly tombstoneOffset: number | null;
  /** Edge time. `gone`: since when; `retained`: by when; null: not known, or retention keeps records for ever. */
  readonly goneAt: number | null;
  /** Batches that the edge cannot open (snappy, lz4, zstd, damage) may hold the key all the same. */
  readonly unopened: boolean;
  readonly error: ErrorBody | null;
}

export interface EraseAnswer {
  readonly topic: string;
  /** Those that hold anything. Empty: the topic holds nothing. */
  readonly partitions: readonly ErasedPartition[];
  /** `gone` in every partition. */
  readonly gone: boolean;
  /** Until when Cloudflare's point-in-time recovery may hold what was erased; null: `goneAt` is not known of some. */
  readonly backupsGoneAt: number | null;
}

/** A record on its way in, whatever form it came in. */
import type { RecordHeader, RecordInput } from "../../shared/record.ts";

export interface OutgoingRecord {
  /** Texts are written as UTF-8. */
  readonly key: Uint8Array | string | null;
  /** Null is a tombstone. */
  readonly value: Uint8Array | string | null;
  readonly headers: readonly RecordHeader[];
  /** Null: the partitioner decides. */
  readonly partition: number | null;
  /** Milliseconds since 1970; null: the edge's now. */
  readonly timestamp: number | null;
}

/** What a batch takes of it. */
export function inputOf({ key, value, headers, timestamp }: OutgoingRecord, now: number): RecordInput {
  return { key, value, headers, timestamp: timestamp ?? now };
}

/** A record on its way in, whatever form it came in. */
import { LIMITS } from "../../shared/limits.ts";
import type { RecordHeader, RecordInput } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

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

/** Throws `RECORD_LIST_TOO_LARGE`. A stream has no such limit. */
export function demandFew(records: readonly unknown[]): void {
  const limit = LIMITS.recordsPerRequestMax;
  if (records.length <= limit) return;
  const said = `${records.length} records in one request, of at most ${limit}`;
  throw new StrandlineError("RECORD_LIST_TOO_LARGE", said, { records: records.length, limit });
}

/** What a batch takes of it. */
export function inputOf({ key, value, headers, timestamp }: OutgoingRecord, now: number): RecordInput {
  return { key, value, headers, timestamp: timestamp ?? now };
}

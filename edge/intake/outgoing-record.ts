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

/**
 * Throws `INVALID_RECORD` that names the field. Half a surrogate pair has no UTF-8: all halves would be written as one
 * character, so that a value came back as another, and two keys were one to whoever compacts or erases.
 */
export function demandTexts({ key, value, headers }: OutgoingRecord): void {
  if (!isWellFormed(key)) throw noText("key");
  if (!isWellFormed(value)) throw noText("value");
  for (const header of headers) if (!header.key.isWellFormed() || !isWellFormed(header.value)) throw noText("headers");
}

function isWellFormed(held: Uint8Array | string | null): boolean {
  return typeof held !== "string" || held.isWellFormed();
}

function noText(field: string): StrandlineError {
  return new StrandlineError("INVALID_RECORD", `${field} has half a surrogate pair, which has no UTF-8`, { field });
}

/** What a batch takes of it. */
export function inputOf({ key, value, headers, timestamp }: OutgoingRecord, now: number): RecordInput {
  return { key, value, headers, timestamp: timestamp ?? now };
}

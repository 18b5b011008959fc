/** What an edge's answer about one partition says. */
import type { HeldRange } from "../../shared/api/produce.ts";
import type { LeaderEpoch, Offset } from "../../shared/brands.ts";
import { ERRORS } from "../../shared/error-table.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";

export function isOlder(answered: LeaderEpoch, known: LeaderEpoch | null): boolean {
  return known !== null && answered.counter < known.counter;
}

/** Refusals of the records themselves. The sequence errors are no refusals: their proof says what to do. */
export function isForGood(error: ErrorBody): boolean {
  switch (error.code) {
    case "MESSAGE_TOO_LARGE":
    case "RECORD_LIST_TOO_LARGE":
    case "CORRUPT_MESSAGE":
    case "INVALID_RECORD":
    case "INVALID_TIMESTAMP":
    case "UNSUPPORTED_COMPRESSION_TYPE":
    case "TOPIC_AUTHORIZATION_FAILED":
      return !ERRORS[error.code].retriable;
    default:
      return false;
  }
}

export function sequenceIn(error: ErrorBody): number | null {
  const named = error["sequence"];
  return typeof named === "number" ? named : null;
}

export function offsetOf(sequence: number, held: readonly HeldRange[]): Offset | null {
  const range = held.find((one) => sequence >= one.sequence && sequence < one.sequence + one.count);
  return range === undefined ? null : ((range.baseOffset + sequence - range.sequence) as Offset);
}

/** Why a tail ends, in the words of its reader. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ReadAnswer } from "./partition-port.ts";

export function refusalAt(offset: number, answer: ReadAnswer): StrandlineError {
  const { error, logStartOffset, highWatermark, divergence, nextOffset } = answer;
  const details = { offset, logStartOffset, highWatermark };
  const more = {
    ...(divergence === null ? {} : { divergence }),
    ...(error === "CORRUPT_MESSAGE" ? { nextOffset } : {}),
  };
  const said = `offset ${offset}, the log has ${logStartOffset} to ${highWatermark}`;
  return new StrandlineError(error ?? "UNKNOWN_SERVER_ERROR", said, { ...details, ...more });
}

/** Null: the reader's credential has not expired. */
export function refusalBy(expiresAtMs: number | null, nowMs: number): StrandlineError | null {
  if (expiresAtMs === null || nowMs < expiresAtMs) return null;
  return new StrandlineError("SASL_AUTHENTICATION_FAILED", "the credential has expired", { check: "expired" });
}

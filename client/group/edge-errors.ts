/** What an error says of a member, and what follows. */
import type { ErrorCode } from "../../shared/error-table.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

/** They would come again, whatever the member does. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "GROUP_AUTHORIZATION_FAILED",
  "TOPIC_AUTHORIZATION_FAILED",
  "INVALID_GROUP_ID",
  "UNSUPPORTED_ASSIGNOR",
  "INVALID_SESSION_TIMEOUT",
  "INVALID_REGULAR_EXPRESSION",
  "INVALID_TOPIC_EXCEPTION",
  "INVALID_REQUEST",
]);

/** The member is no more: all that it owned is lost, and it joins under another name. */
const THROWN_OUT: ReadonlySet<ErrorCode> = new Set(["UNKNOWN_MEMBER_ID", "FENCED_MEMBER_EPOCH", "FENCED_INSTANCE_ID"]);

/** No answer came, or none of the edge. */
const UNREACHED: ReadonlySet<ErrorCode> = new Set(["NETWORK_EXCEPTION", "REQUEST_TIMED_OUT", "CLOSED"]);

/** Of who asks, and not of what: another token may do. Offline `auth` has nobody to ask for one. */
const CREDENTIAL: ReadonlySet<ErrorCode> = new Set(["SASL_AUTHENTICATION_FAILED", "PRINCIPAL_CHANGED"]);

export type Verdict = "final" | "thrown out" | "unreached" | "later";

export function verdictOf({ code }: StrandlineError): Verdict {
  if (FINAL.has(code)) return "final";
  if (THROWN_OUT.has(code)) return "thrown out";
  return UNREACHED.has(code) ? "unreached" : "later";
}

/** Of one partition's commit: it may be taken later. Another one ends its ownership. */
export function isForLater({ code, retriable }: Pick<StrandlineError, "code" | "retriable">): boolean {
  // The topic of a member's partition was there: it is no more.
  return code !== "UNKNOWN_TOPIC_ID" && (retriable || UNREACHED.has(code) || CREDENTIAL.has(code));
}

export function asStrandlineError(thrown: unknown): StrandlineError {
  if (thrown instanceof StrandlineError) return thrown;
  return new StrandlineError("UNKNOWN_SERVER_ERROR", String(thrown), {}, thrown);
}

/** How long the edge asks to be left alone, at most five minutes; 0: it does not. */
export function askedMs({ details }: StrandlineError): number {
  const stated = details["retryAfterMs"];
  return typeof stated === "number" && stated > 0 ? Math.min(stated, 300_000) : 0;
}

/** What IndexedDB throws, told in our words. The only place that looks at the names of its exceptions. */
import { StrandlineError } from "../../shared/strandline-error.ts";

/**
 * The handle itself is dead and nothing was begun: WebKit drops connections under a live page, and every later
 * `transaction()` on them throws (https://bugs.webkit.org/show_bug.cgi?id=197050, Expensify/App #87864).
 */
export function isDeadHandle(cause: unknown): boolean {
  return nameOf(cause) === "InvalidStateError";
}

/** Of a transaction that had begun. `AbortError` and `UnknownError` say nothing about whether it was committed. */
export function transactionError(cause: unknown): StrandlineError {
  const name = nameOf(cause);
  switch (name) {
    case "QuotaExceededError":
      return new StrandlineError("STORAGE_FULL", "the browser's quota for this origin is used up", {}, cause);
    case "AbortError":
    case "UnknownError":
    case "InvalidStateError":
      return storeFailed(`${name} in flight`, "unknown", cause);
    default:
      return storeFailed(name, "failed", cause);
  }
}

/** Nothing was changed. */
export function openError(cause: unknown): StrandlineError {
  if (cause instanceof StrandlineError) return cause;
  const name = nameOf(cause);
  if (name === "QuotaExceededError") return transactionError(cause);
  if (isVersionError(cause)) return new StrandlineError("STORE_OUTDATED", "", {}, cause);
  return storeFailed(`the database does not open: ${name}`, "failed", cause);
}

export function storeFailed(said: string, outcome: "failed" | "unknown", cause?: unknown): StrandlineError {
  return new StrandlineError("STORE_FAILED", said, { outcome }, cause);
}

export function storeClosed(): StrandlineError {
  return new StrandlineError("CLOSED", "the store was closed");
}

/** The database is of a later version than was asked for. */
export function isVersionError(cause: unknown): boolean {
  return nameOf(cause) === "VersionError";
}

/** There is no database to be had here at all: a private window, or storage that its user has switched off. */
export function isUnavailable(error: unknown): boolean {
  const cause = error instanceof StrandlineError ? error.cause : error;
  return ["SecurityError", "InvalidStateError", "NotSupportedError", "ReferenceError"].includes(nameOf(cause));
}

/** The write may or may not have happened. */
export function isUnknownOutcome(error: unknown): boolean {
  return error instanceof StrandlineError && error.code === "STORE_FAILED" && error.details["outcome"] === "unknown";
}

/** The browser has refused a write for want of room; nothing of it was written. */
export function isFull(error: unknown): boolean {
  return error instanceof StrandlineError && error.code === "STORAGE_FULL";
}

export function isDomException(cause: unknown): boolean {
  return typeof DOMException !== "undefined" && cause instanceof DOMException;
}

function nameOf(cause: unknown): string {
  return typeof cause === "object" && cause !== null && "name" in cause ? String(cause.name) : String(cause);
}

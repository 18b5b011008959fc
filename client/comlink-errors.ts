/**
 * Errors across Comlink. Its own handler copies name, message and stack, so a code or a detail is lost and an
 * internal stack is told. Ours carries a `StrandlineError` as its body; what is no `StrandlineError` is named for
 * what it is and crosses without its stack.
 */
import { transferHandlers } from "comlink";
import { StrandlineError, type ErrorBody } from "../shared/strandline-error.ts";

interface CrossingError {
  readonly strandline: ErrorBody;
}

/** Comlink's private `throw` wrapper: `{ value, [throwMarker]: 0 }`. */
interface Thrown {
  readonly value: unknown;
}

/**
 * `unknown`: what becomes of other errors. The worker is ours alone, so they are turned into ours; a page may share
 * its copy of Comlink with other code, whose errors go Comlink's way.
 */
export function transferErrors(unknown: "convert" | "leave"): void {
  const original = transferHandlers.get("throw");
  if (original === undefined)
    throw new StrandlineError("UNSUPPORTED_OPERATION", "this Comlink has no handler for errors");
  transferHandlers.set("throw", {
    canHandle: (value: unknown): value is unknown => original.canHandle(value),
    serialize(thrown: unknown): [unknown, Transferable[]] {
      const { value } = thrown as Thrown;
      if (value instanceof StrandlineError || unknown === "convert")
        return [{ strandline: asStrandlineError(value).toBody() } satisfies CrossingError, []];
      return original.serialize(thrown);
    },
    deserialize(crossed: unknown): unknown {
      if (typeof crossed === "object" && crossed !== null && "strandline" in crossed)
        throw StrandlineError.fromBody(crossed.strandline);
      return original.deserialize(crossed);
    },
  });
}

/** DOM names of what a database throws (`IndexedDB 3.0`, 2.10): the store's own layer maps most of them before. */
const STORE_ERRORS: ReadonlySet<string> = new Set([
  "AbortError",
  "ConstraintError",
  "DataCloneError",
  "DataError",
  "InvalidStateError",
  "NotFoundError",
  "NotReadableError",
  "ReadOnlyError",
  "TransactionInactiveError",
  "UnknownError",
  "VersionError",
]);

export function asStrandlineError(thrown: unknown): StrandlineError {
  if (thrown instanceof StrandlineError) return thrown;
  if (!(thrown instanceof Error)) return new StrandlineError("UNKNOWN_SERVER_ERROR", String(thrown));
  if (thrown.name === "QuotaExceededError") return new StrandlineError("STORAGE_FULL", thrown.message, {}, thrown);
  const code = STORE_ERRORS.has(thrown.name) ? "STORE_FAILED" : "UNKNOWN_SERVER_ERROR";
  return new StrandlineError(code, `${thrown.name}: ${thrown.message}`, {}, thrown);
}

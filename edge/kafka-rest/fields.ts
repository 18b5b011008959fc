/** Fields of what Kafka's REST proxies take, read with the name of whatever is wrong. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { base64Bytes } from "../intake/base64.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Throws `INVALID_REQUEST`; `known`: all that it may have. */
export function objectAt(held: unknown, field: string, known: readonly string[]): JsonObject {
  if (typeof held !== "object" || held === null || Array.isArray(held)) throw invalid(field, "is no object");
  for (const name of Object.keys(held))
    if (!known.includes(name)) throw invalid(`${field}.${name.slice(0, 64)}`, "is not known");
  return held as JsonObject;
}

/** Throws `INVALID_REQUEST`. */
export function listAt(held: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(held)) throw invalid(field, "is no list");
  return held;
}

/** Null where it is absent. Throws `INVALID_REQUEST`. */
export function wholeAt(held: unknown, field: string): number | null {
  if (held === undefined || held === null) return null;
  if (!Number.isSafeInteger(held)) throw invalid(field, "is no whole number");
  return held as number;
}

/** Throws `INVALID_REQUEST`. */
export function textAt(held: unknown, field: string): string {
  if (typeof held !== "string") throw invalid(field, "is no text");
  return held;
}

/** Throws `INVALID_RECORD`: what it stands for cannot be made of it. */
export function base64At(held: unknown, field: string): Uint8Array | null {
  if (held === undefined || held === null) return null;
  const bytes = typeof held === "string" ? base64Bytes(held) : null;
  if (bytes === null) throw new StrandlineError("INVALID_RECORD", `${field} is no Base64`, { field });
  return bytes;
}

/** As compact as it can be written; null: it is absent or null. Throws `INVALID_RECORD`. */
export function jsonAt(held: unknown, field: string): string | null {
  if (held === undefined || held === null) return null;
  try {
    return JSON.stringify(held);
  } catch {
    throw new StrandlineError("INVALID_RECORD", `${field} is nested too deep`, { field });
  }
}

export function invalid(field: string, says: string): StrandlineError {
  return new StrandlineError("INVALID_REQUEST", `${field} ${says}`, { field });
}

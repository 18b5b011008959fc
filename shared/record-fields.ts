/** Keys, values and headers of a record: how long they are, and writing them. */
import { LIMITS } from "./limits.ts";
import type { RecordHeader, RecordInput } from "./record.ts";
import { StrandlineError } from "./strandline-error.ts";
import { textBytesMax, utf8Length, writeText } from "./utf8.ts";
import { varintBytes, writeVarint } from "./varint.ts";

/** Below this a loop copies faster than `set`, which needs a view first. */
const COPY_BY_LOOP_BYTES_MAX = 64;

/**
 * Throws `INVALID_RECORD`. Types do not bind callers in JavaScript, and an array or wider numbers would be written
 * modulo 256 without a word.
 */
export function checkFields({ key, value, headers }: RecordInput): void {
  if (!isField(key)) throw invalid("key", "bytes, a text or null", key);
  if (!isField(value)) throw invalid("value", "bytes, a text or null", value);
  if (headers === undefined) return;
  if (!Array.isArray(headers)) throw invalid("headers", "a list", headers);
  if (headers.length > LIMITS.recordHeadersMax)
    throw new StrandlineError("INVALID_RECORD", `${headers.length} headers, of at most ${LIMITS.recordHeadersMax}`, {
      field: "headers",
      limit: LIMITS.recordHeadersMax,
    });
  for (const header of headers as readonly RecordHeader[]) {
    if (typeof header?.key !== "string") throw invalid("a header's key", "a text", header?.key);
    if (!isField(header.value)) throw invalid("a header's value", "bytes, a text or null", header.value);
  }
}

function isField(field: unknown): boolean {
  return typeof field === "string" || field === null || field instanceof Uint8Array;
}

function invalid(field: string, expected: string, found: unknown): StrandlineError {
  const kind = Object.prototype.toString.call(found).slice(8, -1);
  return new StrandlineError("INVALID_RECORD", `${field} is ${expected}, not ${kind}`, { field });
}

/** Taken for ASCII; `writeText` notices where it is not. */
export function asciiLength(text: string): number {
  return text.length;
}
export function exactLength(text: string): number {
  return utf8Length(text);
}

export function fieldBytesMax(field: Uint8Array | string | null): number {
  return field === null ? 0 : typeof field === "string" ? textBytesMax(field) : field.length;
}

/** -1: null. */
export function fieldLength(field: Uint8Array | string | null, lengthOf: (text: string) => number): number {
  return field === null ? -1 : typeof field === "string" ? lengthOf(field) : field.length;
}

export function fieldSize(length: number): number {
  return varintBytes(length) + (length < 0 ? 0 : length);
}

export function headersSize(headers: readonly RecordHeader[], lengthOf: (text: string) => number): number {
  let size = 0;
  for (const { key, value } of headers) size += fieldSize(lengthOf(key)) + fieldSize(fieldLength(value, lengthOf));
  return size;
}

export function writeHeader(
  bytes: Uint8Array,
  at: number,
  header: RecordHeader,
  lengthOf: (text: string) => number,
): number {
  const keyBytes = lengthOf(header.key);
  const after = writeField(bytes, writeVarint(bytes, at, keyBytes), header.key, keyBytes);
  if (after < 0) return after;
  const valueBytes = fieldLength(header.value, lengthOf);
  return writeField(bytes, writeVarint(bytes, after, valueBytes), header.value, valueBytes);
}

/** Returns the position after the field; negative: a text did not have the stated length. */
export function writeField(bytes: Uint8Array, at: number, field: Uint8Array | string | null, length: number): number {
  if (field === null) return at;
  if (typeof field === "string") return writeText(bytes, at, field, length);
  return copy(field, 0, length, bytes, at);
}

export function copy(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): number {
  if (length > COPY_BY_LOOP_BYTES_MAX) {
    to.set(from.subarray(start, start + length), at);
  } else {
    for (let index = 0; index < length; index += 1) to[at + index] = from[start + index] as number;
  }
  return at + length;
}

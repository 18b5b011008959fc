/**
 * A record as JSON, the mirror of what `GET .../records` answers (`shared/api/records.ts`). What is not known is refused:
 * a field that was misspelt would be lost without a word.
 */
import type { RecordHeader } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { base64Bytes } from "./base64.ts";
import type { OutgoingRecord } from "./outgoing-record.ts";

const NO_HEADERS: readonly RecordHeader[] = [];
const JSON_HEADER: RecordHeader = { key: "content-type", value: "application/json" };

/** Throws `INVALID_RECORD`. */
export function parseRecord(text: string): OutgoingRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new StrandlineError("INVALID_RECORD", "it is not JSON");
  }
  return recordOfJson(json);
}

/** Throws `INVALID_RECORD` that names the field. A value that is neither a text nor null is kept as JSON, and says so. */
export function recordOfJson(json: unknown): OutgoingRecord {
  if (!isObject(json)) throw new StrandlineError("INVALID_RECORD", "a record is an object");
  let key: OutgoingRecord["key"] = null;
  let value: OutgoingRecord["value"] | undefined;
  let headers = NO_HEADERS;
  let partition: number | null = null;
  let timestamp: number | null = null;
  let typed = false;
  for (const name in json) {
    const held = json[name];
    switch (name) {
      case "key":
        if (typeof held !== "string" && held !== null) throw invalid(name, "is a text or null");
        if ("keyBase64" in json) throw invalid(name, "stands beside keyBase64");
        key = held;
        break;
      case "keyBase64":
        key = bytesIn(held, name);
        break;
      case "value":
        if ("valueBase64" in json) throw invalid(name, "stands beside valueBase64");
        typed = typeof held !== "string" && held !== null;
        value = typed ? jsonText(held, name) : (held as string | null);
        break;
      case "valueBase64":
        value = bytesIn(held, name);
        break;
      case "headers":
        headers = headersOf(held);
        break;
      case "partition":
        partition = wholeOrNull(held, name);
        break;
      case "timestamp":
        timestamp = wholeOrNull(held, name);
        break;
      case "offset":
        // Of the record as it was read: where it goes is the log's to say.
        break;
      default:
        throw invalid(name, "is no field of a record");
    }
  }
  if (value === undefined) throw invalid("value", "is missing; null is a tombstone");
  if (typed && !headers.some((one) => one.key.toLowerCase() === "content-type")) headers = [...headers, JSON_HEADER];
  return { key, value, headers, partition, timestamp };
}

/** `{name: text}`, or the list that records are answered with. */
function headersOf(held: unknown): readonly RecordHeader[] {
  if (held === null) return NO_HEADERS;
  if (Array.isArray(held)) return held.map(headerOf);
  if (!isObject(held)) throw invalid("headers", "is an object or a list");
  return Object.entries(held).map(([key, value]) => {
    if (typeof value !== "string" && value !== null) throw invalid(`headers.${key.slice(0, 64)}`, "is a text or null");
    return { key, value };
  });
}

function headerOf(held: unknown, index: number): RecordHeader {
  const field = `headers.${index}`;
  if (!isObject(held)) throw invalid(field, "is an object");
  const { key, value, valueBase64, ...rest } = held;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalid(`${field}.${unknown.slice(0, 64)}`, "is no field of a header");
  if (typeof key !== "string") throw invalid(`${field}.key`, "is a text");
  if (valueBase64 !== undefined) {
    if (value !== undefined) throw invalid(`${field}.value`, "stands beside valueBase64");
    return { key, value: bytesIn(valueBase64, `${field}.valueBase64`) };
  }
  if (typeof value !== "string" && value !== null) throw invalid(`${field}.value`, "is a text or null");
  return { key, value };
}

function bytesIn(held: unknown, field: string): Uint8Array {
  const bytes = typeof held === "string" ? base64Bytes(held) : null;
  if (bytes === null) throw invalid(field, "is Base64");
  return bytes;
}

function wholeOrNull(held: unknown, field: string): number | null {
  if (held === null || Number.isSafeInteger(held)) return held as number | null;
  throw invalid(field, "is a whole number or null");
}

function jsonText(held: unknown, field: string): string {
  try {
    return JSON.stringify(held);
  } catch {
    throw invalid(field, "is nested too deep");
  }
}

function isObject(held: unknown): held is Record<string, unknown> {
  return typeof held === "object" && held !== null && !Array.isArray(held);
}

function invalid(field: string, says: string): StrandlineError {
  const named = field.slice(0, 100);
  return new StrandlineError("INVALID_RECORD", `${JSON.stringify(named)} ${says}`, { field: named });
}

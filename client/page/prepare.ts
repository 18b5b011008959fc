/**
 * From messages to records that can be encoded without failing: everything that can be wrong with a send is found
 * here, before the first byte of it is written, and named.
 */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError, type ErrorDetails } from "../../shared/strandline-error.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import type { HeaderValue, Message, MessageValue } from "./message.ts";

export interface PreparedHeader {
  readonly key: string;
  readonly value: string | Uint8Array | null;
}

export interface PreparedRecord {
  readonly key: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
  readonly headers: readonly PreparedHeader[];
  readonly timestamp: number;
  /** The most it can take in a batch. */
  readonly bytesMax: number;
  /** Of a value that is sent in several: the number of this one. It goes where the one before it went. */
  readonly chunk?: number;
}

/** Lengths, deltas and attributes of a record: six varints of at most 5 bytes, one of 10, one byte, rounded up. */
export const RECORD_OVERHEAD_BYTES_MAX = 48;
export const HEADER_OVERHEAD_BYTES_MAX = 10;
/** Kafka's batch header (magic 2). */
export const BATCH_HEADER_BYTES = 61;
/** A string is at most three bytes of UTF-8 for each of its units; longer ones are encoded first, to be measured. */
const MEASURED_CHARS_MIN = 32 * 1024;

const NO_HEADERS: readonly PreparedHeader[] = [];
const JSON_HEADER: PreparedHeader = { key: "content-type", value: "application/json" };
const ONLY_JSON_HEADER: readonly PreparedHeader[] = [JSON_HEADER];
const utf8 = new TextEncoder();

/** A record that may be too large for a batch; `split` looks closer. */
export function isLarge({ bytesMax }: PreparedRecord): boolean {
  return bytesMax + BATCH_HEADER_BYTES > LIMITS.batchBytesMax;
}

/** With copies of the bytes that its sender may change. */
export function withOwnBytes(record: PreparedRecord): PreparedRecord {
  const own = <Part>(part: Part): Part => (part instanceof Uint8Array ? (part.slice() as Part) : part);
  const headers = record.headers.map(({ key, value }) => ({ key, value: own(value) }));
  return { ...record, key: own(record.key), value: own(record.value), headers };
}

export interface Place {
  readonly topic: string;
  /** Of the message within the send. */
  readonly index: number;
}

export function prepareRecord(message: Message, place: Place, now: number): PreparedRecord {
  if (typeof message !== "object" || message === null)
    throw invalid("INVALID_RECORD", place, `a message is an object, not ${kindOf(message)}`);
  const key = prepareKey(message.key, place);
  const raw = message.value;
  const value = prepareValue(raw, place);
  const headers = prepareHeaders(message.headers, isJson(raw), place);
  const timestamp = message.timestamp === undefined ? now : prepareTimestamp(message.timestamp, place);
  let bytesMax = RECORD_OVERHEAD_BYTES_MAX + bytesMaxOf(key) + bytesMaxOf(value);
  for (const header of headers)
    bytesMax += HEADER_OVERHEAD_BYTES_MAX + bytesMaxOf(header.key) + bytesMaxOf(header.value);
  return { key, value, headers, timestamp, bytesMax };
}

function prepareKey(key: Message["key"], place: Place): string | Uint8Array | null {
  if (key === undefined || key === null) return null;
  if (typeof key === "string") return measured(key);
  if (key instanceof Uint8Array) return key;
  if (key instanceof ArrayBuffer) return new Uint8Array(key);
  throw invalid("INVALID_RECORD", place, `a key is a string, bytes or null, not ${kindOf(key)}`);
}

function isJson(value: MessageValue): boolean {
  return (
    value !== null && typeof value !== "string" && !(value instanceof Uint8Array) && !(value instanceof ArrayBuffer)
  );
}

const JSON_KINDS: ReadonlySet<string> = new Set(["[object Object]", "[object Array]", "[object Date]"]);

function prepareValue(value: MessageValue, place: Place): string | Uint8Array | null {
  if (typeof value === "string") return measured(value);
  if (value === null) return null;
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  const plain =
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value)) ||
    (typeof value === "object" && JSON_KINDS.has(kindOf(value)));
  if (!plain)
    throw invalid("INVALID_RECORD", place, `a value is a string, bytes, null or plain data, not ${kindOf(value)}`);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw invalid(
      "INVALID_RECORD",
      place,
      `the value is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (text === undefined) throw invalid("INVALID_RECORD", place, "the value is no JSON");
  return measured(text);
}

function prepareHeaders(headers: Message["headers"], json: boolean, place: Place): readonly PreparedHeader[] {
  if (headers === undefined || headers === null) return json ? ONLY_JSON_HEADER : NO_HEADERS;
  if (typeof headers !== "object" || kindOf(headers) !== "[object Object]")
    throw invalid("INVALID_RECORD", place, `headers are an object, not ${kindOf(headers)}`);
  const prepared: PreparedHeader[] = [];
  let typed = false;
  for (const [key, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    typed ||= key.toLowerCase() === "content-type";
    const values: readonly HeaderValue[] = Array.isArray(value)
      ? (value as readonly HeaderValue[])
      : [value as HeaderValue];
    for (const each of values) {
      if (each !== null && typeof each !== "string" && !(each instanceof Uint8Array)) {
        throw invalid(
          "INVALID_RECORD",
          place,
          `header ${JSON.stringify(key.slice(0, 64))} is a string, bytes or null, not ${kindOf(each)}`,
          { header: key.slice(0, 64) },
        );
      }
      prepared.push({ key, value: each });
    }
  }
  if (json && !typed) prepared.push(JSON_HEADER);
  if (prepared.length > LIMITS.recordHeadersMax) {
    const said = `${prepared.length} headers, of at most ${LIMITS.recordHeadersMax}`;
    throw invalid("INVALID_RECORD", place, said, { limit: LIMITS.recordHeadersMax });
  }
  return prepared;
}

/** The last millisecond that a `Date` knows: a record's time is shown as one. */
const TIMESTAMP_MAX = 8_640_000_000_000_000;

function prepareTimestamp(timestamp: unknown, place: Place): number {
  const ms = typeof timestamp === "string" && /^\d+$/.test(timestamp) ? Number(timestamp) : timestamp;
  if (typeof ms !== "number" || !Number.isInteger(ms) || ms < 0 || ms > TIMESTAMP_MAX) {
    throw invalid("INVALID_TIMESTAMP", place, `timestamp ${String(timestamp).slice(0, 64)}`, {
      timestamp: String(timestamp).slice(0, 64),
    });
  }
  return ms;
}

function measured(text: string): string | Uint8Array {
  return text.length < MEASURED_CHARS_MIN ? text : utf8.encode(text);
}

function bytesMaxOf(part: string | Uint8Array | null): number {
  if (part === null) return 0;
  return typeof part === "string" ? part.length * 3 : part.byteLength;
}

function kindOf(value: unknown): string {
  return typeof value === "object"
    ? Object.prototype.toString.call(value)
    : typeof value === "number"
      ? String(value)
      : typeof value;
}

export function invalid(code: ErrorCode, place: Place, said: string, details: ErrorDetails = {}): StrandlineError {
  return new StrandlineError(code, `message ${place.index} to ${place.topic}: ${said}`, {
    topic: place.topic,
    index: place.index,
    ...details,
  });
}

/**
 * CloudEvents 1.0 as records, by the binding for Kafka: in structured mode the value is the event as JSON and a header says
 * so; in binary mode the value is its data and each attribute a header `ce_…`. The extension `partitionkey` is the key.
 */
import type { RecordHeader } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { base64Bytes } from "./base64.ts";
import type { OutgoingRecord } from "./outgoing-record.ts";

const STRUCTURED: readonly RecordHeader[] = [
  { key: "content-type", value: "application/cloudevents+json; charset=UTF-8" },
];
const REQUIRED = ["id", "source", "specversion", "type"] as const;
const NAME = /^[a-z0-9]+$/;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const HEADER_PREFIX = "ce-";

type Attributes = ReadonlyMap<string, unknown>;

export function isBinaryEvent(headers: Headers): boolean {
  return headers.has("ce-specversion") || headers.has("ce-id");
}

/** `text`: the event as it came; by default it is written anew. Throws `INVALID_RECORD` with every violation. */
export function structuredEvent(json: unknown, text?: Uint8Array): OutgoingRecord {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new StrandlineError("INVALID_RECORD", "an event is an object");
  const attributes = new Map(Object.entries(json));
  const { data_base64: base64 } = json as { readonly data_base64?: unknown };
  const violations: string[] = [];
  if (base64 !== undefined && base64 !== null) {
    if (attributes.has("data")) violations.push("data and data_base64 stand beside each other");
    if (typeof base64 !== "string" || base64Bytes(base64) === null) violations.push("data_base64 is Base64");
  }
  attributes.delete("data");
  attributes.delete("data_base64");
  demandAttributes(attributes, violations);
  return { ...recordOf(attributes), value: text ?? textOfEvent(json), headers: STRUCTURED };
}

/** The event whose attributes are the request's headers `ce-…`. Throws `INVALID_RECORD` with every violation. */
export function binaryEvent(headers: Headers, data: Uint8Array): OutgoingRecord {
  const attributes = new Map<string, string>();
  const violations: string[] = [];
  for (const [name, value] of headers) {
    if (!name.startsWith(HEADER_PREFIX)) continue;
    const attribute = name.slice(HEADER_PREFIX.length);
    const held = percentDecoded(value);
    if (held === null) violations.push(`${attribute} is percent-encoded UTF-8`);
    else attributes.set(attribute, held);
  }
  for (const name of ["data", "datacontenttype"])
    if (attributes.has(name)) violations.push(`${name} is no header ${HEADER_PREFIX}${name}`);
  demandAttributes(attributes, violations);
  const stored: RecordHeader[] = Array.from(attributes, ([name, value]) => ({ key: `ce_${name}`, value }));
  const contentType = headers.get("content-type");
  if (contentType !== null) stored.push({ key: "content-type", value: contentType });
  return { ...recordOf(attributes), value: data.byteLength === 0 ? null : data, headers: stored };
}

function recordOf(attributes: Attributes): Omit<OutgoingRecord, "value" | "headers"> {
  const key = attributes.get("partitionkey");
  return { key: typeof key === "string" ? key : null, partition: null, timestamp: null };
}

/** Throws where anything is against the rules, and then all of it is named. */
function demandAttributes(attributes: Attributes, violations: string[]): void {
  for (const name of REQUIRED)
    if (!attributes.has(name)) violations.push(`${name} is missing`);
    else if (!isText(attributes.get(name))) violations.push(`${name} is a text that is not empty`);
  for (const [name, value] of attributes) {
    const rule = ruleOf(name, value);
    if (rule !== null) violations.push(`${name.slice(0, 64)} ${rule}`);
  }
  if (violations.length === 0) return;
  const named = violations.slice(0, 10).join("; ");
  throw new StrandlineError("INVALID_RECORD", named, { violations: named });
}

/** What the attribute should be and is not. Null in JSON: it is not set. */
function ruleOf(name: string, value: unknown): string | null {
  if (!NAME.test(name)) return "is no name of an attribute: a-z and 0-9 are";
  if (value === null) return null;
  switch (name) {
    case "specversion":
      return value === "1.0" || !isText(value) ? null : "is 1.0";
    case "source":
      return !isText(value) || URL.canParse(value, "http://a/") ? null : "is a URI reference";
    case "dataschema":
      return isText(value) && URL.canParse(value) ? null : "is a URI";
    case "time":
      return isText(value) && RFC_3339.test(value) && !Number.isNaN(Date.parse(value)) ? null : "is a time of RFC 3339";
    case "subject":
    case "partitionkey":
    case "datacontenttype":
      return isText(value) ? null : "is a text that is not empty";
    case "id":
    case "type":
      return null;
    default:
      return typeof value === "string" || typeof value === "boolean" || isInt32(value)
        ? null
        : "is a text, a boolean or an integer";
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isInt32(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) <= 0x8000_0000 && value !== 0x8000_0000;
}

/** As the binding for HTTP has it. */
function percentDecoded(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

function textOfEvent(json: object): string {
  try {
    return JSON.stringify(json);
  } catch {
    throw new StrandlineError("INVALID_RECORD", "the event is nested too deep");
  }
}

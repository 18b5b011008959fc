/** The records of a request whose body is read as a whole: JSON and CloudEvents. */
import {
  CLOUD_EVENT_MEDIA_TYPE,
  CLOUD_EVENTS_MEDIA_TYPE,
  JSON_MEDIA_TYPE,
  NDJSON_MEDIA_TYPE,
} from "../../shared/api/media-types.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { parseJson } from "../schemas.ts";
import { binaryEvent, isBinaryEvent, structuredEvent } from "./cloud-events.ts";
import { demandFew, type OutgoingRecord } from "./outgoing-record.ts";
import { recordOfJson } from "./record-json.ts";

/** How a body is to be read. */
export type IntakeKind = "json" | "lines" | "event" | "events" | "binary event";

const KINDS: ReadonlyMap<string, IntakeKind> = new Map([
  [JSON_MEDIA_TYPE, "json"],
  [NDJSON_MEDIA_TYPE, "lines"],
  // What lines are called by those who do not know that name.
  ["application/jsonl", "lines"],
  ["application/ndjson", "lines"],
  [CLOUD_EVENT_MEDIA_TYPE, "event"],
  [CLOUD_EVENTS_MEDIA_TYPE, "events"],
]);

/** Throws `UNSUPPORTED_MEDIA_TYPE` with those that are supported. */
export function intakeKind(headers: Headers): IntakeKind {
  if (isBinaryEvent(headers)) return "binary event";
  const mediaType = mediaTypeOf(headers);
  const kind = KINDS.get(mediaType);
  if (kind !== undefined) return kind;
  const shown = mediaType.slice(0, 100);
  const supported = [JSON_MEDIA_TYPE, NDJSON_MEDIA_TYPE, CLOUD_EVENT_MEDIA_TYPE, CLOUD_EVENTS_MEDIA_TYPE].join(", ");
  const said = `${JSON.stringify(shown)}; supported are ${supported}, and any for the data of an event with ce-… headers`;
  throw new StrandlineError("UNSUPPORTED_MEDIA_TYPE", said, { mediaType: shown, supported });
}

/** Without its parameters; empty: none is stated. */
export function mediaTypeOf(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

export interface TakenRecords {
  readonly records: readonly OutgoingRecord[];
  /** What is wrong with it is wrong with the request. */
  readonly alone: boolean;
}

/** Throws `INVALID_REQUEST`, or `INVALID_RECORD` that names the record: then none is taken. */
export function requestRecords(kind: Exclude<IntakeKind, "lines">, headers: Headers, bytes: Uint8Array): TakenRecords {
  switch (kind) {
    case "binary event":
      return { records: [binaryEvent(headers, bytes)], alone: true };
    case "event":
      return { records: [structuredEvent(parseJson(bytes), bytes)], alone: true };
    case "events":
      return { records: each(parseJson(bytes), "the batch", (event) => structuredEvent(event)), alone: false };
    case "json":
      return recordsOfJson(parseJson(bytes));
  }
}

function recordsOfJson(body: unknown): TakenRecords {
  if (typeof body !== "object" || body === null || !("records" in body))
    return { records: [recordOfJson(body)], alone: true };
  const [other] = Object.keys(body).filter((name) => name !== "records");
  if (other !== undefined) {
    const field = other.slice(0, 64);
    throw new StrandlineError("INVALID_REQUEST", `${JSON.stringify(field)} beside records`, { field });
  }
  return { records: each(body.records, "records", recordOfJson), alone: false };
}

/** Throws `INVALID_REQUEST`; what is wrong with one is told with its place. */
function each(held: unknown, what: string, read: (one: unknown) => OutgoingRecord): OutgoingRecord[] {
  if (!Array.isArray(held)) throw new StrandlineError("INVALID_REQUEST", `${what} is no list`, { field: what });
  demandFew(held);
  return held.map((one: unknown, index) => {
    try {
      return read(one);
    } catch (thrown) {
      if (!(thrown instanceof StrandlineError)) throw thrown;
      const { code, message, details } = thrown;
      throw new StrandlineError(code, `record ${index}: ${message}`, { ...details, record: index });
    }
  });
}

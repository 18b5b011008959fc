/**
 * The records of what comes in under an ingest key. `text/plain` is lines here and nowhere else: it is what `sendBeacon`
 * can send to another origin without asking for leave before.
 */
import { JSON_MEDIA_TYPE, NDJSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import type { RecordHeader } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { asStrandlineError } from "../http-error.ts";
import { LineSplitter } from "../intake/line-splitter.ts";
import { demandFew, type OutgoingRecord } from "../intake/outgoing-record.ts";
import { parseRecord } from "../intake/record-json.ts";
import { mediaTypeOf, requestRecords } from "../intake/request-records.ts";
import type { WebhookRule } from "./ingest-rule.ts";

export interface IngestedRecords {
  /** Or why it is none. */
  readonly records: readonly (OutgoingRecord | StrandlineError)[];
  /** What is wrong with it is wrong with the request. */
  readonly alone: boolean;
}

type IngestKind = "json" | "lines" | "bytes";

const KINDS: ReadonlyMap<string, IngestKind> = new Map([
  [JSON_MEDIA_TYPE, "json"],
  [NDJSON_MEDIA_TYPE, "lines"],
  ["application/jsonl", "lines"],
  ["application/ndjson", "lines"],
  ["text/plain", "lines"],
  ["application/octet-stream", "bytes"],
  ["application/x-www-form-urlencoded", "bytes"],
]);

/** Throws `UNSUPPORTED_MEDIA_TYPE`. Before the body is read. */
export function ingestKind(headers: Headers, webhook: WebhookRule | null): IngestKind {
  // Whatever it says it is, it is kept as it came.
  if (webhook !== null) return "bytes";
  const mediaType = mediaTypeOf(headers);
  const kind = KINDS.get(mediaType);
  if (kind !== undefined) return kind;
  const shown = mediaType.slice(0, 100);
  const supported = [...KINDS.keys()].join(", ");
  throw new StrandlineError("UNSUPPORTED_MEDIA_TYPE", `${JSON.stringify(shown)}; supported are ${supported}`, {
    mediaType: shown,
    supported,
  });
}

/** Throws `INVALID_REQUEST`, `INVALID_RECORD`, `RECORD_LIST_TOO_LARGE`. */
export function ingestedRecords(
  kind: IngestKind,
  headers: Headers,
  bytes: Uint8Array,
  keep: readonly string[],
): IngestedRecords {
  switch (kind) {
    case "json":
      return requestRecords("json", headers, bytes);
    case "lines":
      return { records: recordsOfLines(bytes), alone: false };
    case "bytes":
      return { records: [asItCame(headers, bytes, keep)], alone: true };
  }
}

function recordsOfLines(bytes: Uint8Array): (OutgoingRecord | StrandlineError)[] {
  const splitter = new LineSplitter();
  const pieces = [...splitter.push(bytes), ...splitter.end()].filter(
    (piece) => typeof piece !== "string" || piece.trim() !== "",
  );
  demandFew(pieces);
  return pieces.map((piece) => {
    if (typeof piece !== "string") return piece;
    try {
      return parseRecord(piece);
    } catch (thrown) {
      return asStrandlineError(thrown);
    }
  });
}

/** Nothing is known of a webhook but its bytes, so nothing decides which partition but the partitioner. */
function asItCame(headers: Headers, value: Uint8Array, keep: readonly string[]): OutgoingRecord {
  const kept = ["content-type", ...keep].flatMap((key): RecordHeader[] => {
    const held = headers.get(key);
    return held === null ? [] : [{ key, value: held }];
  });
  return { key: null, value, headers: kept, partition: null, timestamp: null };
}

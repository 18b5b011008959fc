import { JSON_MEDIA_TYPE, NDJSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { OUTGOING_RECORD, SEND_RECORDS_ANSWER, SEND_RECORDS_REQUEST } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { admitIngest, takeIngested } from "../ingest-door.ts";
import { ingestedRecords, ingestKind } from "../ingest/ingest-records.ts";
import type { IngestRule } from "../ingest/ingest-rule.ts";
import { demandSigned } from "../ingest/webhook-check.ts";
import { ingest } from "../operations/ingest.ts";
import { json, route, type Route, type RouteRequest } from "./route.ts";
import { sentRecord } from "./send-records.ts";

const doc: Route["doc"] = {
  summary: "Append records to the topic of a key, which is all that is asked for. `Authorization` is not looked at.",
  query: null,
  body: [
    { mediaType: JSON_MEDIA_TYPE, of: SEND_RECORDS_REQUEST },
    { mediaType: NDJSON_MEDIA_TYPE, of: OUTGOING_RECORD, isStream: true },
    { mediaType: "text/plain", of: null },
    { mediaType: "application/octet-stream", of: null },
    { mediaType: "application/x-www-form-urlencoded", of: null },
  ],
  answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: SEND_RECORDS_ANSWER }] },
  errors: [
    "REQUEST_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "TOPIC_AUTHORIZATION_FAILED",
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_ID",
    "RECORD_LIST_TOO_LARGE",
    "INVALID_RECORD",
    "INVALID_TIMESTAMP",
    "MESSAGE_TOO_LARGE",
    "THROTTLING_QUOTA_EXCEEDED",
    "STORAGE_FULL",
    "KAFKA_STORAGE_ERROR",
    "IDEMPOTENCY_KEY_REUSED",
  ],
  headers: { "idempotency-key": "The request is carried out once, however often it comes within a day." },
};

/** The key decides who is calling, which page may ask and which may read the answer. */
export const ingestRoute: Route = {
  ...route(doc, () => Promise.reject(new TypeError("an ingest key admits first"))),
  admit: async (asked) => {
    const { caller, rule } = await admitIngest(asked);
    const { handle } = route(doc, async (request) => await taken(request, rule));
    return { caller, handle };
  },
};

async function taken({ request, ports }: RouteRequest, rule: IngestRule): Promise<Response> {
  const { webhook } = rule;
  takeIngested(ports.caller, rule, "requestsPerSecond", 1);
  const kind = ingestKind(request.headers, webhook);
  const bytes = await readBody(request, LIMITS.ingestBytesMax);
  takeIngested(ports.caller, rule, "bytesPerSecond", bytes.byteLength);
  if (webhook !== null && webhook.signature !== null)
    await demandSigned(webhook.signature, request.headers, bytes, ports.clock.now());
  const { headers } = request;
  const records = ingestedRecords(kind, headers, bytes, webhook?.keep ?? []);
  const outcomes = await ingest(ports, rule, records, { headers, body: bytes });
  return json({ records: outcomes.map(sentRecord) });
}

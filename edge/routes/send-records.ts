import {
  CLOUD_EVENT_MEDIA_TYPE,
  CLOUD_EVENTS_MEDIA_TYPE,
  JSON_MEDIA_TYPE,
  NDJSON_MEDIA_TYPE,
} from "../../shared/api/media-types.ts";
import type { SendRecordsAnswer, SentRecord } from "../../shared/api/send-records.ts";
import { LIMITS } from "../../shared/limits.ts";
import { LINE_REPORT, OUTGOING_RECORD, SEND_RECORDS_ANSWER, SEND_RECORDS_REQUEST } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { intakeKind, requestRecords } from "../intake/request-records.ts";
import { topicByName } from "../operations/ports.ts";
import { lineGrammar } from "../operations/record-lines.ts";
import { recordStream } from "../operations/record-stream.ts";
import { refuseIdempotencyKey, sendRequest } from "../operations/send-once.ts";
import type { RecordOutcome } from "../operations/send-records.ts";
import { json, PRIVATE, route, topicParam, type Route } from "./route.ts";

export const sendRecordsRoute: Route = route(
  {
    summary: "Append records, or CloudEvents; lines of JSON are answered line by line while they come in.",
    query: null,
    body: [
      { mediaType: JSON_MEDIA_TYPE, of: SEND_RECORDS_REQUEST },
      { mediaType: NDJSON_MEDIA_TYPE, of: OUTGOING_RECORD, isStream: true },
      { mediaType: CLOUD_EVENT_MEDIA_TYPE, of: null },
      { mediaType: CLOUD_EVENTS_MEDIA_TYPE, of: null },
    ],
    answer: {
      status: 200,
      contents: [
        { mediaType: JSON_MEDIA_TYPE, of: SEND_RECORDS_ANSWER },
        { mediaType: NDJSON_MEDIA_TYPE, of: LINE_REPORT, isStream: true },
      ],
    },
    errors: [
      "INVALID_REQUEST",
      "REQUEST_TOO_LARGE",
      "RECORD_LIST_TOO_LARGE",
      "UNSUPPORTED_MEDIA_TYPE",
      "TOPIC_AUTHORIZATION_FAILED",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_TOPIC_ID",
      "INVALID_RECORD",
      "INVALID_TIMESTAMP",
      "MESSAGE_TOO_LARGE",
      "STORAGE_FULL",
      "IDEMPOTENCY_KEY_REUSED",
      "KAFKA_STORAGE_ERROR",
    ],
    headers: {
      "idempotency-key": "The request is carried out once, however often it comes within a day; not of a stream.",
      "ce-specversion": "With `ce-id` and the others: the body is the data of a CloudEvent.",
    },
  },
  async (asked) => {
    const { request, ports } = asked;
    const name = topicParam(asked);
    // Before the body is read, which may be long.
    const kind = intakeKind(request.headers);
    const topic = await topicByName(ports, name, "produce");
    if (kind === "lines") {
      refuseIdempotencyKey(request.headers);
      const reports = recordStream(ports, topic, request.body, lineGrammar());
      return new Response(reports, { headers: { ...PRIVATE, "content-type": NDJSON_MEDIA_TYPE } });
    }
    const bytes = await readBody(request, LIMITS.recordsBodyBytesMax);
    const { headers } = request;
    const { records, alone } = requestRecords(kind, headers, bytes);
    return json(sentOf(await sendRequest(ports, topic, records, { headers, body: bytes }), alone));
  },
);

function sentOf(outcomes: readonly RecordOutcome[], alone: boolean): SendRecordsAnswer {
  const [first] = outcomes;
  if (alone && first !== undefined && first.error !== null) throw first.error;
  return { records: outcomes.map(sentRecord) };
}

/** A record's place in the answer. */
export function sentRecord(outcome: RecordOutcome): SentRecord {
  const { partition, error } = outcome;
  if (error !== null) return { partition, offset: null, timestamp: null, error: error.toBody() };
  const { offset, timestamp } = outcome;
  return { partition: outcome.partition, offset: offset < 0 ? null : offset, timestamp, error: null };
}

import { ENVELOPE_MEDIA_TYPE, EVENT_STREAM_MEDIA_TYPE, JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { RECORDS_ANSWER, RECORDS_HEAD } from "../answer-schemas.ts";
import { readRun, recordsAsJson } from "../operations/records.ts";
import { demand, recordsQuery } from "../schemas.ts";
import { entityTag, isNamed } from "./entity-tag.ts";
import { eventStreamAnswer } from "./event-stream.ts";
import { representationOf } from "./representation.ts";
import { json, partitionParam, PRIVATE, queryOf, route, topicParam, type Route } from "./route.ts";

/** JSON, or where it is accepted an envelope with the bounds as head and one run, or a stream of events. */
export const recordsRoute: Route = route(
  {
    summary: "Records from an offset on, for people and scripts.",
    query: recordsQuery,
    body: null,
    answer: {
      status: 200,
      contents: [
        { mediaType: JSON_MEDIA_TYPE, of: RECORDS_ANSWER },
        { mediaType: ENVELOPE_MEDIA_TYPE, of: RECORDS_HEAD },
        { mediaType: EVENT_STREAM_MEDIA_TYPE, of: null },
      ],
    },
    errors: [
      "NOT_ACCEPTABLE",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_TOPIC_ID",
      "NETWORK_EXCEPTION",
      "OFFSET_OUT_OF_RANGE",
      "TRUNCATED",
      "CORRUPT_MESSAGE",
      "UNSUPPORTED_COMPRESSION_TYPE",
      "KAFKA_STORAGE_ERROR",
    ],
    headers: {
      "if-none-match": "Entity tags of answers that are held: 304 where one of them is still true.",
      "last-event-id": "Id of the last event of a stream that is gone on with.",
    },
  },
  async (asked) => {
    const { request, ports } = asked;
    const query = demand(recordsQuery, queryOf(asked), "the query");
    const accept = request.headers.get("accept");
    const representation = representationOf(accept);
    if (representation === null) throw new StrandlineError("NOT_ACCEPTABLE", (accept ?? "").slice(0, 200));
    if (representation === "event-stream") return await eventStreamAnswer(asked, query.offset);
    const answer = await readRun(ports, topicParam(asked), partitionParam(asked), query);
    const etag = entityTag(answer, representation);
    if (isNamed(etag, request.headers.get("if-none-match")))
      return new Response(null, { status: 304, headers: { ...PRIVATE, etag } });
    if (representation === "json") return json(await recordsAsJson(answer), 200, { etag });
    const { leaderEpoch, logStartOffset, highWatermark, bytes } = answer;
    const head = { leaderEpoch, logStartOffset, highWatermark, bytes: bytes.byteLength };
    const headers = { ...PRIVATE, etag, "content-type": ENVELOPE_MEDIA_TYPE };
    return new Response(writeEnvelope(head, [bytes]), { headers });
  },
);

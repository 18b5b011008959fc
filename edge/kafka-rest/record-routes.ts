/** Produce and stateless fetch of the REST proxy's v2. */
import { LIMITS } from "../../shared/limits.ts";
import { readBody } from "../body.ts";
import { partitionByName, topicByName } from "../operations/ports.ts";
import { readRun, recordsAsJson } from "../operations/records.ts";
import { sendRequest } from "../operations/send-once.ts";
import {
  partitionParam,
  queryOf,
  route,
  topicParam,
  type Route,
  type RouteDoc,
  type RouteRequest,
} from "../routes/route.ts";
import { demand, parseJson } from "../schemas.ts";
import { REST_FETCHED, REST_PRODUCED } from "./answer-schemas.ts";
import { fetchedRecord } from "./fetched.ts";
import {
  acceptedFormat,
  producedFormat,
  REST_BINARY_MEDIA_TYPE,
  REST_JSON_MEDIA_TYPE,
  REST_MEDIA_TYPE,
} from "./media-types.ts";
import { rest } from "./metadata-routes.ts";
import { answerOfV2, recordsOfV2 } from "./produce-v2.ts";
import { anyQuery, REST_PRODUCE, restFetchQuery } from "./produced-schemas.ts";

const PRODUCE: Omit<RouteDoc, "summary"> = {
  query: anyQuery,
  body: [REST_JSON_MEDIA_TYPE, REST_BINARY_MEDIA_TYPE, "application/json"].map((mediaType) => ({
    mediaType,
    of: REST_PRODUCE,
  })),
  answer: { status: 200, contents: [{ mediaType: REST_MEDIA_TYPE, of: REST_PRODUCED }] },
  errors: [
    "INVALID_REQUEST",
    "INVALID_RECORD",
    "REQUEST_TOO_LARGE",
    "RECORD_LIST_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "TOPIC_AUTHORIZATION_FAILED",
    "UNKNOWN_TOPIC_OR_PARTITION",
    "IDEMPOTENCY_KEY_REUSED",
  ],
  headers: { "idempotency-key": "The request is carried out once, however often it comes within a day." },
};

export const restProduceRoute: Route = route(
  { summary: "REST proxy v2: append records to a topic; each is answered for itself.", ...PRODUCE },
  async (asked) => await produced(asked, null),
);

export const restProducePartitionRoute: Route = route(
  { summary: "REST proxy v2: append records to one partition; each is answered for itself.", ...PRODUCE },
  async (asked) => await produced(asked, partitionParam(asked)),
);

async function produced(asked: RouteRequest, partition: number | null): Promise<Response> {
  const { request, ports } = asked;
  const name = topicParam(asked);
  const format = producedFormat(request.headers);
  const topic =
    partition === null
      ? await topicByName(ports, name, "produce")
      : await partitionByName(ports, name, partition, "produce");
  const body = await readBody(request, LIMITS.recordsBodyBytesMax);
  const records = recordsOfV2(parseJson(body), format, partition);
  return rest(answerOfV2(await sendRequest(ports, topic, records, { headers: request.headers, body })));
}

export const restFetchRoute: Route = route(
  {
    summary: "REST proxy v2: records of a partition from an offset on, without a consumer.",
    query: restFetchQuery,
    body: null,
    answer: {
      status: 200,
      contents: [
        { mediaType: REST_BINARY_MEDIA_TYPE, of: REST_FETCHED },
        { mediaType: REST_JSON_MEDIA_TYPE, of: REST_FETCHED },
      ],
    },
    errors: [
      "INVALID_REQUEST",
      "INVALID_RECORD",
      "NOT_ACCEPTABLE",
      "TOPIC_AUTHORIZATION_FAILED",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "UNKNOWN_TOPIC_ID",
      "OFFSET_OUT_OF_RANGE",
      "CORRUPT_MESSAGE",
      "UNSUPPORTED_COMPRESSION_TYPE",
      "KAFKA_STORAGE_ERROR",
    ],
  },
  async (asked) => {
    const { ports, request } = asked;
    const format = acceptedFormat(request.headers.get("accept"));
    const { offset, timeout, max_bytes: maxBytes } = demand(restFetchQuery, queryOf(asked), "the query");
    const [topic, partition] = [topicParam(asked), partitionParam(asked)];
    const run = await readRun(ports, topic, partition, { offset, maxBytes, minBytes: 1, maxWaitMs: timeout });
    const { records } = await recordsAsJson(run);
    const fetched = records.map((record) => fetchedRecord({ topic, partition }, record, format));
    return rest(fetched, format === "json" ? REST_JSON_MEDIA_TYPE : REST_BINARY_MEDIA_TYPE);
  },
);

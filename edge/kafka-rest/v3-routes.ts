/** Clusters and produce of the REST proxy's v3. The one cluster of a caller is its namespace. */
import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { readBody } from "../body.ts";
import { topicByName, type EdgePorts, type KnownTopic } from "../operations/ports.ts";
import { recordStream } from "../operations/record-stream.ts";
import { refuseIdempotencyKey, sendRequest } from "../operations/send-once.ts";
import { json, PRIVATE, route, topicParam, type Route, type RouteDoc, type RouteRequest } from "../routes/route.ts";
import { parseJson } from "../schemas.ts";
import { REST_BATCH_PRODUCED, REST_CLUSTER, REST_CLUSTERS, REST_REPORT } from "./answer-schemas.ts";
import { demandJson } from "./media-types.ts";
import { batchAnswerOfV3, entriesOfV3, grammarOfV3 } from "./produce-v3.ts";
import { anyQuery, REST_BATCH, REST_RECORD } from "./produced-schemas.ts";

export const restClustersRoute: Route = route(
  {
    summary: "REST proxy v3: the cluster of the caller.",
    query: anyQuery,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: REST_CLUSTERS }] },
    errors: [],
  },
  async ({ ports, url }) => {
    const metadata = { self: `${url.origin}/kafka-rest/v3/clusters`, next: null };
    return await Promise.resolve(json({ kind: "KafkaClusterList", metadata, data: [clusterOf(ports, url)] }));
  },
);

export const restClusterRoute: Route = route(
  {
    summary: "REST proxy v3: one cluster.",
    query: anyQuery,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: REST_CLUSTER }] },
    errors: ["NOT_FOUND"],
  },
  async (asked) => {
    demandCluster(asked);
    return await Promise.resolve(json(clusterOf(asked.ports, asked.url)));
  },
);

const ERRORS: RouteDoc["errors"] = [
  "NOT_FOUND",
  "UNSUPPORTED_MEDIA_TYPE",
  "TOPIC_AUTHORIZATION_FAILED",
  "UNKNOWN_TOPIC_OR_PARTITION",
];

export const restProduceV3Route: Route = route(
  {
    summary: "REST proxy v3: append records that stream in, a report for each streaming out.",
    query: anyQuery,
    body: { mediaType: JSON_MEDIA_TYPE, of: REST_RECORD, isStream: true },
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: REST_REPORT, isStream: true }] },
    errors: ERRORS,
  },
  async (asked) => {
    const { cluster, topic } = await placeOf(asked);
    refuseIdempotencyKey(asked.request.headers);
    const grammar = grammarOfV3({ cluster, topic: topic.name });
    const reports = recordStream(asked.ports, topic, asked.request.body, grammar);
    return new Response(reports, { headers: { ...PRIVATE, "content-type": JSON_MEDIA_TYPE } });
  },
);

export const restProduceBatchV3Route: Route = route(
  {
    summary: "REST proxy v3: append records of one request, each under an id of the sender's.",
    query: anyQuery,
    body: { mediaType: JSON_MEDIA_TYPE, of: REST_BATCH },
    answer: { status: 207, contents: [{ mediaType: JSON_MEDIA_TYPE, of: REST_BATCH_PRODUCED }] },
    errors: [...ERRORS, "INVALID_REQUEST", "REQUEST_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "IDEMPOTENCY_KEY_REUSED"],
  },
  async (asked) => {
    const { cluster, topic } = await placeOf(asked);
    const body = await readBody(asked.request, LIMITS.recordsBodyBytesMax);
    const entries = entriesOfV3(parseJson(body));
    const records = entries.flatMap(({ record }) => (record instanceof StrandlineError ? [] : [record]));
    const outcomes = await sendRequest(asked.ports, topic, records, { headers: asked.request.headers, body });
    return json(batchAnswerOfV3({ cluster, topic: topic.name }, entries, outcomes), 207);
  },
);

/** Before the body is read, which may be long. */
async function placeOf(asked: RouteRequest): Promise<{ readonly cluster: string; readonly topic: KnownTopic }> {
  const cluster = demandCluster(asked);
  const name = topicParam(asked);
  demandJson(asked.request.headers);
  return { cluster, topic: await topicByName(asked.ports, name, "produce") };
}

/** Throws `NOT_FOUND`. */
function demandCluster({ params, ports }: RouteRequest): string {
  const { namespace } = ports.caller;
  const asked = params["cluster"] ?? "";
  if (asked === namespace) return namespace;
  const shown = asked.slice(0, 64);
  throw new StrandlineError("NOT_FOUND", `cluster ${JSON.stringify(shown)}`, { cluster: shown });
}

function clusterOf({ caller }: EdgePorts, { origin }: URL): object {
  const self = `${origin}/kafka-rest/v3/clusters/${encodeURIComponent(caller.namespace)}`;
  const metadata = { self, resource_name: `crn:///kafka=${caller.namespace}` };
  return { kind: "KafkaCluster", metadata, cluster_id: caller.namespace };
}

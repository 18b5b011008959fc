/**
 * A request of each route that is served where the credential is good, by the route's row in the table. A route without
 * one fails S01: it would be a door that nobody has tried to open.
 */
import { writeEnvelope } from "../../shared/envelope.ts";
import { plainBatch } from "./device.ts";

export interface Sample {
  readonly path: string;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address is the credential: none besides it is looked at. */
  readonly isItsOwnCredential?: true;
  /** It is answered without an object being asked. */
  readonly wakesNobody?: true;
}

const TOPIC_ID = "00000000-0000-4000-8000-000000000000";
const partition = { topicId: TOPIC_ID, partition: 0 };
const batch = plainBatch(["a"]);
const produce = { ...partition, leaderEpoch: null, producerKey: null, chain: 0, bytes: batch.length };
const fetched = { ...partition, offset: 0, leaderEpoch: null, previousCrc: null, maxBytes: 1 };
const reconcile = {
  topicId: TOPIC_ID,
  producerKey: "0".repeat(32),
  from: 0,
  batches: [{ count: 1, crc: 1 }],
  giveUp: true,
};

const PLACE = { topic: "orders", partition: 0 };

/** Of the namespace of a good credential. */
const INSTANCE = "/kafka-rest/consumers/:group/instances/:instance";
const CONSUMER = "/kafka-rest/consumers/g/instances/i";
const CLUSTER = "/kafka-rest/v3/clusters/acme";

function sending(route: string, path: string, json: object): [string, Sample][] {
  return [[route, { path, body: JSON.stringify(json), headers: { "content-type": "application/json" } }]];
}

const ACL = {
  ...{ resourceType: "TOPIC", resourceName: "*", patternType: "LITERAL" },
  ...{ principal: "User:*", operation: "ALL", permissionType: "ALLOW" },
};

export const SAMPLES: ReadonlyMap<string, Sample> = new Map<string, Sample>([
  ["POST /v1/produce", { path: "/v1/produce", body: writeEnvelope({ partitions: [produce] }, [batch]) }],
  [
    "POST /v1/fetch",
    {
      path: "/v1/fetch",
      body: JSON.stringify({ sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1, partitions: [fetched] }),
    },
  ],
  ["GET /v1/tail", { path: "/v1/tail", headers: { upgrade: "websocket" }, wakesNobody: true }],
  ["GET /v1/metadata", { path: "/v1/metadata?topics=made-by-a-stranger&create=true" }],
  ["GET /v1/topics", { path: "/v1/topics" }],
  ["POST /v1/topics", { path: "/v1/topics", body: JSON.stringify({ name: "made-by-a-stranger" }) }],
  ["GET /v1/topics/:topic", { path: "/v1/topics/orders" }],
  ["PATCH /v1/topics/:topic", { path: "/v1/topics/orders", body: JSON.stringify({ config: { "retention.ms": "1" } }) }],
  ["DELETE /v1/topics/:topic", { path: "/v1/topics/orders" }],
  [
    "POST /v1/topics/:topic/partitions",
    { path: "/v1/topics/orders/partitions", body: JSON.stringify({ partitionCount: 9 }) },
  ],
  ["DELETE /v1/topics/:topic/records", { path: "/v1/topics/orders/records?key=a" }],
  ["GET /v1/topics/:topic/partitions/:partition/records", { path: "/v1/topics/orders/partitions/0/records" }],
  [
    "DELETE /v1/topics/:topic/partitions/:partition/records",
    { path: "/v1/topics/orders/partitions/0/records?before=latest" },
  ],
  ["GET /v1/topics/:topic/partitions/:partition/offsets", { path: "/v1/topics/orders/partitions/0/offsets?at=latest" }],
  [
    "POST /v1/topics/:topic/partitions/:partition/reconcile",
    { path: "/v1/topics/orders/partitions/0/reconcile", body: JSON.stringify(reconcile) },
  ],
  ...sending("POST /v1/topics/:topic/records", "/v1/topics/orders/records", { value: "a" }),
  ["DELETE /v1/topics/:topic/records", { path: "/v1/topics/orders/records?key=k" }],
  ["GET /kafka-rest/topics", { path: "/kafka-rest/topics" }],
  ["GET /kafka-rest/topics/:topic", { path: "/kafka-rest/topics/orders" }],
  ...sending("POST /kafka-rest/topics/:topic", "/kafka-rest/topics/orders", { records: [{ value: 1 }] }),
  ["GET /kafka-rest/topics/:topic/partitions", { path: "/kafka-rest/topics/orders/partitions" }],
  ["GET /kafka-rest/topics/:topic/partitions/:partition", { path: "/kafka-rest/topics/orders/partitions/0" }],
  ...sending("POST /kafka-rest/topics/:topic/partitions/:partition", "/kafka-rest/topics/orders/partitions/0", {
    records: [{ value: 1 }],
  }),
  [
    "GET /kafka-rest/topics/:topic/partitions/:partition/offsets",
    { path: "/kafka-rest/topics/orders/partitions/0/offsets" },
  ],
  [
    "GET /kafka-rest/topics/:topic/partitions/:partition/records",
    { path: "/kafka-rest/topics/orders/partitions/0/records?offset=0" },
  ],
  ...sending("POST /kafka-rest/consumers/:group", "/kafka-rest/consumers/g", { name: "made-by-a-stranger" }),
  [`DELETE ${INSTANCE}`, { path: CONSUMER }],
  ...sending(`POST ${INSTANCE}/subscription`, `${CONSUMER}/subscription`, { topics: ["orders"] }),
  [`GET ${INSTANCE}/subscription`, { path: `${CONSUMER}/subscription` }],
  [`DELETE ${INSTANCE}/subscription`, { path: `${CONSUMER}/subscription` }],
  ...sending(`POST ${INSTANCE}/assignments`, `${CONSUMER}/assignments`, { partitions: [PLACE] }),
  [`GET ${INSTANCE}/assignments`, { path: `${CONSUMER}/assignments` }],
  [`GET ${INSTANCE}/records`, { path: `${CONSUMER}/records` }],
  ...sending(`POST ${INSTANCE}/offsets`, `${CONSUMER}/offsets`, { offsets: [{ ...PLACE, offset: 0 }] }),
  [`GET ${INSTANCE}/offsets`, { path: `${CONSUMER}/offsets` }],
  ...sending(`POST ${INSTANCE}/positions`, `${CONSUMER}/positions`, { offsets: [{ ...PLACE, offset: 0 }] }),
  ...sending(`POST ${INSTANCE}/positions/beginning`, `${CONSUMER}/positions/beginning`, { partitions: [PLACE] }),
  ...sending(`POST ${INSTANCE}/positions/end`, `${CONSUMER}/positions/end`, { partitions: [PLACE] }),
  ["GET /kafka-rest/v3/clusters", { path: "/kafka-rest/v3/clusters", wakesNobody: true }],
  ["GET /kafka-rest/v3/clusters/:cluster", { path: CLUSTER, wakesNobody: true }],
  ...sending("POST /kafka-rest/v3/clusters/:cluster/topics/:topic/records", `${CLUSTER}/topics/orders/records`, {
    value: { type: "STRING", data: "a" },
  }),
  ...sending(
    "POST /kafka-rest/v3/clusters/:cluster/topics/:topic/records:batch",
    `${CLUSTER}/topics/orders/records:batch`,
    { entries: [{ id: "1" }] },
  ),
  ["GET /v1/acls", { path: "/v1/acls" }],
  ["POST /v1/acls", { path: "/v1/acls", body: JSON.stringify({ acls: [ACL] }) }],
  ["DELETE /v1/acls", { path: "/v1/acls?resourceType=ANY" }],
  ["GET /v1/quotas", { path: "/v1/quotas" }],
  ["PUT /v1/quotas", { path: "/v1/quotas", body: JSON.stringify({ entity: "<default>", quotas: { topics_max: 0 } }) }],
  ["POST /v1/tickets", { path: "/v1/tickets", body: "" }],
  ...sending("POST /v1/devices", "/v1/devices", {
    ...{ deviceId: "0".repeat(32), clientId: "app", label: "Firefox", unsyncedRecords: 0 },
  }),
  ["GET /v1/revocations", { path: "/v1/revocations" }],
  ["POST /v1/revocations", { path: "/v1/revocations", body: JSON.stringify({ principal: "User:a-stranger" }) }],
  ["DELETE /v1/revocations/:revocation", { path: "/v1/revocations/none" }],
  ...sending("POST /v1/ingest-keys", "/v1/ingest-keys", { topic: "orders" }),
  ["GET /v1/ingest-keys", { path: "/v1/ingest-keys" }],
  ...sending("PATCH /v1/ingest-keys/:id", `/v1/ingest-keys/${"A".repeat(22)}`, { disabled: true }),
  ["DELETE /v1/ingest-keys/:id", { path: `/v1/ingest-keys/${"A".repeat(22)}` }],
  // `ingest-doors.test.ts` tries it with keys.
  [
    "POST /v1/ingest/:key",
    {
      path: "/v1/ingest/ik1.YWNtZQ.made-up.made-up",
      body: '{"value":"a"}',
      headers: { "content-type": "application/json" },
      isItsOwnCredential: true,
    },
  ],
  ["GET /v1/groups", { path: "/v1/groups" }],
  ["GET /v1/groups/:group", { path: "/v1/groups/g" }],
  ["DELETE /v1/groups/:group", { path: "/v1/groups/g" }],
  ["GET /v1/groups/:group/lag", { path: "/v1/groups/g/lag" }],
  ...sending("POST /v1/groups/:group/heartbeat", "/v1/groups/g/heartbeat", {
    ...{ memberId: "A".repeat(22), memberEpoch: 0, owned: [] },
    subscription: { topics: ["orders"], patterns: [] },
  }),
  // Its member is none of the caller's.
  [
    "POST /v1/groups/:group/leave",
    { path: "/v1/groups/g/leave", body: JSON.stringify({ memberId: "A".repeat(22) }), wakesNobody: true },
  ],
  ["GET /v1/groups/:group/offsets", { path: "/v1/groups/g/offsets" }],
  ...sending("POST /v1/groups/:group/offsets", "/v1/groups/g/offsets", {
    ...{ memberId: null, memberEpoch: 0, commit: 0 },
    offsets: [{ ...partition, offset: 0 }],
  }),
  ...sending("POST /v1/groups/:group/offsets/reset", "/v1/groups/g/offsets/reset", {
    ...{ topics: ["orders"], to: "latest" },
  }),
  ["GET /metrics", { path: "/metrics" }],
  ["GET /openapi.json", { path: "/openapi.json", wakesNobody: true }],
]);

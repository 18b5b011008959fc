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
  ["GET /v1/acls", { path: "/v1/acls" }],
  ["POST /v1/acls", { path: "/v1/acls", body: JSON.stringify({ acls: [ACL] }) }],
  ["DELETE /v1/acls", { path: "/v1/acls?resourceType=ANY" }],
  ["POST /v1/tickets", { path: "/v1/tickets", body: "" }],
  ["GET /v1/revocations", { path: "/v1/revocations" }],
  ["POST /v1/revocations", { path: "/v1/revocations", body: JSON.stringify({ principal: "User:a-stranger" }) }],
  ["DELETE /v1/revocations/:revocation", { path: "/v1/revocations/none" }],
  ["GET /metrics", { path: "/metrics" }],
  ["GET /openapi.json", { path: "/openapi.json", wakesNobody: true }],
]);

/**
 * What each operation needs, in Kafka's words: the one table of rights. Operations ask by these names, `/openapi.json`
 * tells them, and a route that has no row here fails the tests.
 */
import type { AclOperation, ResourceType } from "../../shared/api/acls.ts";

/** Of the topic, of the group, or of the cluster, that is asked for. */
export type Right = readonly [resourceType: Exclude<ResourceType, "TRANSACTIONAL_ID">, operation: AclOperation];

export type Need =
  | "produce"
  | "reconcile"
  | "fetch"
  | "records"
  | "tail"
  | "listOffsets"
  | "deleteRecords"
  | "erase"
  | "describeTopic"
  | "describeConfigs"
  | "createTopic"
  | "alterTopic"
  | "growTopic"
  | "deleteTopic"
  | "describeAcls"
  | "alterAcls"
  | "describeQuotas"
  | "alterQuotas"
  | "revoke"
  | "describeRevocations"
  | "ingestKeys"
  | "joinGroup"
  | "groupTopics"
  | "describeGroup"
  | "describeGroupTopics"
  | "deleteGroup"
  | "metrics";

/** Any one of the rights will do. */
export const NEEDS: Readonly<Record<Need, readonly [Right, ...Right[]]>> = {
  produce: [["TOPIC", "WRITE"]],
  /** Who may no longer write may still give up what it had: a batch that is reported dead must not land later. */
  reconcile: [
    ["TOPIC", "DESCRIBE"],
    ["TOPIC", "WRITE"],
  ],
  fetch: [["TOPIC", "READ"]],
  records: [["TOPIC", "READ"]],
  tail: [["TOPIC", "READ"]],
  listOffsets: [["TOPIC", "DESCRIBE"]],
  deleteRecords: [["TOPIC", "DELETE"]],
  /** Its tombstones are no writing: whoever may delete all may delete one key. */
  erase: [["TOPIC", "DELETE"]],
  /** Metadata and listings leave out, or refuse, what may not be described. */
  describeTopic: [["TOPIC", "DESCRIBE"]],
  /** Without it a topic's configuration is left out of every answer. */
  describeConfigs: [["TOPIC", "DESCRIBE_CONFIGS"]],
  /** Also by metadata, where topics make themselves. */
  createTopic: [
    ["CLUSTER", "CREATE"],
    ["TOPIC", "CREATE"],
  ],
  alterTopic: [["TOPIC", "ALTER_CONFIGS"]],
  growTopic: [["TOPIC", "ALTER"]],
  deleteTopic: [["TOPIC", "DELETE"]],
  describeAcls: [["CLUSTER", "DESCRIBE"]],
  alterAcls: [["CLUSTER", "ALTER"]],
  describeQuotas: [["CLUSTER", "DESCRIBE_CONFIGS"]],
  alterQuotas: [["CLUSTER", "ALTER_CONFIGS"]],
  revoke: [["CLUSTER", "ALTER"]],
  describeRevocations: [["CLUSTER", "DESCRIBE"]],
  /** Those of other topics are as if they were not there. */
  ingestKeys: [["TOPIC", "ALTER"]],
  /** Also to leave, to commit, and to reset offsets. */
  joinGroup: [["GROUP", "READ"]],
  /** Of each topic that is named; patterns pass by what may not be read. */
  groupTopics: [["TOPIC", "READ"]],
  /** Listings leave out what may not be described. */
  describeGroup: [["GROUP", "DESCRIBE"]],
  /** Offsets of other topics are left out. */
  describeGroupTopics: [["TOPIC", "DESCRIBE"]],
  deleteGroup: [["GROUP", "DELETE"]],
  metrics: [["CLUSTER", "DESCRIBE"]],
};

const PARTITION = "/v1/topics/:topic/partitions/:partition";
const GROUP = "/v1/groups/:group";
const REST_TOPIC = "/kafka-rest/topics/:topic";
const REST_INSTANCE = "/kafka-rest/consumers/:group/instances/:instance";
const REST_CLUSTER = "/kafka-rest/v3/clusters/:cluster";

/** What each route may ask for, the first always. None: whoever is served at all. */
export const ROUTE_NEEDS: Readonly<Record<string, readonly Need[]>> = {
  "POST /v1/produce": ["produce"],
  "POST /v1/fetch": ["fetch"],
  "GET /v1/tail": ["tail", "joinGroup", "groupTopics"],
  "GET /v1/metadata": ["describeTopic", "describeConfigs", "createTopic"],
  "GET /v1/topics": ["describeTopic", "describeConfigs"],
  "POST /v1/topics": ["createTopic", "describeConfigs"],
  "GET /v1/topics/:topic": ["describeTopic", "describeConfigs"],
  "PATCH /v1/topics/:topic": ["alterTopic", "describeConfigs"],
  "DELETE /v1/topics/:topic": ["deleteTopic"],
  "DELETE /v1/topics/:topic/records": ["erase"],
  "POST /v1/topics/:topic/partitions": ["growTopic", "describeConfigs"],
  "POST /v1/topics/:topic/records": ["produce"],
  "GET /kafka-rest/topics": ["describeTopic"],
  [`GET ${REST_TOPIC}`]: ["describeTopic", "describeConfigs"],
  [`POST ${REST_TOPIC}`]: ["produce"],
  [`GET ${REST_TOPIC}/partitions`]: ["describeTopic"],
  [`GET ${REST_TOPIC}/partitions/:partition`]: ["describeTopic"],
  [`POST ${REST_TOPIC}/partitions/:partition`]: ["produce"],
  [`GET ${REST_TOPIC}/partitions/:partition/offsets`]: ["listOffsets"],
  [`GET ${REST_TOPIC}/partitions/:partition/records`]: ["records"],
  "POST /kafka-rest/consumers/:group": ["joinGroup"],
  [`DELETE ${REST_INSTANCE}`]: ["joinGroup"],
  [`POST ${REST_INSTANCE}/subscription`]: ["joinGroup", "groupTopics"],
  [`GET ${REST_INSTANCE}/subscription`]: ["joinGroup"],
  [`DELETE ${REST_INSTANCE}/subscription`]: ["joinGroup"],
  [`POST ${REST_INSTANCE}/assignments`]: ["joinGroup", "groupTopics"],
  [`GET ${REST_INSTANCE}/assignments`]: ["joinGroup"],
  [`GET ${REST_INSTANCE}/records`]: ["joinGroup", "groupTopics"],
  [`POST ${REST_INSTANCE}/offsets`]: ["joinGroup", "groupTopics"],
  [`GET ${REST_INSTANCE}/offsets`]: ["joinGroup", "groupTopics"],
  [`POST ${REST_INSTANCE}/positions`]: ["joinGroup"],
  [`POST ${REST_INSTANCE}/positions/beginning`]: ["joinGroup"],
  [`POST ${REST_INSTANCE}/positions/end`]: ["joinGroup"],
  "GET /kafka-rest/v3/clusters": [],
  [`GET ${REST_CLUSTER}`]: [],
  [`POST ${REST_CLUSTER}/topics/:topic/records`]: ["produce"],
  [`POST ${REST_CLUSTER}/topics/:topic/records:batch`]: ["produce"],
  [`GET ${PARTITION}/records`]: ["records"],
  [`DELETE ${PARTITION}/records`]: ["deleteRecords"],
  [`GET ${PARTITION}/offsets`]: ["listOffsets"],
  [`POST ${PARTITION}/reconcile`]: ["reconcile"],
  "POST /v1/tickets": [],
  "POST /v1/devices": [],
  "GET /v1/revocations": ["describeRevocations"],
  "POST /v1/revocations": ["revoke"],
  "DELETE /v1/revocations/:revocation": ["revoke"],
  "GET /v1/acls": ["describeAcls"],
  "POST /v1/acls": ["alterAcls"],
  "DELETE /v1/acls": ["alterAcls"],
  "GET /v1/quotas": ["describeQuotas"],
  "PUT /v1/quotas": ["alterQuotas"],
  "GET /v1/groups": ["describeGroup"],
  [`GET ${GROUP}`]: ["describeGroup", "describeGroupTopics"],
  [`DELETE ${GROUP}`]: ["deleteGroup"],
  [`GET ${GROUP}/lag`]: ["describeGroup", "describeGroupTopics"],
  [`POST ${GROUP}/heartbeat`]: ["joinGroup", "groupTopics"],
  [`POST ${GROUP}/leave`]: ["joinGroup"],
  [`GET ${GROUP}/offsets`]: ["describeGroup", "describeGroupTopics"],
  [`POST ${GROUP}/offsets`]: ["joinGroup", "groupTopics"],
  [`POST ${GROUP}/offsets/reset`]: ["joinGroup", "groupTopics"],
  "POST /v1/ingest-keys": ["ingestKeys"],
  "GET /v1/ingest-keys": ["ingestKeys"],
  "PATCH /v1/ingest-keys/:id": ["ingestKeys"],
  "DELETE /v1/ingest-keys/:id": ["ingestKeys"],
  // Its key says who it is, and grants it the one right that there is.
  "POST /v1/ingest/:key": [],
  "GET /metrics": ["metrics"],
  "GET /openapi.json": [],
};

/** The REST proxy's face, as rows of the table of routes. */
import type { Route } from "../routes/route.ts";
import {
  assignmentRoute,
  assignRoute,
  commitRoute,
  committedRoute,
  createConsumerRoute,
  deleteConsumerRoute,
  pollRoute,
  seekRoute,
  seekToBeginningRoute,
  seekToEndRoute,
  subscribeRoute,
  subscriptionRoute,
  unsubscribeRoute,
} from "./consumers/consumer-routes.ts";
import {
  restOffsetsRoute,
  restPartitionRoute,
  restPartitionsRoute,
  restTopicRoute,
  restTopicsRoute,
} from "./metadata-routes.ts";
import { restFetchRoute, restProducePartitionRoute, restProduceRoute } from "./record-routes.ts";
import { restClusterRoute, restClustersRoute, restProduceBatchV3Route, restProduceV3Route } from "./v3-routes.ts";

const TOPIC = "/kafka-rest/topics/:topic";
const PARTITION = `${TOPIC}/partitions/:partition`;
const INSTANCE = "/kafka-rest/consumers/:group/instances/:instance";
const CLUSTER = "/kafka-rest/v3/clusters/:cluster";

export const KAFKA_REST_ROUTES: readonly (readonly [method: "GET" | "POST" | "DELETE", path: string, route: Route])[] =
  [
    ["GET", "/kafka-rest/topics", restTopicsRoute],
    ["GET", TOPIC, restTopicRoute],
    ["POST", TOPIC, restProduceRoute],
    ["GET", `${TOPIC}/partitions`, restPartitionsRoute],
    ["GET", PARTITION, restPartitionRoute],
    ["POST", PARTITION, restProducePartitionRoute],
    ["GET", `${PARTITION}/offsets`, restOffsetsRoute],
    ["GET", `${PARTITION}/records`, restFetchRoute],
    ["POST", "/kafka-rest/consumers/:group", createConsumerRoute],
    ["DELETE", INSTANCE, deleteConsumerRoute],
    ["POST", `${INSTANCE}/subscription`, subscribeRoute],
    ["GET", `${INSTANCE}/subscription`, subscriptionRoute],
    ["DELETE", `${INSTANCE}/subscription`, unsubscribeRoute],
    ["POST", `${INSTANCE}/assignments`, assignRoute],
    ["GET", `${INSTANCE}/assignments`, assignmentRoute],
    ["GET", `${INSTANCE}/records`, pollRoute],
    ["POST", `${INSTANCE}/offsets`, commitRoute],
    ["GET", `${INSTANCE}/offsets`, committedRoute],
    ["POST", `${INSTANCE}/positions`, seekRoute],
    ["POST", `${INSTANCE}/positions/beginning`, seekToBeginningRoute],
    ["POST", `${INSTANCE}/positions/end`, seekToEndRoute],
    ["GET", "/kafka-rest/v3/clusters", restClustersRoute],
    ["GET", CLUSTER, restClusterRoute],
    ["POST", `${CLUSTER}/topics/:topic/records`, restProduceV3Route],
    ["POST", `${CLUSTER}/topics/:topic/records:batch`, restProduceBatchV3Route],
  ];

/** The REST proxy's face, as rows of the table of routes. */
import type { Route } from "../routes/route.ts";
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
const CLUSTER = "/kafka-rest/v3/clusters/:cluster";

export const KAFKA_REST_ROUTES: readonly (readonly [method: "GET" | "POST", path: string, route: Route])[] = [
  ["GET", "/kafka-rest/topics", restTopicsRoute],
  ["GET", TOPIC, restTopicRoute],
  ["POST", TOPIC, restProduceRoute],
  ["GET", `${TOPIC}/partitions`, restPartitionsRoute],
  ["GET", PARTITION, restPartitionRoute],
  ["POST", PARTITION, restProducePartitionRoute],
  ["GET", `${PARTITION}/offsets`, restOffsetsRoute],
  ["GET", `${PARTITION}/records`, restFetchRoute],
  ["GET", "/kafka-rest/v3/clusters", restClustersRoute],
  ["GET", CLUSTER, restClusterRoute],
  ["POST", `${CLUSTER}/topics/:topic/records`, restProduceV3Route],
  ["POST", `${CLUSTER}/topics/:topic/records:batch`, restProduceBatchV3Route],
];

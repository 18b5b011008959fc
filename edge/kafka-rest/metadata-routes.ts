/** Topics, partitions and offsets as the REST proxy's v2 tells them. Every partition has one replica, which leads it. */
import { listOffsets } from "../operations/list-offsets.ts";
import { partitionByName } from "../operations/ports.ts";
import { describeTopic, listTopics } from "../operations/topics.ts";
import { partitionParam, PRIVATE, route, topicParam, type Route, type RouteDoc } from "../routes/route.ts";
import type { NamedSchema } from "../answer-schemas.ts";
import { REST_OFFSETS, REST_PARTITION, REST_PARTITIONS, REST_TOPIC, REST_TOPICS } from "./answer-schemas.ts";
import { REST_MEDIA_TYPE } from "./media-types.ts";
import { anyQuery } from "./produced-schemas.ts";

export function rest(body: unknown, mediaType: string = REST_MEDIA_TYPE, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...PRIVATE, "content-type": mediaType } });
}

function doc(summary: string, of: NamedSchema, errors: RouteDoc["errors"]): RouteDoc {
  const contents = [{ mediaType: REST_MEDIA_TYPE, of }];
  return { summary, query: anyQuery, body: null, answer: { status: 200, contents }, errors };
}

export const restTopicsRoute: Route = route(
  doc("REST proxy v2: names of all topics.", REST_TOPICS, []),
  async ({ ports }) => rest((await listTopics(ports)).topics.map(({ name }) => name)),
);

export const restTopicRoute: Route = route(
  doc("REST proxy v2: one topic, its configuration and its partitions.", REST_TOPIC, [
    "UNKNOWN_TOPIC_OR_PARTITION",
    "TOPIC_AUTHORIZATION_FAILED",
  ]),
  async (asked) => {
    const { name, config, defaults, partitionCount } = await describeTopic(asked.ports, topicParam(asked));
    return rest({ name, configs: { ...defaults, ...config }, partitions: partitionsOf(partitionCount) });
  },
);

export const restPartitionsRoute: Route = route(
  doc("REST proxy v2: the partitions of a topic.", REST_PARTITIONS, [
    "UNKNOWN_TOPIC_OR_PARTITION",
    "TOPIC_AUTHORIZATION_FAILED",
  ]),
  async (asked) => rest(partitionsOf((await describeTopic(asked.ports, topicParam(asked))).partitionCount)),
);

export const restPartitionRoute: Route = route(
  doc("REST proxy v2: one partition.", REST_PARTITION, ["UNKNOWN_TOPIC_OR_PARTITION", "TOPIC_AUTHORIZATION_FAILED"]),
  async (asked) => {
    const partition = partitionParam(asked);
    await describeTopic(asked.ports, topicParam(asked));
    await partitionByName(asked.ports, topicParam(asked), partition, "describeTopic");
    return rest(partitionOf(partition));
  },
);

export const restOffsetsRoute: Route = route(
  doc("REST proxy v2: where the log of a partition begins and ends.", REST_OFFSETS, [
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_ID",
    "TOPIC_AUTHORIZATION_FAILED",
    "KAFKA_STORAGE_ERROR",
  ]),
  async (asked) => {
    const [name, partition] = [topicParam(asked), partitionParam(asked)];
    const [earliest, latest] = await Promise.all([
      listOffsets(asked.ports, name, partition, "earliest"),
      listOffsets(asked.ports, name, partition, "latest"),
    ]);
    return rest({ beginning_offset: earliest.offset, end_offset: latest.offset });
  },
);

function partitionsOf(count: number): object[] {
  return Array.from({ length: count }, (_, partition) => partitionOf(partition));
}

function partitionOf(partition: number): object {
  return { partition, leader: 0, replicas: [{ broker: 0, leader: true, in_sync: true }] };
}

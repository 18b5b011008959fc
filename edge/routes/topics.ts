import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { LIST_TOPICS_ANSWER, TOPIC } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { createTopic, describeTopic, listTopics } from "../operations/topics.ts";
import { createTopicRequest, demand, parseJson } from "../schemas.ts";
import { json, route, topicParam, type Route } from "./route.ts";

export const createTopicRoute: Route = route(
  {
    summary: "Create a topic.",
    query: null,
    body: { mediaType: JSON_MEDIA_TYPE, of: { name: "CreateTopicRequest", schema: createTopicRequest } },
    answer: { status: 201, contents: [{ mediaType: JSON_MEDIA_TYPE, of: TOPIC }] },
    errors: [
      "INVALID_REQUEST",
      "REQUEST_TOO_LARGE",
      "TOPIC_ALREADY_EXISTS",
      "INVALID_TOPIC_EXCEPTION",
      "INVALID_PARTITIONS",
      "INVALID_CONFIG",
    ],
  },
  async ({ request, ports }) => {
    const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
    return json(await createTopic(ports, demand(createTopicRequest, body, "the body")), 201);
  },
);

export const listTopicsRoute: Route = route(
  {
    summary: "All topics.",
    query: null,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: LIST_TOPICS_ANSWER }] },
    errors: [],
  },
  async ({ ports }) => json(await listTopics(ports)),
);

export const describeTopicRoute: Route = route(
  {
    summary: "One topic.",
    query: null,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: TOPIC }] },
    errors: ["UNKNOWN_TOPIC_OR_PARTITION"],
  },
  async (asked) => json(await describeTopic(asked.ports, topicParam(asked))),
);

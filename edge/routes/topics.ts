import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import {
  DELETE_TOPIC_ANSWER,
  DESCRIBE_TOPIC_ANSWER,
  GROW_TOPIC_ANSWER,
  LIST_TOPICS_ANSWER,
  TOPIC,
  type NamedSchema,
} from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { alterTopic, createTopic, deleteTopic, describeTopic, growTopic, listTopics } from "../operations/topics.ts";
import { alterTopicRequest, createTopicRequest, demand, growTopicRequest, parseJson } from "../schemas.ts";
import { json, route, topicParam, type Route, type RouteDoc } from "./route.ts";

async function bodyOf(request: Request): Promise<unknown> {
  return parseJson(await readBody(request, LIMITS.jsonBytesMax));
}

/** The same, with a config. Throws `INVALID_CONFIG` for the one name that the schemas would leave out without a word. */
async function configured(request: Request): Promise<unknown> {
  const body = await bodyOf(request);
  const config = typeof body === "object" && body !== null && "config" in body ? body.config : null;
  if (typeof config === "object" && config !== null && Object.hasOwn(config, "__proto__"))
    throw new StrandlineError("INVALID_CONFIG", 'no config is named "__proto__"', { config: "__proto__" });
  return body;
}

const content = (of: NamedSchema): RouteDoc["answer"]["contents"][number] => ({ mediaType: JSON_MEDIA_TYPE, of });
const answers = (of: NamedSchema): RouteDoc["answer"] => ({ status: 200, contents: [content(of)] });

export const createTopicRoute: Route = route(
  {
    summary: "Create a topic.",
    query: null,
    body: content({ name: "CreateTopicRequest", schema: createTopicRequest }),
    answer: { status: 201, repeated: 200, contents: [content(TOPIC)] },
    errors: [
      "REQUEST_TOO_LARGE",
      "TOPIC_AUTHORIZATION_FAILED",
      "TOPIC_ALREADY_EXISTS",
      "INVALID_TOPIC_EXCEPTION",
      "INVALID_PARTITIONS",
      "INVALID_CONFIG",
      "UNSUPPORTED_OPERATION",
    ],
  },
  async ({ request, ports }) => {
    const asked = demand(createTopicRequest, await configured(request), "the body");
    const { topic, created } = await createTopic(ports, asked);
    return json(topic, created ? 201 : 200);
  },
);

export const listTopicsRoute: Route = route(
  {
    summary: "All topics that may be described.",
    query: null,
    body: null,
    answer: answers(LIST_TOPICS_ANSWER),
    errors: [],
  },
  async ({ ports }) => json(await listTopics(ports)),
);

export const describeTopicRoute: Route = route(
  {
    summary: "One topic, and the defaults of what it does not configure.",
    query: null,
    body: null,
    answer: answers(DESCRIBE_TOPIC_ANSWER),
    errors: ["TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PARTITION"],
  },
  async (asked) => json(await describeTopic(asked.ports, topicParam(asked))),
);

export const alterTopicRoute: Route = route(
  {
    summary: "Alter the configuration of a topic; null resets an entry to its default.",
    query: null,
    body: content({ name: "AlterTopicRequest", schema: alterTopicRequest }),
    answer: answers(TOPIC),
    errors: ["REQUEST_TOO_LARGE", "TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PARTITION", "INVALID_CONFIG"],
  },
  async (asked) => {
    const request = demand(alterTopicRequest, await configured(asked.request), "the body");
    return json(await alterTopic(asked.ports, topicParam(asked), request));
  },
);

export const growTopicRoute: Route = route(
  {
    summary: "Grow a topic to so many partitions.",
    query: null,
    body: content({ name: "GrowTopicRequest", schema: growTopicRequest }),
    answer: { ...answers(GROW_TOPIC_ANSWER), later: 202 },
    errors: ["REQUEST_TOO_LARGE", "TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PARTITION", "INVALID_PARTITIONS"],
  },
  async (asked) => {
    const request = demand(growTopicRequest, await bodyOf(asked.request), "the body");
    const grown = await growTopic(asked.ports, topicParam(asked), request);
    return json(grown, grown.partitionCount < request.partitionCount ? 202 : 200);
  },
);

export const deleteTopicRoute: Route = route(
  {
    summary: "Delete a topic. Its name is free at once, its storage follows.",
    query: null,
    body: null,
    answer: answers(DELETE_TOPIC_ANSWER),
    errors: ["TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PARTITION"],
  },
  async (asked) => json(await deleteTopic(asked.ports, topicParam(asked))),
);

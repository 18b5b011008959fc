import { LIMITS } from "../../shared/limits.ts";
import { readBody } from "../body.ts";
import { createTopic, describeTopic, listTopics } from "../operations/topics.ts";
import { createTopicRequest, demand, parseJson } from "../schemas.ts";
import { json, topicParam, type Route } from "./route.ts";

export const createTopicRoute: Route = async ({ request, ports }) => {
  const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
  return json(await createTopic(ports, demand(createTopicRequest, body, "the body")), 201);
};

export const listTopicsRoute: Route = async ({ ports }) => json(await listTopics(ports));

export const describeTopicRoute: Route = async (route) => json(await describeTopic(route.ports, topicParam(route)));

import { LIMITS } from "../../shared/limits.ts";
import { readBody } from "../body.ts";
import { alterTopic, createTopic, deleteTopic, describeTopic, growTopic, listTopics } from "../operations/topics.ts";
import { alterTopicRequest, createTopicRequest, demand, growTopicRequest, parseJson } from "../schemas.ts";
import { json, topicParam, type Route } from "./route.ts";

async function bodyOf(request: Request): Promise<unknown> {
  return parseJson(await readBody(request, LIMITS.jsonBytesMax));
}

export const createTopicRoute: Route = async ({ request, ports }) => {
  const { topic, created } = await createTopic(ports, demand(createTopicRequest, await bodyOf(request), "the body"));
  return json(topic, created ? 201 : 200);
};

export const listTopicsRoute: Route = async ({ ports }) => json(await listTopics(ports));

export const describeTopicRoute: Route = async (route) => json(await describeTopic(route.ports, topicParam(route)));

export const alterTopicRoute: Route = async (route) => {
  const request = demand(alterTopicRequest, await bodyOf(route.request), "the body");
  return json(await alterTopic(route.ports, topicParam(route), request));
};

export const growTopicRoute: Route = async (route) => {
  const request = demand(growTopicRequest, await bodyOf(route.request), "the body");
  return json(await growTopic(route.ports, topicParam(route), request));
};

export const deleteTopicRoute: Route = async (route) => json(await deleteTopic(route.ports, topicParam(route)));

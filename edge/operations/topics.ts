/** Topics: create, list, describe. */
import type { CreateTopicAnswer, CreateTopicRequest, ListTopicsAnswer } from "../../shared/api/topics.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import { take } from "../outcome.ts";
import { topicByName, type EdgePorts } from "./ports.ts";

export async function createTopic(ports: EdgePorts, request: CreateTopicRequest): Promise<CreateTopicAnswer> {
  const created = take(
    await ports.controller.createTopic(request.name, request.partitionCount ?? null, request.config ?? {}),
  );
  ports.topics.learn(created);
  return created;
}

export async function listTopics(ports: EdgePorts): Promise<ListTopicsAnswer> {
  const found = await ports.controller.topics(null, false);
  return { topics: found.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])) };
}

export async function describeTopic(ports: EdgePorts, name: string): Promise<TopicMetadata> {
  return await topicByName(ports, name);
}

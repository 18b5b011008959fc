/** Topics: create, list, describe, alter, grow, delete. What changes them is the controller's, and so is every answer. */
import type {
  AlterTopicAnswer,
  AlterTopicRequest,
  CreateTopicRequest,
  DeleteTopicAnswer,
  DescribeTopicAnswer,
  GrowTopicAnswer,
  GrowTopicRequest,
  ListTopicsAnswer,
} from "../../shared/api/topics.ts";
import type { CreatedTopic } from "../controller/topic-registry.ts";
import { take } from "../outcome.ts";
import { defaultsOf } from "../topic-config.ts";
import { unknownTopic, type EdgePorts } from "./ports.ts";

/** Throws `TOPIC_ALREADY_EXISTS` and what says that the name, the count or the config is not legal. */
export async function createTopic(ports: EdgePorts, request: CreateTopicRequest): Promise<CreatedTopic> {
  const created = take(await ports.controller.createTopic(request));
  ports.topics.learn(created.topic);
  return created;
}

export async function listTopics(ports: EdgePorts): Promise<ListTopicsAnswer> {
  const found = await ports.controller.topics(null, false);
  return { topics: found.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])) };
}

/** As it is now: whoever has just changed a topic looks here. Throws `UNKNOWN_TOPIC_OR_PARTITION`. */
export async function describeTopic(ports: EdgePorts, name: string): Promise<DescribeTopicAnswer> {
  const [found] = await ports.controller.topics([name], false);
  if (found === undefined) throw unknownTopic(name);
  const topic = take(found);
  ports.topics.learn(topic);
  return { ...topic, defaults: defaultsOf(topic.config) };
}

/** Throws `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_CONFIG`. */
export async function alterTopic(
  ports: EdgePorts,
  name: string,
  { config }: AlterTopicRequest,
): Promise<AlterTopicAnswer> {
  const altered = take(await ports.controller.alterTopic(name, config));
  ports.topics.learn(altered);
  return altered;
}

/** Done where the answer's count is the one that was asked for. Throws `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_PARTITIONS`. */
export async function growTopic(
  ports: EdgePorts,
  name: string,
  { partitionCount }: GrowTopicRequest,
): Promise<GrowTopicAnswer> {
  const { topic, growingTo, waitsFor } = take(await ports.controller.growTopic(name, partitionCount));
  ports.topics.learn(topic);
  return { ...topic, growingTo, waitsFor };
}

/** Throws `UNKNOWN_TOPIC_OR_PARTITION`. */
export async function deleteTopic(ports: EdgePorts, name: string): Promise<DeleteTopicAnswer> {
  const deleted = take(await ports.controller.deleteTopic(name));
  ports.topics.forget(deleted.topicId);
  return deleted;
}

/**
 * Topics: create, list, describe, alter, grow, delete. What changes them is the controller's, and so is every answer.
 * What the caller may not do is `TOPIC_AUTHORIZATION_FAILED`, before anybody looks whether there is such a topic.
 */
import type {
  AlterTopicAnswer,
  AlterTopicRequest,
  ConfigChanges,
  CreateTopicRequest,
  DeleteTopicAnswer,
  DescribeTopicAnswer,
  GrowTopicAnswer,
  GrowTopicRequest,
  ListTopicsAnswer,
} from "../../shared/api/topics.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission, isPermitted } from "../access/access.ts";
import { ANYBODY } from "../auth/caller.ts";
import type { CreatedTopic } from "../controller/topic-registry.ts";
import { take } from "../outcome.ts";
import { defaultsOf } from "../topic-config.ts";
import { unknownTopic, type EdgePorts } from "./ports.ts";
import { asShownTo } from "./shown-topic.ts";

/** Throws `TOPIC_ALREADY_EXISTS` and what says that the name, the count or the config is not legal. */
export async function createTopic(ports: EdgePorts, request: CreateTopicRequest): Promise<CreatedTopic> {
  demandPermission(ports.access, "createTopic", request.name);
  demandOrigins(ports, request.config ?? {});
  const created = take(await ports.controller.createTopic(request));
  ports.topics.learn(created.topic);
  return { ...created, topic: asShownTo(ports, created.topic) };
}

/** Those that may be described. */
export async function listTopics(ports: EdgePorts): Promise<ListTopicsAnswer> {
  const found = await ports.controller.topics(null, false);
  const topics = found.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
  const visible = topics.filter(({ name }) => isPermitted(ports.access, "describeTopic", name));
  return { topics: visible.map((topic) => asShownTo(ports, topic)) };
}

/** As it is now: whoever has just changed a topic looks here. Throws `UNKNOWN_TOPIC_OR_PARTITION`. */
export async function describeTopic(ports: EdgePorts, name: string): Promise<DescribeTopicAnswer> {
  demandPermission(ports.access, "describeTopic", name);
  const [found] = await ports.controller.topics([name], false);
  if (found === undefined) throw unknownTopic(name);
  const topic = take(found);
  ports.topics.learn(topic);
  const withConfigs = isPermitted(ports.access, "describeConfigs", name);
  return { ...asShownTo(ports, topic), defaults: withConfigs ? defaultsOf(topic.config) : {} };
}

/** Throws `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_CONFIG`. */
export async function alterTopic(
  ports: EdgePorts,
  name: string,
  { config }: AlterTopicRequest,
): Promise<AlterTopicAnswer> {
  demandPermission(ports.access, "alterTopic", name);
  demandOrigins(ports, config);
  const altered = take(await ports.controller.alterTopic(name, config));
  ports.topics.learn(altered);
  return asShownTo(ports, altered);
}

/** Done where the answer's count is the one that was asked for. Throws `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_PARTITIONS`. */
export async function growTopic(
  ports: EdgePorts,
  name: string,
  { partitionCount }: GrowTopicRequest,
): Promise<GrowTopicAnswer> {
  demandPermission(ports.access, "growTopic", name);
  const { topic, growingTo, waitsFor } = take(await ports.controller.growTopic(name, partitionCount));
  ports.topics.learn(topic);
  return { ...asShownTo(ports, topic), growingTo, waitsFor };
}

/** Throws `UNKNOWN_TOPIC_OR_PARTITION`. */
export async function deleteTopic(ports: EdgePorts, name: string): Promise<DeleteTopicAnswer> {
  demandPermission(ports.access, "deleteTopic", name);
  const deleted = take(await ports.controller.deleteTopic(name));
  ports.topics.forget(deleted.topicId);
  return deleted;
}

/** Else any page of the web could write into the log of whoever has it running. Throws `INVALID_CONFIG`. */
function demandOrigins({ caller }: EdgePorts, changes: ConfigChanges): void {
  if (changes["cors.origins"] !== "*" || caller !== ANYBODY) return;
  const said = "cors.origins = *: while the doors are open, origins are listed one by one";
  throw new StrandlineError("INVALID_CONFIG", said, { config: "cors.origins", value: "*" });
}

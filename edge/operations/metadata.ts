/** Metadata: ids and partition counts by name, making what is missing where the edge is set to. */
import type { MetadataAnswer, TopicMetadata } from "../../shared/api/metadata.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { unknownTopic, type EdgePorts } from "./ports.ts";

/** `names` null: all. A name that cannot be had carries its error. */
export async function metadata(
  ports: EdgePorts,
  names: readonly string[] | null,
  create: boolean,
): Promise<MetadataAnswer> {
  const { namespace, principal } = ports.caller;
  const legal = names?.filter((name) => refusalOf(name) === null) ?? null;
  const found = await ports.controller.topics(legal, create && ports.autoCreateTopics);
  const topics = found.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
  for (const topic of topics) ports.topics.learn(topic);
  if (names === null) return { namespace, principal, topics };
  return {
    namespace,
    principal,
    topics: names.map((name) => topics.find((one) => one.name === name) ?? missing(name)),
  };
}

function missing(name: string): TopicMetadata {
  const error = refusalOf(name) ?? unknownTopic(name);
  return { name, error: error.toBody(), topicId: null, partitionCount: 0, config: {} };
}

function refusalOf(name: string): StrandlineError | null {
  try {
    checkTopicName(name);
    return null;
  } catch (thrown) {
    if (thrown instanceof StrandlineError) return thrown;
    throw thrown;
  }
}

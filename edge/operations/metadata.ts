/** Metadata: ids and partition counts by name, making what is missing where the edge is set to. */
import type { MetadataAnswer, TopicMetadata } from "../../shared/api/metadata.ts";
import { StrandlineError, type ErrorBody } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { demandPermission, isPermitted } from "../access/access.ts";
import { unknownTopic, type EdgePorts } from "./ports.ts";
import { asShownTo } from "./shown-topic.ts";
import { listTopics } from "./topics.ts";

/**
 * `names` null: all that may be described. A name that cannot be had carries its error: one that may not be described
 * `TOPIC_AUTHORIZATION_FAILED`, whether or not it is there, and so does one that is not there and may not be made.
 */
export async function metadata(
  ports: EdgePorts,
  names: readonly string[] | null,
  create: boolean,
): Promise<MetadataAnswer> {
  const { namespace, principal } = ports.caller;
  if (names === null) return { namespace, principal, topics: (await listTopics(ports)).topics };
  const askable = names.filter((name) => refusalOf(ports, name) === null);
  const makes = create && ports.autoCreateTopics;
  const mayMake = (name: string): boolean => makes && isPermitted(ports.access, "createTopic", name);
  const makable = askable.filter((name) => mayMake(name));
  const others = askable.filter((name) => !mayMake(name));
  const found = new Map<string, TopicMetadata>();
  for (const [asked, make] of [[makable, true] as const, [others, false] as const]) {
    if (asked.length === 0) continue;
    for (const outcome of await ports.controller.topics(asked, make)) {
      if (!outcome.ok) continue;
      ports.topics.learn(outcome.value);
      found.set(outcome.value.name, asShownTo(ports, outcome.value));
    }
  }
  const topics = names.map((name) => found.get(name) ?? withError(name, missing(ports, name, makes)));
  return { namespace, principal, topics };
}

function withError(name: string, error: ErrorBody): TopicMetadata {
  return { name, error, topicId: null, partitionCount: 0, config: {} };
}

function missing(ports: EdgePorts, name: string, makes: boolean): ErrorBody {
  const refusal =
    refusalOf(ports, name) ?? (makes ? whyNot(() => demandPermission(ports.access, "createTopic", name)) : null);
  return (refusal ?? unknownTopic(name)).toBody();
}

/** Why it is not even looked for. */
function refusalOf({ access }: EdgePorts, name: string): StrandlineError | null {
  return whyNot(() => {
    checkTopicName(name);
    demandPermission(access, "describeTopic", name);
  });
}

function whyNot(check: () => void): StrandlineError | null {
  try {
    check();
    return null;
  } catch (thrown) {
    if (thrown instanceof StrandlineError) return thrown;
    throw thrown;
  }
}

/** What of a topic its caller is shown. */
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import { isPermitted } from "../access/access.ts";
import type { EdgePorts } from "./ports.ts";

/** Each batch of the log says it, and a device that does not know it would take its own copy for what stands there. */
const TOLD_TO_ALL = "message.timestamp.type";

/** Without the configuration where that may not be described. */
export function asShownTo({ access }: Pick<EdgePorts, "access">, topic: TopicMetadata): TopicMetadata {
  if (isPermitted(access, "describeConfigs", topic.name)) return topic;
  const told = topic.config[TOLD_TO_ALL];
  return { ...topic, config: told === undefined ? {} : { [TOLD_TO_ALL]: told } };
}

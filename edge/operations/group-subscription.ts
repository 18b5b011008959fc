/** Which topics a subscription means, for who may read them. */
import type { GroupSubscription } from "../../shared/api/groups.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { demandPermission, isPermitted } from "../access/access.ts";
import type { GroupTopic, Resolution } from "../group/group-calls.ts";
import type { TopicListing } from "../topic-listing.ts";
import { NamePattern, PatternBudget } from "./name-pattern.ts";
import type { EdgePorts } from "./ports.ts";

/**
 * What a subscription means changes with the topics and with the rights of who subscribes. Both revisions only go up, and
 * isolates hear of either late: none says a higher sum than one that knows both as they are, so that one is heeded at last.
 */
export function meaningRevision({ standing }: EdgePorts, listing: TopicListing): number {
  return listing.revision + standing.aclsRevision;
}

/**
 * A topic that is named and is not there is waited for. Throws `TOPIC_AUTHORIZATION_FAILED` of one that is named and may
 * not be read, `INVALID_TOPIC_EXCEPTION`, `INVALID_REGULAR_EXPRESSION`; patterns pass by what may not be read.
 */
export function resolveSubscription(
  ports: EdgePorts,
  { topics, patterns }: GroupSubscription,
  listing: TopicListing,
): Resolution {
  const { access } = ports;
  for (const name of topics) demandPermission(access, "groupTopics", checkTopicName(name));
  const named = new Set(topics);
  const budget = new PatternBudget();
  // `g` and `y` say where a search begins: here it is at the beginning.
  const regexes = patterns.map(({ source, flags }) => new NamePattern(source, flags.replace(/[gy]/g, ""), budget));
  const found = listing.topics.filter(
    ({ name }) =>
      named.has(name) ||
      (regexes.length > 0 && isPermitted(access, "groupTopics", name) && regexes.some((regex) => regex.test(name))),
  );
  return { revision: meaningRevision(ports, listing), topics: found.map(groupTopic) };
}

export function groupTopic({ topicId, name, partitionCount, config }: TopicListing["topics"][number]): GroupTopic {
  const { jurisdiction, location } = config;
  return {
    ...{ topicId, topic: name, partitionCount },
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(location === undefined ? {} : { location }),
  };
}

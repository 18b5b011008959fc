/** Members of groups, and groups as a whole: what is asked of their objects, in the name of who asks. */
import {
  JOINS,
  LEAVES,
  LEAVES_FOR_A_WHILE,
  type GroupAssignment,
  type GroupDescription,
  type GroupHeartbeat,
  type GroupList,
  type GroupSubscription,
  type LeaveGroup,
} from "../../shared/api/groups.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { isPermitted } from "../access/access.ts";
import { NO_LISTING, type HeartbeatCall } from "../group/group-calls.ts";
import { log, thrownFields } from "../log.ts";
import type { TopicListing } from "../topic-listing.ts";
import { meaningRevision, resolveSubscription } from "./group-subscription.ts";
import { coordinated, demandGroup, demandOwnMember } from "./group-ports.ts";
import type { EdgePorts } from "./ports.ts";

/** Topics that change while they are looked at: the next heartbeat sees them. */
const ROUNDS_MAX = 3;
/** Above every revision: what a member subscribed to is asked for, whatever is known of what it means. */
const ANEW = Number.MAX_SAFE_INTEGER;

/**
 * Throws, besides what the group refuses: `TOPIC_AUTHORIZATION_FAILED` of a topic that is named and may not be read,
 * `INVALID_REGULAR_EXPRESSION`, `UNKNOWN_MEMBER_ID` for everybody but the member itself, `COORDINATOR_NOT_AVAILABLE`.
 */
export async function heartbeat(ports: EdgePorts, groupId: string, asked: GroupHeartbeat): Promise<GroupAssignment> {
  const group = demandGroup(ports, groupId, "joinGroup");
  const own = await proven(ports, asked);
  let { subscription } = asked;
  let isLost = false;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const listing = asked.memberEpoch < JOINS ? null : await listingFor(ports, subscription);
    const revision = listing === null ? NO_LISTING : meaningRevision(ports, listing);
    const resolution =
      listing === null || subscription === undefined ? null : resolveSubscription(ports, subscription, listing);
    const call: HeartbeatCall = { heartbeat: own, revision: isLost ? ANEW : revision, resolution };
    const { assignment, resolve } = await coordinated(group.heartbeat(call));
    // A credential that allows less than the one before shows in no revision.
    isLost = resolution === null && assignment?.assignment.some(({ topic }) => !isReadable(ports, topic)) === true;
    if (assignment !== null && !isLost) return assignment;
    subscription = resolve ?? undefined;
  }
  throw new StrandlineError("COORDINATOR_NOT_AVAILABLE", "topics change while they are looked at");
}

/** Null: it cannot be asked for. Who says nothing new of a subscription is heard all the same, and goes on with what it has. */
async function listingFor(
  { groups }: EdgePorts,
  subscription: GroupSubscription | undefined,
): Promise<TopicListing | null> {
  try {
    return await groups.topics();
  } catch (thrown) {
    log.warn("topics could not be asked for", thrownFields(thrown));
    if (subscription === undefined) return null;
    throw new StrandlineError("COORDINATOR_NOT_AVAILABLE", "");
  }
}

function isReadable({ access }: EdgePorts, topic: string): boolean {
  return isPermitted(access, "groupTopics", topic);
}

/** With ids that are proven to be the caller's. Throws `UNKNOWN_MEMBER_ID`, `INVALID_REQUEST`. */
async function proven(ports: EdgePorts, asked: GroupHeartbeat): Promise<GroupHeartbeat> {
  const { previousMemberId, ...rest } = asked;
  const memberId = asked.memberEpoch === JOINS ? await joining(ports, asked) : asked.memberId;
  await demandOwnMember(ports, memberId);
  // Somebody else's is as if it had not been named: it proves nothing.
  const proves = previousMemberId !== undefined && (await ports.groups.isOwnMemberId(previousMemberId));
  return { ...rest, memberId, ...(proves ? { previousMemberId } : {}) };
}

async function joining({ groups }: EdgePorts, { memberId: name, subscription }: GroupHeartbeat): Promise<string> {
  const memberId = await groups.memberIdOf(name);
  const field = memberId === null ? "memberId" : "subscription";
  if (memberId !== null && subscription !== undefined) return memberId;
  const said = memberId === null ? "on joining it is a name, 22 characters of base64url" : "on joining it is stated";
  throw new StrandlineError("INVALID_REQUEST", `${field}: ${said}`, { field });
}

/** Throws `UNKNOWN_MEMBER_ID` for everybody but the member itself, also of one that has left. */
export async function leaveGroup(
  ports: EdgePorts,
  groupId: string,
  { memberId, forAWhile }: LeaveGroup,
): Promise<void> {
  const memberEpoch = forAWhile === true ? LEAVES_FOR_A_WHILE : LEAVES;
  await heartbeat(ports, groupId, { memberId, memberEpoch, owned: [] });
}

/** Those that may be described. */
export async function listGroups({ access, groups }: EdgePorts): Promise<GroupList> {
  const names = await groups.names();
  const visible = names.filter((name) => isPermitted(access, "describeGroup", name));
  return { groups: visible.map((groupId) => ({ groupId, protocolType: "consumer" })) };
}

/** Without topics that may not be described. Throws `GROUP_ID_NOT_FOUND`. */
export async function describeGroup(ports: EdgePorts, groupId: string): Promise<GroupDescription> {
  const described = await coordinated(demandGroup(ports, groupId, "describeGroup").describe());
  const isVisible = (topic: string): boolean => isPermitted(ports.access, "describeGroupTopics", topic);
  const topics = described.topics.filter(({ topic }) => isVisible(topic));
  const ids = new Set(topics.map(({ topicId }) => topicId));
  const members = described.members.map(({ subscription, assignment, target, ...member }) => ({
    ...member,
    subscription: { ...subscription, topics: subscription.topics.filter(isVisible) },
    assignment: assignment.filter(({ topicId }) => ids.has(topicId)),
    target: target.filter(({ topicId }) => ids.has(topicId)),
  }));
  return { ...described, members, topics };
}

/** Throws `NON_EMPTY_GROUP`, `GROUP_ID_NOT_FOUND`. */
export async function deleteGroup(ports: EdgePorts, groupId: string): Promise<void> {
  await coordinated(demandGroup(ports, groupId, "deleteGroup").remove());
}

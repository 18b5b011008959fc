/** What a consumer is to read: a subscription, which makes it a member of its group, or partitions that it names itself. */
import { JOINS, type GroupSubscription } from "../../../shared/api/groups.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { checkTopicName } from "../../../shared/topic-name.ts";
import { demandPermission } from "../../access/access.ts";
import { resolveSubscription } from "../../operations/group-subscription.ts";
import { leaveGroup } from "../../operations/groups.ts";
import type { ConsumerMember, ConsumerState, HeldPartition } from "../../rest-consumer/consumer-calls.ts";
import { autoCommitted, committedOf, type NamedPartition } from "./commits.ts";
import { illegalState, keyOf, type Instance } from "./instance.ts";
import { memberIdIn } from "./membership.ts";

/** It joins with its next poll. Throws `UNSUPPORTED_OPERATION` beside an assignment or another kind of subscription. */
export async function subscribe(instance: Instance, subscription: GroupSubscription): Promise<void> {
  const { access } = instance.ports;
  for (const name of subscription.topics) demandPermission(access, "groupTopics", checkTopicName(name));
  await instance.change(({ state }) => {
    if (state.isAssigned) throw illegalState("partitions are assigned to it: a subscription is another way");
    const before = state.subscription;
    const isOther = before !== null && before.patterns.length > 0 !== subscription.patterns.length > 0;
    if (isOther) {
      const subscribed = before.patterns.length > 0 ? "a pattern" : "topics";
      throw new StrandlineError("UNSUPPORTED_OPERATION", `it is subscribed to ${subscribed} already`, { subscribed });
    }
    const member = state.member ?? { name: instance.newMemberName(), epoch: 0 };
    return { ...state, subscription, member };
  });
}

/** Ends an assignment as well, as Kafka has it. What was told is committed where it commits by itself. */
export async function unsubscribe(instance: Instance): Promise<void> {
  await instance.change(async (read) => {
    const { state } = read;
    if (state.subscription === null && !state.isAssigned) return state;
    await autoCommitted(instance, read);
    if (state.member !== null) await left(instance, state.member);
    return { ...state, subscription: null, member: null, isAssigned: false, held: [], turn: 0 };
  });
}

/** Where that fails its session ends it. */
async function left(instance: Instance, member: ConsumerMember): Promise<void> {
  try {
    if (member.epoch !== JOINS)
      await leaveGroup(instance.ports, instance.groupId, { memberId: await memberIdIn(instance, member) });
  } catch (thrown) {
    if (!(thrown instanceof StrandlineError)) throw thrown;
  }
}

/** Names of the topics that it means now. */
export async function subscribedTopics(
  { ports }: Instance,
  { subscription }: ConsumerState,
): Promise<readonly string[]> {
  if (subscription === null || subscription.patterns.length === 0) return subscription?.topics ?? [];
  const { topics } = resolveSubscription(ports, subscription, await ports.groups.topics());
  return topics.map(({ topic }) => topic);
}

/**
 * In place of those that were assigned before; of those that stay positions stay. Throws `UNSUPPORTED_OPERATION` beside a
 * subscription, `UNKNOWN_TOPIC_OR_PARTITION`, `TOPIC_AUTHORIZATION_FAILED`.
 */
export async function assign(instance: Instance, named: readonly NamedPartition[]): Promise<void> {
  const found = await committedOf(instance, named);
  const assigned = found.map(({ topic, partition, committed }): HeldPartition => {
    const { topicId, name } = topic;
    const at = committed?.offset ?? null;
    const leaderEpoch = committed?.leaderEpoch ?? null;
    return { topicId, topic: name, partition, position: at, committed: at, leaderEpoch };
  });
  const unique = [...new Map(assigned.map((one) => [keyOf(one), one])).values()];
  await instance.change(({ state }) => {
    if (state.subscription !== null) throw illegalState("it is subscribed: an assignment is another way");
    const known = new Map(state.held.map((one) => [keyOf(one), one]));
    const held = unique.map((one) => known.get(keyOf(one)) ?? one);
    return { ...state, isAssigned: held.length > 0, held, turn: 0 };
  });
}

/**
 * Commits of a consumer. By itself it commits, as a poll begins, how far it had come with the poll before: never ahead of
 * what was told. One that is no member commits while its group is empty.
 */
import { JOINS, type CommittedOffset, type OffsetToCommit } from "../../../shared/api/groups.ts";
import { StrandlineError, type ErrorBody } from "../../../shared/strandline-error.ts";
import { inParallel } from "../../in-parallel.ts";
import { log } from "../../log.ts";
import { commitOffsets } from "../../operations/group-offsets.ts";
import { coordinated, PARTITIONS_AT_ONCE_MAX } from "../../operations/group-ports.ts";
import { partitionByName, type KnownTopic } from "../../operations/ports.ts";
import { take } from "../../outcome.ts";
import type { ConsumerRead, ConsumerState, HeldPartition } from "../../rest-consumer/consumer-calls.ts";
import { keyOf, PARTITIONS_MAX, withHeld, type Instance } from "./instance.ts";
import { heard, memberIdIn } from "./membership.ts";

export interface NamedPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface NamedOffset extends NamedPartition {
  readonly offset: number;
  readonly metadata: string;
}

/** Partitions that refuse, or cannot be asked, are tried again by the next poll, if they are its own then. */
export async function autoCommitted(instance: Instance, read: ConsumerRead): Promise<ConsumerState> {
  const { state } = read;
  const due = state.config.autoCommit ? toCommit(state).slice(0, PARTITIONS_MAX) : [];
  if (due.length === 0) return state;
  try {
    const errors = await committing(instance, read, due);
    return withHeld(state, committedTo(due.filter((_, index) => errors[index] === null)));
  } catch (thrown) {
    if (!(thrown instanceof StrandlineError)) throw thrown;
    log.warn("a consumer did not commit", { code: thrown.code });
    return state;
  }
}

/** Before a consumer is closed. */
export async function commitLast(instance: Instance): Promise<void> {
  await autoCommitted(instance, await instance.read());
}

/** Null: of all that was told. Throws what the first partition that refuses it says; the others are committed. */
export async function commit(instance: Instance, named: readonly NamedOffset[] | null): Promise<void> {
  const offsets =
    named === null
      ? null
      : await inParallel(named, PARTITIONS_AT_ONCE_MAX, async (one) => await knownIn(instance, one));
  const read = await instance.read();
  const due = offsets ?? toCommit(read.state).map((one) => ({ ...one, leaderEpoch: null }));
  if (due.length === 0) return;
  let errors = await committing(instance, read, due);
  if (errors.some((error) => error?.code === "STALE_MEMBER_EPOCH")) {
    const { state } = await heard(instance, read.state);
    // One that was thrown out commits nothing more.
    if (state.member?.epoch !== JOINS) errors = await committing(instance, { ...read, state }, due);
  }
  const done = committedTo(due.filter((_, index) => errors[index] === null));
  await instance.change(({ state }) => withHeld({ ...state }, done));
  const refused = errors.find((error) => error !== null);
  if (refused === undefined) return;
  if (refused.code === "STALE_MEMBER_EPOCH")
    throw new StrandlineError("COORDINATOR_NOT_AVAILABLE", "the group is between two epochs");
  throw StrandlineError.fromBody(refused);
}

/** One for each. Throws what all of them are refused with. */
async function committing(
  instance: Instance,
  { state, stamp }: ConsumerRead,
  offsets: readonly OffsetToCommit[],
): Promise<readonly (ErrorBody | null)[]> {
  const { ports, groupId } = instance;
  const { member } = state;
  const isMember = member !== null && member.epoch !== JOINS;
  const by = isMember
    ? { memberId: await memberIdIn(instance, member), memberEpoch: member.epoch }
    : { memberId: null, memberEpoch: 0 };
  const answer = await commitOffsets(ports, groupId, { ...by, commit: stamp, offsets });
  return answer.offsets.map(({ error }) => error);
}

/** How far all has come that the group does not know. */
function toCommit({ held }: ConsumerState): readonly OffsetToCommit[] {
  return held.flatMap(({ topicId, partition, position, committed, leaderEpoch }) =>
    position === null || position === committed ? [] : [{ topicId, partition, offset: position, leaderEpoch }],
  );
}

function committedTo(offsets: readonly OffsetToCommit[]): ReadonlyMap<string, Partial<HeldPartition>> {
  return new Map(offsets.map((one) => [keyOf(one), { committed: one.offset }]));
}

/** An offset names the last record that was handled: the group goes on behind it. */
async function knownIn(
  { ports }: Instance,
  { topic, partition, offset, metadata }: NamedOffset,
): Promise<OffsetToCommit> {
  const { topicId } = await partitionByName(ports, topic, partition, "groupTopics");
  return { topicId, partition, offset: offset + 1, metadata };
}

export interface CommittedPartition {
  readonly topic: KnownTopic;
  readonly partition: number;
  readonly committed: CommittedOffset | null;
}

/** As the partitions know it. Throws `UNKNOWN_TOPIC_OR_PARTITION`, `TOPIC_AUTHORIZATION_FAILED`. */
export async function committedOf(
  { ports, groupId }: Instance,
  named: readonly NamedPartition[],
): Promise<readonly CommittedPartition[]> {
  const { incarnation } = await coordinated(ports.groups.of(groupId).heldOffsets());
  return await inParallel(named, PARTITIONS_AT_ONCE_MAX, async (one) => {
    const { partition } = one;
    const topic = await partitionByName(ports, one.topic, partition, "groupTopics");
    if (incarnation === null) return { topic, partition, committed: null };
    const standing = take(await ports.partition(topic, partition).groupStanding(groupId, incarnation));
    return { topic, partition, committed: standing.committed };
  });
}

/**
 * Committed offsets. Those of members go to the partitions themselves, which decide; those of nobody go by the group's
 * object, which alone knows that it is empty. Partitions are independent: an error of one is its own.
 */
import type { CommitOffsets, CommittedOffsets, GroupOffsets, OffsetToCommit } from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import { isPermitted } from "../access/access.ts";
import type { HeldOffsets, OffsetChange } from "../group/group-calls.ts";
import { inParallel } from "../in-parallel.ts";
import { take, type Outcome } from "../outcome.ts";
import type { GroupStanding } from "../partition/group-port.ts";
import {
  coordinated,
  demandGroup,
  demandOwnMember,
  errorIn,
  noSuchGroup,
  PARTITIONS_AT_ONCE_MAX,
  reached,
  type GroupPort,
} from "./group-ports.ts";
import { groupTopic } from "./group-subscription.ts";
import { partitionById, type EdgePorts, type KnownTopic } from "./ports.ts";

/** Throws `UNKNOWN_MEMBER_ID` for everybody but the member itself; of no member `NON_EMPTY_GROUP`. */
export async function commitOffsets(
  ports: EdgePorts,
  groupId: string,
  asked: CommitOffsets,
): Promise<CommittedOffsets> {
  const group = demandGroup(ports, groupId, "joinGroup");
  const { memberId, memberEpoch, commit, offsets } = asked;
  if (memberId !== null) await demandOwnMember(ports, memberId);
  const errors =
    memberId === null
      ? await commitOfNobody(ports, group, offsets)
      : await inParallel(offsets, PARTITIONS_AT_ONCE_MAX, async (one) => {
          const { offset, metadata = "", leaderEpoch = null } = one;
          const request = { group: groupId, memberId, memberEpoch, commit, offset, metadata, leaderEpoch };
          const committed = await reached(one, async () => {
            const topic = await partitionById(ports, one.topicId, one.partition, "groupTopics");
            return take(await ports.partition(topic, one.partition).commitOffset(request));
          });
          return errorIn(committed);
        });
  for (const error of errors) if (error !== null) ports.refused(error.code);
  return {
    offsets: offsets.map(({ topicId, partition }, index) => ({ topicId, partition, error: errors[index] ?? null })),
  };
}

async function commitOfNobody(
  ports: EdgePorts,
  group: GroupPort,
  offsets: readonly OffsetToCommit[],
): Promise<(ErrorBody | null)[]> {
  const found = await inParallel(
    offsets,
    PARTITIONS_AT_ONCE_MAX,
    async (one) =>
      await reached(one, async (): Promise<OffsetChange> => {
        const { topicId, partition, offset, metadata = "", leaderEpoch = null } = one;
        const topic = await partitionById(ports, topicId, partition, "groupTopics");
        return { topic: groupTopic(topic), partition, to: { offset, metadata, leaderEpoch } };
      }),
  );
  const changes = found.flatMap((one) => (one.ok ? [one.value] : []));
  const outcomes = (changes.length === 0 ? [] : await coordinated(group.changeOffsets(changes))).values();
  return found.map((one) => errorIn(one) ?? errorIn(outcomes.next().value));
}

/** Of topics that may be described; `names` null: of all of them. Throws `GROUP_ID_NOT_FOUND`. */
export async function fetchGroupOffsets(
  ports: EdgePorts,
  groupId: string,
  names: readonly string[] | null,
): Promise<GroupOffsets> {
  const standings = await groupStandings(ports, groupId, names);
  return {
    offsets: standings.map(({ standing, ...one }) => ({
      ...one,
      committed: standing.ok ? standing.value.committed : null,
      error: errorIn(standing),
    })),
  };
}

export interface StandingOfPartition {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly standing: Outcome<GroupStanding>;
}

/** As the partitions themselves say, many of them asked at once. */
export async function groupStandings(
  ports: EdgePorts,
  groupId: string,
  names: readonly string[] | null,
): Promise<StandingOfPartition[]> {
  const { incarnation, topics } = await coordinated(demandGroup(ports, groupId, "describeGroup").heldOffsets());
  if (incarnation === null) throw noSuchGroup(groupId);
  const held = await heldPartitions(ports, topics, names);
  const standings = await inParallel(held, PARTITIONS_AT_ONCE_MAX, async ({ known, partition }) => {
    const { topicId, name } = known;
    const standing = await reached({ topicId, partition }, async () =>
      take(await ports.partition(known, partition).groupStanding(groupId, incarnation)),
    );
    return { topic: name, topicId, partition, standing };
  });
  return standings.filter(({ standing }) => errorIn(standing)?.code !== "UNKNOWN_TOPIC_ID");
}

/**
 * Of topics that are there and may be described, all partitions of which a group may have offsets: those of a topic that
 * was deleted are gone with it. `names` null: of all topics.
 */
export async function heldPartitions(
  ports: EdgePorts,
  topics: HeldOffsets["topics"],
  names: readonly string[] | null,
): Promise<{ readonly known: KnownTopic; readonly partition: number }[]> {
  const visible = topics
    .filter(({ topic }) => names?.includes(topic) ?? true)
    .filter(({ topic }) => isPermitted(ports.access, "describeGroupTopics", topic));
  const found = await inParallel(visible, PARTITIONS_AT_ONCE_MAX, async ({ topicId, partitions }) => {
    const known = await ports.topics.byId(topicId);
    return known === null ? [] : partitions.map((partition) => ({ known, partition }));
  });
  return found.flat();
}

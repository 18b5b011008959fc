/** Where an empty group goes on: found out partition by partition, told, and, unless that was all, done by the group. */
import type { OffsetsReset, ResetOffsets } from "../../shared/api/groups.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { demandPermission } from "../access/access.ts";
import type { GroupTopic, HeldOffsets } from "../group/group-calls.ts";
import { inParallel } from "../in-parallel.ts";
import { take, type Outcome } from "../outcome.ts";
import type { GroupStanding } from "../partition/group-port.ts";
import type { PartitionPort } from "../partition/partition-port.ts";
import {
  coordinated,
  demandGroup,
  errorIn,
  noSuchGroup,
  PARTITIONS_AT_ONCE_MAX,
  reached,
  type GroupPort,
} from "./group-ports.ts";
import { heldPartitions } from "./group-offsets.ts";
import { groupTopic } from "./group-subscription.ts";
import { offsetAtTime } from "./list-offsets.ts";
import { partitionById, partitionByName, topicByName, type EdgePorts } from "./ports.ts";

/** Above that of every group: what one that was deleted has left at a partition is nobody's. */
const NO_INCARNATION = Number.MAX_SAFE_INTEGER;

interface Aim {
  readonly topic: GroupTopic;
  readonly partition: number;
  /** Of `offsets` alone. */
  readonly stated?: number | null;
}

interface Found {
  readonly aim: Aim;
  readonly from: number | null;
  readonly to: Outcome<number | null>;
}

type Report = OffsetsReset["offsets"][number];

/**
 * Throws `NON_EMPTY_GROUP`, also where nothing is to be changed; `GROUP_ID_NOT_FOUND` where neither the group nor the request
 * says which partitions are meant; of topics that are named `TOPIC_AUTHORIZATION_FAILED`, `UNKNOWN_TOPIC_OR_PARTITION`.
 */
export async function resetOffsets(ports: EdgePorts, groupId: string, asked: ResetOffsets): Promise<OffsetsReset> {
  const group = demandGroup(ports, groupId, "joinGroup");
  const held = await coordinated(group.heldOffsets());
  if (!held.isEmpty)
    throw new StrandlineError("NON_EMPTY_GROUP", `${JSON.stringify(groupId)}: stop its consumers first`, { groupId });
  const aims = await aimsOf(ports, groupId, asked, held);
  const found = await inParallel(aims, PARTITIONS_AT_ONCE_MAX, async (aim): Promise<Found> => {
    const { topicId } = aim.topic;
    const standing = await reached({ topicId, partition: aim.partition }, async () => {
      const topic = await partitionById(ports, topicId, aim.partition, "groupTopics");
      const port = ports.partition(topic, aim.partition);
      return { port, standing: take(await port.groupStanding(groupId, held.incarnation ?? NO_INCARNATION)) };
    });
    if (!standing.ok) return { aim, from: null, to: standing };
    const from = standing.value.standing.committed?.offset ?? null;
    const to = await reached(
      { topicId, partition: aim.partition },
      async () => await goalOf(asked, aim, standing.value),
    );
    return { aim, from, to };
  });
  const outcomes = asked.dryRun === true ? new Map<Found, Outcome<null>>() : await changed(group, found);
  return { offsets: found.map((one) => reportOf(one, outcomes.get(one))) };
}

async function changed(group: GroupPort, found: readonly Found[]): Promise<Map<Found, Outcome<null>>> {
  const changing = found.flatMap((one) => (one.to.ok ? [{ one, offset: one.to.value }] : []));
  if (changing.length === 0) return new Map();
  const outcomes = await coordinated(
    group.changeOffsets(
      changing.map(({ one: { aim }, offset }) => ({
        ...{ topic: aim.topic, partition: aim.partition },
        to: offset === null ? null : { offset, metadata: "" },
      })),
    ),
  );
  return new Map(changing.flatMap(({ one }, index) => (outcomes[index] === undefined ? [] : [[one, outcomes[index]]])));
}

function reportOf({ aim, from, to }: Found, outcome: Outcome<null> | undefined): Report {
  const { topic, partition } = aim;
  const error = errorIn(to) ?? errorIn(outcome);
  return { topic: topic.topic, partition, from, to: to.ok && error === null ? to.value : null, error };
}

async function aimsOf(
  ports: EdgePorts,
  groupId: string,
  { topics, to }: ResetOffsets,
  held: HeldOffsets,
): Promise<Aim[]> {
  if (typeof to === "object" && "offsets" in to) {
    return await inParallel(to.offsets, PARTITIONS_AT_ONCE_MAX, async ({ topic, partition, offset }) => {
      checkTopicName(topic);
      const known = await partitionByName(ports, topic, partition, "groupTopics");
      return { topic: groupTopic(known), partition, stated: offset };
    });
  }
  if (topics !== undefined) {
    const known = await inParallel([...new Set(topics)], PARTITIONS_AT_ONCE_MAX, async (name) =>
      groupTopic(await topicByName(ports, checkTopicName(name), "groupTopics")),
    );
    return known.flatMap((topic) =>
      Array.from({ length: topic.partitionCount }, (_, partition) => ({ topic, partition })),
    );
  }
  if (held.incarnation === null) throw noSuchGroup(groupId);
  const visible = await heldPartitions(ports, held.topics, null);
  for (const { known } of visible) demandPermission(ports.access, "groupTopics", known.name);
  return visible.map(({ known, partition }) => ({ topic: groupTopic(known), partition }));
}

async function goalOf(
  { to }: ResetOffsets,
  { stated }: Aim,
  { port, standing }: { readonly port: PartitionPort; readonly standing: GroupStanding },
): Promise<number | null> {
  const { logStartOffset, highWatermark, committed } = standing;
  if (to === "earliest") return logStartOffset;
  if (to === "latest") return highWatermark;
  if ("timestamp" in to) return (await offsetAtTime(port, to.timestamp)).offset ?? highWatermark;
  if ("shift" in to) {
    if (committed === null)
      throw new StrandlineError("INVALID_REQUEST", "shift: the group has no offset to shift here");
    return Math.min(Math.max(committed.offset + to.shift, logStartOffset), highWatermark);
  }
  const offset = stated ?? null;
  if (offset === null || (offset >= logStartOffset && offset <= highWatermark)) return offset;
  const said = `${offset}, the log is from ${logStartOffset} to ${highWatermark}`;
  throw new StrandlineError("OFFSET_OUT_OF_RANGE", said, { offset, logStartOffset, highWatermark });
}

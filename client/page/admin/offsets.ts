/** Where partitions begin and end. */
import type { ListOffsetsAnswer, OffsetQuestion } from "../../../shared/api/list-offsets.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { checkTopicName } from "../../../shared/topic-name.ts";
import type { PartitionBounds, PartitionPosition } from "../../calls/admin-calls.ts";
import { checkOffset, checkPlace } from "../offsets.ts";
import type { PartitionOffsets } from "./admin.ts";
import type { PositionInput } from "./group-types.ts";
import { topicPath, type AdminPorts, type Wait } from "./ports.ts";
import { describeTopics, isLocal } from "./topics.ts";

/** Of KafkaJS: the end of the log. */
const LATEST = -1;

export async function topicOffsets(ports: AdminPorts, topic: string, wait: Wait): Promise<PartitionOffsets[]> {
  return (await bounds(ports, topic, wait)).map((each) => ({ ...each, offset: each.high }));
}

export async function bounds(ports: AdminPorts, topic: string, wait: Wait): Promise<PartitionBounds[]> {
  checkTopicName(topic);
  if (await isLocal(ports, topic, wait)) return await ports.call((api) => api.partitionBounds(topic), wait);
  return await eachPartition(ports, topic, wait, async (partition) => {
    const ask = (at: OffsetQuestion) => offsetAt(ports, { topic, partition, at }, wait);
    const [low, high] = await Promise.all([ask("earliest"), ask("latest")]);
    return { partition, low: low ?? 0, high: high ?? 0 };
  });
}

async function eachPartition<Answer>(
  ports: AdminPorts,
  topic: string,
  wait: Wait,
  ask: (partition: number) => Promise<Answer>,
): Promise<Answer[]> {
  const [described] = await describeTopics(ports, [topic], wait);
  return await Promise.all((described?.partitions ?? []).map(({ partitionId }) => ask(partitionId)));
}

interface OffsetAsked {
  readonly topic: string;
  readonly partition: number;
  readonly at: OffsetQuestion;
}

async function offsetAt(ports: AdminPorts, { topic, partition, at }: OffsetAsked, wait: Wait): Promise<number | null> {
  const path = `${topicPath(topic)}/partitions/${partition}/offsets?at=${at}`;
  return (await ports.edge<ListOffsetsAnswer>({ method: "GET", path }, wait)).offset;
}

export function checkTime(timestamp: unknown): void {
  if (typeof timestamp === "number" && Number.isSafeInteger(timestamp) && timestamp >= 0) return;
  throw new StrandlineError("INVALID_TIMESTAMP", String(timestamp), { timestamp: String(timestamp) });
}

/** Of the first record at or after the time; the end of a partition that has none. */
export async function offsetsByTimestamp(
  ports: AdminPorts,
  { topic, timestamp }: { readonly topic: string; readonly timestamp: number | undefined },
  wait: Wait,
): Promise<PartitionPosition[]> {
  if (timestamp === undefined)
    return (await topicOffsets(ports, topic, wait)).map(({ partition, high }) => ({ partition, offset: high }));
  checkTime(timestamp);
  if (await isLocal(ports, checkTopicName(topic), wait))
    return await ports.call((api) => api.offsetsAtTime(topic, timestamp), wait);
  return await eachPartition(ports, topic, wait, async (partition) => {
    const found = await offsetAt(ports, { topic, partition, at: timestamp }, wait);
    return { partition, offset: found ?? (await offsetAt(ports, { topic, partition, at: "latest" }, wait)) ?? 0 };
  });
}

export async function deleteRecords(
  ports: AdminPorts,
  { topic, ...asked }: { readonly topic: string; readonly partitions: readonly PositionInput[] },
  wait: Wait,
): Promise<void> {
  const partitions = checkPositions(topic, asked.partitions, LATEST);
  if (!(await isLocal(ports, topic, wait))) {
    await Promise.all(
      partitions.map(async ({ partition, offset }) => {
        const before = offset === LATEST ? "latest" : offset;
        const path = `${topicPath(topic)}/partitions/${partition}/records?before=${before}`;
        await ports.edge({ method: "DELETE", path }, wait);
      }),
    );
    return;
  }
  const held = await bounds(ports, topic, wait);
  const before = partitions.map(({ partition, offset }) => ({
    partition,
    offset: offset === LATEST ? (held[partition]?.high ?? 0) : offset,
  }));
  await ports.call((api) => api.deleteLocalRecords(topic, before), wait);
}

/** `least` -1: also the end of the log. Throws `INVALID_ARGUMENT`. */
export function checkPositions(
  topic: string,
  positions: readonly PositionInput[],
  least: 0 | -1,
): readonly PartitionPosition[] {
  checkTopicName(topic);
  if (!Array.isArray(positions))
    throw new StrandlineError("INVALID_ARGUMENT", `partitions of ${topic}: a list of { partition, offset }`, { topic });
  return positions.map(({ partition, offset }: PositionInput) => {
    checkPlace(topic, partition);
    return { partition, offset: checkOffset(offset, least, { topic, partition }) };
  });
}

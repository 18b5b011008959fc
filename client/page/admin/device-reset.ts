/** Where a group of this device goes on: found out partition by partition, by the words that the edge has for its own. */
import type { ResetOffsets } from "../../../shared/api/groups.ts";
import { groupBy } from "../../../shared/group-by.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import type { PartitionBounds } from "../../calls/admin-calls.ts";
import type { GroupOffsets, ResetOffset } from "./group-types.ts";
import { bounds, offsetsByTimestamp } from "./offsets.ts";
import type { AdminPorts, Wait } from "./ports.ts";

type To = ResetOffsets["to"];

interface Place extends PartitionBounds {
  readonly from: number | null;
  /** Of `timestamp` alone. */
  readonly atTime: number | undefined;
  /** Of `offsets` alone. */
  readonly stated: number | null | undefined;
}

/** Of the topics that are held. Changes nothing. */
export async function planOnDevice(
  ports: AdminPorts,
  held: readonly GroupOffsets[],
  to: To,
  wait: Wait,
): Promise<ResetOffset[]> {
  const plans = held.map(async ({ topic, partitions }) => {
    const [all, times] = await Promise.all([bounds(ports, topic, wait), timesOf(ports, topic, to, wait)]);
    const stated = typeof to === "object" && "offsets" in to ? to.offsets.filter((one) => one.topic === topic) : null;
    return (stated ?? all).map(({ partition, ...one }): ResetOffset => {
      const found = all.find((each) => each.partition === partition);
      if (found === undefined) throw noSuchPartition(topic, partition, all.length);
      const committed = partitions.find((each) => each.partition === partition)?.offset ?? -1;
      const from = committed < 0 ? null : committed;
      const atTime = times.find((each) => each.partition === partition)?.offset;
      const goal = goalOf(to, { ...found, from, atTime, stated: "offset" in one ? one.offset : undefined });
      const aim = typeof goal === "number" ? { to: goal, error: null } : { to: null, error: goal.toBody() };
      return { topic, partition, from, ...aim };
    });
  });
  return (await Promise.all(plans)).flat();
}

/** Those that have no error. Rejects with `NON_EMPTY_GROUP` where a consumer of the group runs in any tab. */
export async function moveOnDevice(
  ports: AdminPorts,
  groupId: string,
  plan: readonly ResetOffset[],
  wait: Wait,
): Promise<void> {
  for (const [topic, moves] of groupBy(plan, (one) => one.topic)) {
    const positions = moves.flatMap(({ partition, to }) => (to === null ? [] : [{ partition, offset: to }]));
    await ports.call((api) => api.setGroupOffsets(groupId, topic, positions), wait);
  }
}

async function timesOf(ports: AdminPorts, topic: string, to: To, wait: Wait): ReturnType<typeof offsetsByTimestamp> {
  if (typeof to === "string" || !("timestamp" in to)) return [];
  return await offsetsByTimestamp(ports, { topic, timestamp: to.timestamp }, wait);
}

function goalOf(to: To, { low, high, from, atTime, stated }: Place): number | StrandlineError {
  if (to === "earliest") return low;
  if (to === "latest") return high;
  if (typeof to === "object" && "timestamp" in to) return atTime ?? high;
  if (typeof to === "object" && "shift" in to && Number.isSafeInteger(to.shift)) {
    if (from === null) return new StrandlineError("INVALID_REQUEST", "shift: the group has no offset to shift here");
    return Math.min(Math.max(from + to.shift, low), high);
  }
  if (stated === null) return new StrandlineError("UNSUPPORTED_OPERATION", "a device forgets no offset");
  if (stated === undefined) throw new StrandlineError("INVALID_ARGUMENT", `to ${JSON.stringify(to)}`);
  if (Number.isSafeInteger(stated) && stated >= low && stated <= high) return stated;
  const bounded = { offset: Number(stated), logStartOffset: low, highWatermark: high };
  return new StrandlineError("OFFSET_OUT_OF_RANGE", `${stated}, the log is from ${low} to ${high}`, bounded);
}

function noSuchPartition(topic: string, partition: number, count: number): StrandlineError {
  const details = { topic, partition, partitionCount: count };
  return new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `partition ${partition}, ${topic} has ${count}`, details);
}

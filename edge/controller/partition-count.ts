/** How many partitions a topic may have, at creation and when it grows. */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

/** Throws `INVALID_PARTITIONS`. */
export function checkPartitionCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= LIMITS.partitionsPerTopicMax) return;
  throw new StrandlineError("INVALID_PARTITIONS", `${count}, of 1 to ${LIMITS.partitionsPerTopicMax}`, {
    partitionCount: count,
  });
}

/** `current` counts a growth that is under way. Throws `INVALID_PARTITIONS` that names both counts. */
export function checkGrowth(topic: string, current: number, asked: number): void {
  if (Number.isInteger(asked) && asked >= current && asked <= LIMITS.partitionsPerTopicMax) return;
  const range = `${current} to ${LIMITS.partitionsPerTopicMax}`;
  const said = `${asked}, the topic ${JSON.stringify(topic)} has ${current} and only grows: ${range}`;
  throw new StrandlineError("INVALID_PARTITIONS", said, { topic, partitionCount: asked, current });
}

import type { PartitionAddress } from "./partition-port.ts";

/** Injective: JSON quotes what it joins, so no two addresses meet in one name. */
export function partitionName({ namespace, topicId, partition }: PartitionAddress): string {
  return JSON.stringify([namespace, topicId, partition]);
}

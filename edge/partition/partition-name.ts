import type { PartitionAddress } from "./partition-port.ts";

/** Injective: JSON quotes what it joins, so no two addresses meet in one name. */
export function partitionName({ namespace, topicId, partition }: PartitionAddress): string {
  return JSON.stringify([namespace, topicId, partition]);
}

/** The way back; null where the object was not told its name. */
export function addressOf(name: string | undefined): PartitionAddress | null {
  if (name === undefined) return null;
  const [namespace, topicId, partition] = JSON.parse(name) as [string, string, number];
  return { namespace, topicId, partition };
}

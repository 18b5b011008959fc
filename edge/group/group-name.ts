import type { GroupAddress } from "./group-calls.ts";

/** Injective, as the names of partitions are. */
export function groupName({ namespace, groupId }: GroupAddress): string {
  return JSON.stringify([namespace, groupId]);
}

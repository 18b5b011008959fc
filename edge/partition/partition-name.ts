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

/** What of a namespace of objects says where they are. */
export interface IdSpace<Id> {
  idFromName(name: string): Id;
  jurisdiction(jurisdiction: DurableObjectJurisdiction): IdSpace<Id>;
}

/** An id of a jurisdiction is another one than that of the same name without. Throws where there are none (locally). */
export function partitionId<Id>(space: IdSpace<Id>, address: PartitionAddress): Id {
  const { jurisdiction } = address;
  const within = jurisdiction === undefined ? space : space.jurisdiction(jurisdiction as DurableObjectJurisdiction);
  return within.idFromName(partitionName(address));
}

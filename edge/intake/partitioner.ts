/** Which partition a record goes to, as Kafka's producers decide it. */
import { partitionForKey } from "../../shared/murmur2.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import type { OutgoingRecord } from "./outgoing-record.ts";

/** Where a record without a key goes: `index` is its place in the request. */
export type Keyless = (index: number, partitionCount: number) => number;

let turn = 0;

/** One partition for all keyless records of a request, the next one for those of the next. */
export function sticky(): Keyless {
  const own = turn;
  turn = (turn + 1) % 0x4000_0000;
  return (_index, partitionCount) => own % partitionCount;
}

/** The stated partition; else murmur2 of the key; else what `keyless` says. Throws `UNKNOWN_TOPIC_OR_PARTITION`. */
export function partitionOf(
  { key, partition }: Pick<OutgoingRecord, "key" | "partition">,
  index: number,
  topic: { readonly name: string; readonly partitionCount: number },
  keyless: Keyless,
): number {
  const { name, partitionCount } = topic;
  if (partition !== null) {
    if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) return partition;
    const said = `partition ${partition}, the topic ${JSON.stringify(name)} has ${partitionCount}`;
    throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", said, { topic: name, partition, partitionCount });
  }
  // Most topics that a shell writes to have one, and hashes nothing for it.
  if (partitionCount === 1) return 0;
  if (key === null) return keyless(index, partitionCount);
  return partitionForKey(typeof key === "string" ? bytesOf(key) : key, partitionCount);
}

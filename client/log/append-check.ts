/** What an append must be before it is queued: a damaged one is refused alone and costs the others nothing. */
import { UNASSIGNED, type Partition } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { checkBatch } from "./batch-codec.ts";
import type { BatchAppend } from "./device-log.ts";

export interface CheckedAppend {
  readonly topic: string;
  readonly partition: Partition;
  readonly partitionCount: number | undefined;
  /** A buffer of its own, exactly as long: a structured clone of a view clones the whole buffer behind it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Plain records, which may be written into another batch. */
  readonly plain: boolean;
}

export function checkAppend({ topic, partition, partitionCount, batch }: BatchAppend): CheckedAppend {
  checkTopicName(topic);
  if (!Number.isInteger(partition) || partition < UNASSIGNED || partition >= LIMITS.partitionsPerTopicMax)
    throw noSuchPartition(topic, partition, LIMITS.partitionsPerTopicMax);
  const bytesMax = LIMITS.batchBytesMax;
  if (batch.byteLength > bytesMax) {
    const said = `a batch of ${batch.byteLength} bytes for ${topic}, the limit is ${bytesMax}`;
    throw new StrandlineError("MESSAGE_TOO_LARGE", said, { topic, bytes: batch.byteLength, bytesMax });
  }
  const { count, plain } = checkBatch(batch, topic);
  if (partition === UNASSIGNED && !plain) {
    const said = `a compressed batch for ${topic} without a partition: it is assigned by the keys of its records`;
    throw new StrandlineError("UNSUPPORTED_COMPRESSION_TYPE", said, { topic, partition });
  }
  return { topic, partition, partitionCount, bytes: ownBuffer(batch), count, plain };
}

export function noSuchPartition(topic: string, partition: number, partitionCount: number): StrandlineError {
  return new StrandlineError(
    "UNKNOWN_TOPIC_OR_PARTITION",
    `partition ${partition}, the topic "${topic}" has ${partitionCount}`,
    { topic, partition, partitionCount },
  );
}

export function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const owns = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return owns ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}

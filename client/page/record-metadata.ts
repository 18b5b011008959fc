/** What a send answers. */
import { StrandlineError, type ErrorDetails } from "../../shared/strandline-error.ts";
import type { StoredRecords } from "./packer.ts";
import { StoredReceipt, type AskReceipt, type Receipt } from "./receipt.ts";

/** The records of one send in one partition. */
export interface RecordMetadata {
  readonly topicName: string;
  /** -1: the partition is chosen, by key, once the device knows the topic. */
  readonly partition: number;
  readonly errorCode: 0;
  /** Of the first record; the others follow it without a gap. */
  readonly localSequence: number;
  readonly count: number;
  /** Of the first record. Undefined with `acks: 1` where the edge will give it. */
  readonly baseOffset: number | undefined;
  /** Of the first record. */
  readonly receipt: Receipt;
  /** Of the record at `index`, from 0 to `count - 1`, in the order in which they were given. */
  readonly receiptOf: (index: number) => Receipt;
}

export function metadataOf(stored: StoredRecords, ask: AskReceipt): RecordMetadata {
  const { topic, partition, localSequence, count, baseOffset, remade } = stored;
  const receiptOf = (index: number): Receipt => {
    if (!Number.isInteger(index) || index < 0 || index >= count)
      throw new StrandlineError("INVALID_ARGUMENT", `record ${index} of ${count}`, { index, count });
    return new StoredReceipt(
      { topic, partition, localSequence: localSequence + index, ...(remade === undefined ? {} : { remade }) },
      ask,
    );
  };
  let receipt: Receipt | null = null;
  return {
    topicName: topic,
    partition,
    errorCode: 0,
    localSequence,
    count,
    baseOffset: baseOffset ?? undefined,
    get receipt(): Receipt {
      return (receipt ??= receiptOf(0));
    },
    receiptOf,
  };
}

export function storedAt(all: readonly RecordMetadata[]): ErrorDetails {
  return { stored: true, receipt: all[0]?.receipt.id, receipts: all.map(({ receipt }) => receipt.id).join(" ") };
}

export function withOffset(
  metadata: RecordMetadata,
  partition: number,
  baseOffset: number | undefined,
): RecordMetadata {
  const { topicName, errorCode, localSequence, count, receipt, receiptOf } = metadata;
  return { topicName, partition, errorCode, localSequence, count, baseOffset, receipt, receiptOf };
}

/** Where a record stands on the device that sent it. */
export interface RecordPlace {
  readonly topic: string;
  /** -1: the topic's partitions were not known when the record was stored. */
  readonly partition: number;
  readonly localSequence: number;
}

/** `orders-3~57`; `?` stands for a partition that is not known. */
export function receiptId({ topic, partition, localSequence }: RecordPlace): string {
  return `${topic}-${partition < 0 ? "?" : partition}~${localSequence}`;
}

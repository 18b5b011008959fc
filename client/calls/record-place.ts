/** Where a record stands on the device that sent it. */
export interface RecordPlace {
  readonly topic: string;
  /** -1: the topic's partitions were not known when the record was stored. */
  readonly partition: number;
  readonly localSequence: number;
  /** How often the topic had been made again under its name, as far as this device knows, when the record was stored; absent: never. */
  readonly remade?: number;
}

/** `orders-3~57`; `?` stands for a partition that is not known. `orders-3~57~1`: of the topic that was made again once. */
export function receiptId({ topic, partition, localSequence, remade = 0 }: RecordPlace): string {
  return `${topic}-${partition < 0 ? "?" : partition}~${localSequence}${remade > 0 ? `~${remade}` : ""}`;
}

/** As it crosses to the worker. */
export function plainPlace({ topic, partition, localSequence, remade = 0 }: RecordPlace): RecordPlace {
  return { topic, partition, localSequence, remade };
}

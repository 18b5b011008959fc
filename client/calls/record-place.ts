/** Where a record stands on the device that sent it. */
export interface RecordPlace {
  readonly topic: string;
  /** -1: the topic's partitions were not known when the record was stored. */
  readonly partition: number;
  readonly localSequence: number;
}

/**
 * `DELETE /v1/topics/{topic}/partitions/{partition}/records?before=<offset>|latest`: the log begins at the offset from
 * then on (Kafka's DeleteRecords). One that is behind the log's start changes nothing; one beyond its end is
 * `OFFSET_OUT_OF_RANGE`.
 */
export type DeleteRecordsQuestion = "latest" | number;

export interface DeleteRecordsAnswer {
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

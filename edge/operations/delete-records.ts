/** Delete records: the log begins further up (Kafka's DeleteRecords). */
import type { DeleteRecordsAnswer, DeleteRecordsQuestion } from "../../shared/api/delete-records.ts";
import { take } from "../outcome.ts";
import { partitionByName, type EdgePorts } from "./ports.ts";

/** What a partition calls the end of its log. */
const HIGH_WATERMARK = -1;

/** Throws `OFFSET_OUT_OF_RANGE` beyond the end of the log. */
export async function deleteRecords(
  ports: EdgePorts,
  name: string,
  partition: number,
  before: DeleteRecordsQuestion,
): Promise<DeleteRecordsAnswer> {
  const topic = await partitionByName(ports, name, partition, "deleteRecords");
  const offset = before === "latest" ? HIGH_WATERMARK : before;
  const { logStartOffset, highWatermark } = take(await ports.partition(topic, partition).deleteRecords(offset));
  return { logStartOffset, highWatermark };
}

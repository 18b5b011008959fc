/** The records of a polled run, batch by batch: those within its bounds, damaged bytes told with their position. */
import { openBatch } from "../../shared/gzip.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import type { PolledRun } from "../worker-api.ts";
import { ReceivedMessage } from "./received-message.ts";

export async function* messagesOf({ topic, partition, buffer, from, to }: Pick<PolledRun, "topic" | "partition" | "buffer" | "from" | "to">): AsyncGenerator<ReceivedMessage[]> {
  for (const batch of batches(new Uint8Array(buffer))) {
    const opened = await openBatch(batch);
    const messages: ReceivedMessage[] = [];
    for (const record of records(opened)) {
      if (record.offset >= from && record.offset < to) messages.push(new ReceivedMessage(topic, partition, record));
    }
    yield messages;
  }
}

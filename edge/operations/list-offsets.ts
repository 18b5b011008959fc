/** List offsets: the earliest, the latest, or the first record at or after a time (Kafka's ListOffsets). */
import type { ListOffsetsAnswer, OffsetQuestion } from "../../shared/api/list-offsets.ts";
import { openBatch } from "../../shared/gzip.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { take } from "../outcome.ts";
import type { PartitionPort } from "../partition/partition-port.ts";
import { partitionByName, type EdgePorts } from "./ports.ts";

export async function listOffsets(
  ports: EdgePorts,
  name: string,
  partition: number,
  at: OffsetQuestion,
): Promise<ListOffsetsAnswer> {
  const port = ports.partition(await partitionByName(ports, name, partition, "listOffsets"), partition);
  if (typeof at === "string") {
    const { leaderEpoch, logStartOffset, highWatermark } = take(await port.bounds());
    return { offset: at === "earliest" ? logStartOffset : highWatermark, timestamp: null, leaderEpoch };
  }
  return await offsetAtTime(port, at);
}

/** The first record at or after a time, milliseconds since 1970; offset null: there is none. */
export async function offsetAtTime(port: PartitionPort, at: number): Promise<ListOffsetsAnswer> {
  for (let from = 0; ;) {
    const { batch, nextOffset, leaderEpoch, logStartOffset, highWatermark } = take(
      await port.batchAtTime({ timestamp: at, from }),
    );
    for (const held of batch === null ? [] : batches(batch)) {
      for (const { offset, timestamp } of records(await openBatch(held))) {
        if (timestamp >= at && offset >= logStartOffset) return { offset, timestamp, leaderEpoch };
      }
    }
    if (nextOffset >= highWatermark) return { offset: null, timestamp: null, leaderEpoch };
    from = nextOffset;
  }
}

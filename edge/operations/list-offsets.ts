/** List offsets: the earliest, the latest, or the first record at or after a time (Kafka's ListOffsets). */
import type { ListOffsetsAnswer, OffsetQuestion } from "../../shared/api/list-offsets.ts";
import { openBatch } from "../../shared/gzip.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { take } from "../outcome.ts";
import { partitionByName, type EdgePorts } from "./ports.ts";

/** Throws `INVALID_REQUEST` that names what was asked. */
export function offsetQuestion(text: string | undefined): OffsetQuestion {
  if (text === "earliest" || text === "latest") return text;
  const time = /^\d+$/.test(text ?? "") ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(time)) return time;
  throw new StrandlineError("INVALID_REQUEST", `at=${(text ?? "").slice(0, 64)}: earliest, latest or milliseconds`, {
    field: "at",
  });
}

export async function listOffsets(
  ports: EdgePorts,
  name: string,
  partition: number,
  at: OffsetQuestion,
): Promise<ListOffsetsAnswer> {
  const port = ports.partition(await partitionByName(ports, name, partition), partition);
  if (typeof at === "string") {
    const { leaderEpoch, logStartOffset, highWatermark } = take(await port.bounds());
    return { offset: at === "earliest" ? logStartOffset : highWatermark, timestamp: null, leaderEpoch };
  }
  const { batch, leaderEpoch } = take(await port.batchAtTime(at));
  for (const held of batch === null ? [] : batches(batch)) {
    for (const record of records(await openBatch(held))) {
      if (record.timestamp >= at) return { offset: record.offset, timestamp: record.timestamp, leaderEpoch };
    }
  }
  return { offset: null, timestamp: null, leaderEpoch };
}

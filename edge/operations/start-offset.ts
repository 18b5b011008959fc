/** Where a reader begins that names no number. */
import { take } from "../outcome.ts";
import type { PartitionPort } from "../partition/partition-port.ts";

export async function startOffset(port: PartitionPort, asked: number | "earliest" | "latest"): Promise<number> {
  if (typeof asked === "number") return asked;
  const { logStartOffset, highWatermark } = take(await port.bounds());
  return asked === "earliest" ? logStartOffset : highWatermark;
}

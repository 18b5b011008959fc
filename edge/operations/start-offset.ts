/** Where a reader begins that names no number. */
import { take } from "../outcome.ts";
import type { EdgePorts } from "./ports.ts";

export async function startOffset(
  ports: EdgePorts,
  { topicId, partition }: { readonly topicId: string; readonly partition: number },
  asked: number | "earliest" | "latest",
): Promise<number> {
  if (typeof asked === "number") return asked;
  const { logStartOffset, highWatermark } = take(await ports.partition(topicId, partition).bounds());
  return asked === "earliest" ? logStartOffset : highWatermark;
}

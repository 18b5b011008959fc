/** Takes a table as far as the device's log goes. Several may do so at once: a step counts only from where it was read. */
import type { Offset, Partition } from "../../shared/brands.ts";
import type { PartitionRef, Replica } from "./device-log.ts";
import { latestRecords } from "./latest-records.ts";
import type { TopicRow } from "./rows.ts";
import type { StoredTables } from "./table-store.ts";

/** What one transaction takes in, so that none lasts long. */
const STEP_BYTES = 512 * 1024;

export interface TableParts {
  readonly tables: StoredTables;
  readonly replica: Pick<Replica, "read">;
}

export async function advanceTable(parts: TableParts, topic: TopicRow, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await step(parts, topic)));
}

/** Whether there is more. */
async function step(parts: TableParts, { topicKey, partitionCount }: TopicRow): Promise<boolean> {
  const { positions, restarts } = await parts.tables.position(topicKey);
  let more = false;
  for (let index = 0; index < (partitionCount ?? 0); index += 1) {
    const from = positions[index] ?? (0 as Offset);
    const ref = { topicKey, partition: index as Partition };
    if (await take(parts, ref, { from, restarts })) more = true;
  }
  return more;
}

async function take(
  { tables, replica }: TableParts,
  ref: PartitionRef,
  at: { readonly from: Offset; readonly restarts: number },
): Promise<boolean> {
  const { from } = at;
  const read = await replica.read(ref, from, STEP_BYTES);
  const to = Math.max(read.nextOffset, Math.min(read.logStartOffset, read.replicatedTo)) as Offset;
  if (to <= from) return false;
  const latest = await latestRecords({ partition: ref.partition, runs: read.runs, from, to });
  return await tables.advance({ ...ref, ...at, to, latest });
}

/** Takes a table as far as the device's log goes. Several may do so at once: a step counts only from where it was read. */
import type { Offset, Partition } from "../../shared/brands.ts";
import type { PartitionRef, ReadResult, Replica } from "./device-log.ts";
import { latestRecords } from "./latest-records.ts";
import type { TopicRow } from "./rows.ts";
import type { StoredTables } from "./table-store.ts";

/** What one transaction takes in, so that none lasts long. */
const STEP_BYTES = 512 * 1024;

export interface TableParts {
  readonly tables: StoredTables;
  readonly replica: Pick<Replica, "read">;
  /**
   * Asked where the device has dropped what comes next. Absent, or null: the edge cannot be asked. With other `restarts`
   * another one is: what the one before has read ahead may be of a log that was cut.
   */
  readonly edge?: (restarts: number) => Pick<Replica, "read"> | null;
}

export interface Advanced {
  /** Partitions of which the table still lacks what the device has dropped; the edge has not brought it yet. */
  readonly lacking: readonly PartitionRef[];
  /** Partitions of which it has that now, and had not before: who has the table open has to read it anew. */
  readonly filled: readonly PartitionRef[];
}

export async function advanceTable(parts: TableParts, topic: TopicRow, signal: AbortSignal): Promise<Advanced> {
  const filled: PartitionRef[] = [];
  for (;;) {
    const { more, ...stepped } = await step(parts, topic);
    filled.push(...stepped.filled);
    if (!more || signal.aborted) return { ...stepped, filled };
  }
}

/** What the device holds of a partition begins behind what a table that is kept as far as `kept` wants next; the edge may have that. */
export function lacks(
  { heldFrom, logStartOffset }: Pick<ReadResult, "heldFrom" | "logStartOffset">,
  kept: number,
): boolean {
  return heldFrom > Math.max(kept, logStartOffset);
}

async function step(
  parts: TableParts,
  { topicKey, partitionCount }: TopicRow,
): Promise<Advanced & { readonly more: boolean }> {
  const { positions, restarts } = await parts.tables.position(topicKey);
  let more = false;
  const [lacking, filled]: [PartitionRef[], PartitionRef[]] = [[], []];
  for (let index = 0; index < (partitionCount ?? 0); index += 1) {
    const from = positions[index] ?? (0 as Offset);
    const ref = { topicKey, partition: index as Partition };
    const taken = await take(parts, ref, { from, restarts });
    if (taken.more) more = true;
    if (taken.lacks) lacking.push(ref);
    if (taken.filled) filled.push(ref);
  }
  return { more, lacking, filled };
}

interface Taken {
  readonly more: boolean;
  readonly lacks: boolean;
  readonly filled: boolean;
}

async function take(
  { tables, replica, edge }: TableParts,
  ref: PartitionRef,
  at: { readonly from: Offset; readonly restarts: number },
): Promise<Taken> {
  const { from, restarts } = at;
  const held = await replica.read(ref, from, STEP_BYTES);
  const isLacking = lacks(held, from);
  const read = isLacking ? ((await edge?.(restarts)?.read(ref, from, STEP_BYTES)) ?? null) : held;
  if (read === null) return { more: false, lacks: true, filled: false };
  // From the edge no further than to where the device goes on: what is behind has its own proof of being one log.
  const end = isLacking ? held.heldFrom : read.replicatedTo;
  const to = Math.min(
    Math.max(read.nextOffset, Math.min(read.logStartOffset, end)),
    isLacking ? end : Infinity,
  ) as Offset;
  if (to <= from) return { more: false, lacks: isLacking, filled: false };
  const latest = await latestRecords({ partition: ref.partition, runs: read.runs, from, to });
  const more = await tables.advance({ ...ref, ...at, to, latest });
  return { more, lacks: isLacking && to < end, filled: isLacking && to >= end && more };
}

/**
 * What the device drops of its copy: whole rows of `log`, oldest first, each step a small transaction of its own. What
 * was not synced stands in `pending` and is never looked at here.
 */
import type { Offset } from "../../shared/brands.ts";
import { batchByteLength, batchMaxTimestamp } from "../../shared/record-batch.ts";
import { readBounded } from "./bounded-read.ts";
import type { PartitionRef } from "./device-log.ts";
import { entriesBetween, firstOf, partitionKey, tableKey } from "./keys.ts";
import { plus } from "./partition-row.ts";
import type { LogRow, PartitionRow, TablePositionRow } from "./rows.ts";
import type { Entry, Store } from "./store.ts";

/** What one transaction looks at: an append that waits behind it waits some milliseconds. */
const STEP = { bytesMax: 4 * 1024 * 1024, countMax: 64 };

export interface HeldRow {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly byteLength: number;
  readonly maxTimestamp: number;
}

export interface DropStep {
  readonly droppedBytes: number;
  /** The oldest row that stays; null: none was seen, there may be more to drop. */
  readonly stays: HeldRow | null;
  /** Nothing committed is held any more. */
  readonly empty: boolean;
}

/**
 * Drops rows from the oldest on as long as `drops` says so. Rows that are not readable as committed yet stay, and so do those
 * that the topic's table, where it has one, is still to take in.
 */
export async function dropOldest(
  store: Store,
  ref: PartitionRef,
  drops: (row: HeldRow, partition: PartitionRow) => boolean,
  options: { readonly local: boolean },
): Promise<DropStep> {
  return await store.transact(
    ["partitions", "log", "tables"],
    { mode: "readwrite", durability: "relaxed" },
    async (transaction) => {
      const [row, table] = await Promise.all([
        transaction.get<PartitionRow>("partitions", partitionKey(ref)),
        transaction.get<TablePositionRow>("tables", tableKey(ref.topicKey)),
      ]);
      if (row === undefined) return { droppedBytes: 0, stays: null, empty: true };
      const found = await readBounded<LogRow>(transaction, "log", entriesBetween(ref, 0, row.replicatedTo), STEP);
      const rows = found.map(heldRow).filter((one) => one.lastOffset < row.replicatedTo);
      const mayGoTo = table === undefined ? Infinity : neededFrom(table.positions[ref.partition] ?? 0, row);
      const at = rows.findIndex((one) => one.lastOffset >= mayGoTo || !drops(one, row));
      const dropped = at < 0 ? rows : rows.slice(0, at);
      const last = dropped.at(-1);
      if (last !== undefined) {
        void transaction.delete("log", entriesBetween(ref, 0, last.baseOffset + 1));
        void transaction.put("partitions", partitionKey(ref), beginningAt(row, plus(last.lastOffset, 1), options));
      }
      const droppedBytes = dropped.reduce((sum, one) => sum + one.byteLength, 0);
      return { droppedBytes, stays: rows[at] ?? null, empty: found.length === 0 };
    },
  );
}

/** What a table needs that already lacks something before it can come from the edge with that. */
function neededFrom(takenIn: number, row: PartitionRow): number {
  return heldFromOf(row) > Math.max(takenIn, row.logStartOffset) ? Infinity : takenIn;
}

/** A topic of the device alone has no other log: its start moves. Of a replica the edge still has what is dropped here. */
function beginningAt(row: PartitionRow, start: Offset, { local }: { readonly local: boolean }): PartitionRow {
  return local
    ? { ...row, logStartOffset: Math.max(start, row.logStartOffset) as Offset }
    : { ...row, heldFrom: Math.max(start, row.heldFrom ?? 0) as Offset };
}

/** The first offset of which this device can tell what stands there. */
export function heldFromOf(row: PartitionRow): Offset {
  return Math.max(row.logStartOffset, row.heldFrom ?? 0) as Offset;
}

export function heldRow({ key, value }: Entry<LogRow>): HeldRow {
  const { bytes, lastOffset } = value;
  let maxTimestamp = -Infinity;
  for (let at = 0; at < bytes.byteLength; at += batchByteLength(bytes, at))
    maxTimestamp = Math.max(maxTimestamp, batchMaxTimestamp(bytes, at));
  return { baseOffset: firstOf(key) as Offset, lastOffset, byteLength: bytes.byteLength, maxTimestamp };
}

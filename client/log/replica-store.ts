/**
 * Puts one fetched run into `log`. What must hold: rows with a base offset below `replicatedTo` cover everything from
 * the log's start, or from `heldFrom`, up to it, and no row begins within another, so that a reader finds an offset by the last row that
 * begins at or below it.
 */
import type { LeaderEpoch, Offset } from "../../shared/brands.ts";
import { ownBuffer } from "./append-check.ts";
import type { FetchedRun, PartitionRef } from "./device-log.ts";
import { offsetRow } from "./group-state.ts";
import { compareKeys } from "./key-order.ts";
import {
  ALL_GROUPS,
  entriesBetween,
  entriesFrom,
  entryKey,
  firstOf,
  groupOf,
  offsetKey,
  partitionKey,
} from "./keys.ts";
import { NEW_PARTITION, plus, sameRow } from "./partition-row.ts";
import type { LogRow, OffsetRow, PartitionRow } from "./rows.ts";
import type { StoreName, StoreTransaction } from "./store.ts";
import { restartTable } from "./table-store.ts";
import { latestTimeOf } from "./time-index.ts";

/** Groups of one device, by partition: thousands at most. `getAll` takes a count below 2^32. */
const ALL_AT_ONCE = 2 ** 31;

export function storesOfRuns(runs: readonly FetchedRun[]): readonly StoreName[] {
  return runs.some(({ restart }) => restart) ? ["partitions", "log", "offsets", "tables"] : ["partitions", "log"];
}

/** False: nothing of it was news. */
export async function storeRun(transaction: StoreTransaction, run: FetchedRun): Promise<boolean> {
  const { ref } = run;
  const before = (await transaction.get<PartitionRow>("partitions", partitionKey(ref))) ?? NEW_PARTITION;
  if (isOlder(run.leaderEpoch, before.leaderEpoch)) return false;
  const begun = run.restart ? restarted(transaction, before, run) : before;
  if (run.restart && run.firstOffset < before.replicatedTo) await cutOffsets(transaction, run);
  if (run.restart) await restartTable(transaction, ref.topicKey);
  const bounded = await withBounds(transaction, begun, run);
  const after = extended(transaction, bounded, run);
  if (sameRow(before, after)) return false;
  void transaction.put("partitions", partitionKey(ref), after);
  return true;
}

/** A late answer of the time before a rewind. */
function isOlder(told: LeaderEpoch | null, known: LeaderEpoch | null): boolean {
  return told !== null && known !== null && told.counter < known.counter;
}

function restarted(
  transaction: StoreTransaction,
  row: PartitionRow,
  { ref, firstOffset, logStartOffset }: FetchedRun,
): PartitionRow {
  void transaction.delete("log", entriesFrom(ref, 0));
  // Nothing that was replicated stands any more.
  const restarts = (row.restarts ?? 0) + 1;
  const begin = Math.min(firstOffset, max(logStartOffset, row.heldFrom ?? logStartOffset)) as Offset;
  const held = { heldFrom: begin, compactedTo: begin, cutTo: firstOffset };
  return { ...row, replicatedTo: begin, replicatedCrc: null, maxTimestamp: -1, restarts, ...held };
}

/** Other records will stand above the cut: groups that were beyond go on from there. */
async function cutOffsets(transaction: StoreTransaction, { ref, firstOffset }: FetchedRun): Promise<void> {
  for (const { key, value } of await transaction.entries<OffsetRow>("offsets", ALL_GROUPS, ALL_AT_ONCE)) {
    if (value.offset <= firstOffset || compareKeys(key, offsetKey(groupOf(key), ref)) !== 0) continue;
    const readFrom = value.readFrom !== undefined && value.readFrom < firstOffset ? value.readFrom : undefined;
    const cut: OffsetRow = { ...offsetRow(firstOffset, readFrom), cutFrom: value.offset };
    void transaction.put("offsets", key, cut);
  }
}

async function withBounds(transaction: StoreTransaction, row: PartitionRow, run: FetchedRun): Promise<PartitionRow> {
  const { ref, highWatermark, logStartOffset, leaderEpoch } = run;
  if (logStartOffset > row.logStartOffset) await dropBelow(transaction, ref, logStartOffset);
  // What retention took before it was fetched will never come: the replica begins at the log's start.
  const skips = row.replicatedTo < logStartOffset;
  const replica = skips
    ? { replicatedTo: logStartOffset, replicatedCrc: null }
    : { replicatedTo: row.replicatedTo, replicatedCrc: row.replicatedCrc };
  // Answers overtake each other; only a log that was rewound has less than it had.
  const rewound = run.restart || leaderEpoch?.counter !== row.leaderEpoch?.counter;
  const bounds = rewound
    ? { highWatermark, logStartOffset }
    : { highWatermark: max(highWatermark, row.highWatermark), logStartOffset: max(logStartOffset, row.logStartOffset) };
  return { ...row, ...replica, ...bounds, leaderEpoch: leaderEpoch ?? row.leaderEpoch };
}

function max(a: Offset, b: Offset): Offset {
  return a > b ? a : b;
}

/** Rows that end below the log's start. */
async function dropBelow(transaction: StoreTransaction, ref: PartitionRef, logStartOffset: Offset): Promise<void> {
  const containing = await transaction.last<LogRow>("log", entriesBetween(ref, 0, logStartOffset + 1));
  if (containing === undefined) return;
  const keeps = containing.value.lastOffset >= logStartOffset;
  const end = keeps ? firstOf(containing.key) : logStartOffset;
  void transaction.delete("log", entriesBetween(ref, 0, end));
}

function extended(transaction: StoreTransaction, row: PartitionRow, run: FetchedRun): PartitionRow {
  const { ref, from, bytes, firstOffset, nextOffset, lastCrc } = run;
  const gap = from > row.replicatedTo;
  // A shorter run never replaces a longer one that begins where it does.
  if (gap || nextOffset <= row.replicatedTo) return row;
  if (bytes.byteLength === 0) return { ...row, replicatedTo: nextOffset, replicatedCrc: null };
  void transaction.delete("log", entriesBetween(ref, Math.min(firstOffset + 1, from), nextOffset));
  const maxTimestamp = Math.max(row.maxTimestamp ?? -1, latestTimeOf(bytes));
  void transaction.put("log", entryKey(ref, firstOffset), {
    bytes: ownBuffer(bytes),
    lastOffset: plus(nextOffset, -1),
    maxTimestamp,
  } satisfies LogRow);
  return { ...row, replicatedTo: nextOffset, replicatedCrc: lastCrc, maxTimestamp };
}

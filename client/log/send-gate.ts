/**
 * What holds a partition's outbox back. When a topic grows, keys move: a later record of a key would overtake an
 * earlier one that still waits in its old partition. So what was appended by the old layout is sent and acknowledged
 * before anything of the new one: each growth marks where every partition stood (`TopicRow.draining`). In strict
 * order a refused batch stops its partition (`PartitionRow.blocked`).
 */
import type { LocalSequence, TopicKey } from "../../shared/brands.ts";
import { readBounded, type ReadLimit } from "./bounded-read.ts";
import type { BlockingBatch, PartitionRef, Sendable } from "./device-log.ts";
import { ALL_OF_ALL_TOPICS, entriesBetween, entriesFrom, entryKey, firstOf, partitionKey, refOf } from "./keys.ts";
import type { BlockedBatch, DrainMark, PartitionRow, PendingRow, TopicRow } from "./rows.ts";
import type { Entry, StoreName, StoreTransaction } from "./store.ts";

/** Partitions of one device: thousands at most. `getAll` takes a count below 2^32. */
const EVERYTHING_AT_ONCE = 2 ** 31;

export const SEND_STORES: readonly StoreName[] = ["topics", "partitions", "pending"];

export async function readSendable(
  transaction: StoreTransaction,
  ref: PartitionRef,
  { from, ...limit }: ReadLimit & { readonly from: LocalSequence },
): Promise<Sendable> {
  const topic = await transaction.get<TopicRow>("topics", ref.topicKey);
  if (topic?.strictOrder === true) {
    const row = await transaction.get<PartitionRow>("partitions", partitionKey(ref));
    if (row?.blocked !== undefined)
      return { batches: [], discarded: row.blocked.discarded === true ? row.blocked : null };
  }
  const to = sendableTo(topic, ref);
  const range = to === null ? entriesFrom(ref, from) : entriesBetween(ref, from, to);
  const found = await readBounded<PendingRow>(transaction, "pending", range, limit);
  const batches = found.map(({ key, value }) => ({ ...value, localSequence: firstOf(key) as LocalSequence }));
  return { batches, discarded: null };
}

/** Only what stands below it may be sent; null: all of it. */
function sendableTo(topic: TopicRow | undefined, ref: PartitionRef): LocalSequence | null {
  const [draining] = topic?.draining ?? [];
  if (draining === undefined) return null;
  return draining.find(({ partition }) => partition === ref.partition)?.to ?? (0 as LocalSequence);
}

/** Marks where each partition stands, in front of what is appended from now on. */
export function drainMarks(rows: readonly Entry<PartitionRow>[]): DrainMark[] {
  return rows.flatMap(({ key, value }) => {
    const { partition } = refOf(key);
    const waits = partition >= 0 && value.nextLocalSequence > value.ackedLocalSequence;
    return waits ? [{ partition, to: value.nextLocalSequence }] : [];
  });
}

/** These go before all that is appended later, and after what was marked before. */
export function withDrain(row: TopicRow, marks: readonly DrainMark[]): TopicRow {
  return marks.length === 0 ? row : { ...row, draining: [...(row.draining ?? []), marks] };
}

/** Without the marks that the partition has reached. */
export function withoutDrained({ draining = [], ...row }: TopicRow, partition: number, acked: LocalSequence): TopicRow {
  const left = draining
    .map((marks) => marks.filter((mark) => mark.partition !== partition || acked < mark.to))
    .filter((marks) => marks.length > 0);
  return left.length === 0 ? row : { ...row, draining: left };
}

export async function partitionRows(transaction: StoreTransaction, topicKey: TopicKey): Promise<Entry<PartitionRow>[]> {
  const range = { from: [topicKey], to: [topicKey + 1] };
  return await transaction.entries<PartitionRow>("partitions", range, EVERYTHING_AT_ONCE);
}

export async function block(transaction: StoreTransaction, ref: PartitionRef, blocked: BlockedBatch): Promise<boolean> {
  const [topic, row] = await Promise.all([
    transaction.get<TopicRow>("topics", ref.topicKey),
    transaction.get<PartitionRow>("partitions", partitionKey(ref)),
  ]);
  if (topic?.strictOrder !== true || row === undefined) return false;
  if (row.ackedLocalSequence !== blocked.localSequence || row.blocked?.discarded === true) return false;
  void transaction.put("partitions", partitionKey(ref), { ...row, blocked } satisfies PartitionRow);
  return true;
}

export async function listBlocking(transaction: StoreTransaction): Promise<BlockingBatch[]> {
  const rows = await transaction.entries<PartitionRow>("partitions", ALL_OF_ALL_TOPICS, EVERYTHING_AT_ONCE);
  const found: BlockingBatch[] = [];
  for (const { key, value } of rows) {
    const { blocked } = value;
    if (blocked === undefined || blocked.discarded === true) continue;
    const ref = refOf(key);
    const pending = await transaction.get<PendingRow>("pending", entryKey(ref, blocked.localSequence));
    if (pending !== undefined) found.push({ ...blocked, ...ref, bytes: pending.bytes });
  }
  return found;
}

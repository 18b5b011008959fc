/**
 * The records of a topic that was not known wait under partition -1. Once its partition count is known they move to
 * their partitions, in order, within the transaction that stores the count: nobody ever sees the count without them.
 */
import { UNASSIGNED, type LocalSequence, type Partition, type TopicKey } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { CountedBatch } from "./batch-codec.ts";
import { readBounded } from "./bounded-read.ts";
import type { PartitionRef } from "./device-log.ts";
import { entriesBetween, entryKey, firstOf, movedKey, partitionKey } from "./keys.ts";
import { movedRows } from "./moved-map.ts";
import { NEW_PARTITION, plus, withPendingBytes } from "./partition-row.ts";
import { PartitionSplit } from "./partition-split.ts";
import type { PartitionRow, PendingRow } from "./rows.ts";
import type { Entry, StoreName, StoreTransaction } from "./store.ts";

export const MOVE_STORES: readonly StoreName[] = ["meta", "topics", "partitions", "pending"];

/** What is moved at a time. The whole may be far more than memory should hold. */
const CHUNK = { bytesMax: LIMITS.batchBytesMax, countMax: 4_096 } as const;

interface Moving {
  readonly topicKey: TopicKey;
  readonly rows: Map<number, PartitionRow>;
  readonly createdAt: number;
}

export async function moveWaiting(
  transaction: StoreTransaction,
  topicKey: TopicKey,
  options: { readonly partitionCount: number },
): Promise<void> {
  const ref: PartitionRef = { topicKey, partition: UNASSIGNED };
  const waiting = await transaction.get<PartitionRow>("partitions", partitionKey(ref));
  if (waiting === undefined || waiting.ackedLocalSequence === waiting.nextLocalSequence) return;
  const rows = new Map<number, PartitionRow>();
  let from = waiting.ackedLocalSequence;
  for (;;) {
    const chunk = await readBounded<PendingRow>(
      transaction,
      "pending",
      entriesBetween(ref, from, waiting.nextLocalSequence),
      CHUNK,
    );
    const [first] = chunk;
    if (first === undefined) break;
    const split = new PartitionSplit(options.partitionCount);
    for (const { value } of chunk) {
      const { bytes, count, named } = value;
      if (named === undefined) split.addStored({ bytes, count });
      else split.addNamed({ bytes, count }, named);
    }
    await moveChunk(
      transaction,
      { topicKey, rows, createdAt: first.value.createdAt },
      firstOf(first.key) as LocalSequence,
      split,
    );
    const end = endOf(chunk, from);
    void transaction.delete("pending", entriesBetween(ref, from, end));
    from = end;
  }
  for (const [partition, row] of rows)
    void transaction.put("partitions", partitionKey({ topicKey, partition: partition as Partition }), row);
  const empty = withPendingBytes({ ...waiting, ackedLocalSequence: waiting.nextLocalSequence }, 0);
  void transaction.put("partitions", partitionKey(ref), empty);
}

async function moveChunk(
  transaction: StoreTransaction,
  moving: Moving,
  first: LocalSequence,
  split: PartitionSplit,
): Promise<void> {
  const bases = new Map<number, LocalSequence>();
  for (const { partition, batches } of split.finish()) {
    const ref = { topicKey: moving.topicKey, partition: partition as Partition };
    const row =
      moving.rows.get(partition) ??
      (await transaction.get<PartitionRow>("partitions", partitionKey(ref))) ??
      NEW_PARTITION;
    bases.set(partition, row.nextLocalSequence);
    const nextLocalSequence = addAll(transaction, ref, row.nextLocalSequence, { batches, createdAt: moving.createdAt });
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
    moving.rows.set(partition, withPendingBytes({ ...row, nextLocalSequence }, bytes));
  }
  for (const [from, map] of movedRows(first, { partitions: split.assigned(), bases }))
    void transaction.put("meta", movedKey(moving.topicKey, from), map);
}

function addAll(
  transaction: StoreTransaction,
  ref: PartitionRef,
  from: LocalSequence,
  { batches, createdAt }: { batches: readonly CountedBatch[]; createdAt: number },
): LocalSequence {
  let next = from;
  for (const { bytes, count } of batches) {
    void transaction.add("pending", entryKey(ref, next), { bytes, count, createdAt } satisfies PendingRow);
    next = plus(next, count);
  }
  return next;
}

function endOf(chunk: readonly Entry<PendingRow>[], from: LocalSequence): LocalSequence {
  const last = chunk.at(-1);
  return last === undefined ? from : ((firstOf(last.key) + last.value.count) as LocalSequence);
}

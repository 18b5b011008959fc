/**
 * The transaction of one group of appends. Counters are predicted from memory, so that reads and writes are issued
 * together and cost one round trip; what was read then decides whether the transaction may stand. Measured against a
 * bare put: 1.2-1.3 times, get-then-put 1.4-1.6.
 */
import type { Crc, LocalSequence, Offset, TopicKey } from "../../shared/brands.ts";
import type { PartitionPlan } from "./append-plan.ts";
import { batchCrc, batchMaxTimestamp, patchLogPosition } from "../../shared/record-batch.ts";
import { entryKey, movedKey, partitionKey } from "./keys.ts";
import { NEW_PARTITION, plus, sameRow, withPendingBytes } from "./partition-row.ts";
import type { MovedRow } from "./moved-map.ts";
import { withDrain } from "./send-gate.ts";
import type { LogRow, PartitionRow, PendingRow, TopicRow } from "./rows.ts";
import type { StoreName, StoreTransaction } from "./store.ts";

/** Another tab wrote, or the group before this one is not written: read afresh, in turn. */
export class StalePrediction extends Error {}
/** A topic is no longer what the plan was made for. */
export class TopicsChanged extends Error {}

export type PartitionRows = ReadonlyMap<PartitionPlan, PartitionRow>;

export interface AppendOrder {
  readonly plans: readonly PartitionPlan[];
  /** Null: read the rows first. */
  readonly predicted: PartitionRows | null;
  /** Whether the group before this one stands; asked once all earlier transactions have run. */
  readonly inTurn: () => boolean;
  readonly createdAt: number;
}

export function storesOf(plans: readonly PartitionPlan[]): StoreName[] {
  const stores: StoreName[] = ["topics", "partitions"];
  if (plans.some(({ topic }) => !topic.local)) stores.push("pending");
  if (plans.some(({ topic }) => topic.local)) stores.push("log");
  if (plans.some(({ maps }) => maps.length > 0)) stores.push("meta");
  return stores;
}

/** Returns each partition's row as it was before. */
export async function writeAppends(transaction: StoreTransaction, order: AppendOrder): Promise<PartitionRows> {
  return order.predicted === null
    ? await readThenWrite(transaction, order)
    : await writeAsPredicted(transaction, order, order.predicted);
}

async function readThenWrite(
  transaction: StoreTransaction,
  { plans, inTurn, createdAt }: AppendOrder,
): Promise<PartitionRows> {
  const [rows, topics] = await Promise.all([readRows(transaction, plans), demandTopics(transaction, plans)]);
  if (!inTurn()) throw new StalePrediction();
  writeAll(transaction, plans, rows, createdAt);
  drainOld(transaction, plans, { rows, topics });
  return rows;
}

async function writeAsPredicted(
  transaction: StoreTransaction,
  { plans, inTurn, createdAt }: AppendOrder,
  predicted: PartitionRows,
): Promise<PartitionRows> {
  const reading = readRows(transaction, plans);
  writeAll(transaction, plans, predicted, createdAt);
  const rows = await reading;
  if (!inTurn()) throw new StalePrediction();
  const changed = plans.filter((plan) => !sameRow(rowOf(rows, plan), rowOf(predicted, plan)));
  if (changed.some((plan) => rowOf(rows, plan).nextLocalSequence !== rowOf(predicted, plan).nextLocalSequence))
    throw new StalePrediction();
  // A topic that becomes known or is retired changes the rows of its partitions, so that unchanged rows vouch for it.
  if (changed.length > 0) await demandTopics(transaction, changed);
  // The counters were right; an answer of the edge changed something else.
  for (const plan of changed)
    void transaction.put("partitions", partitionKey(plan.ref), rowAfter(plan, rowOf(rows, plan)));
  return rows;
}

async function readRows(transaction: StoreTransaction, plans: readonly PartitionPlan[]): Promise<PartitionRows> {
  const rows = await Promise.all(
    plans.map(({ ref }) => transaction.get<PartitionRow>("partitions", partitionKey(ref))),
  );
  return new Map(plans.map((plan, index) => [plan, rows[index] ?? NEW_PARTITION]));
}

async function demandTopics(
  transaction: StoreTransaction,
  plans: readonly PartitionPlan[],
): Promise<ReadonlyMap<TopicKey, TopicRow | undefined>> {
  const topicKeys = [...new Set(plans.map(({ ref }) => ref.topicKey))];
  const rows = await Promise.all(topicKeys.map((topicKey) => transaction.get<TopicRow>("topics", topicKey)));
  const topics = new Map(topicKeys.map((topicKey, index) => [topicKey, rows[index]]));
  if (plans.some((plan) => !stillPlanned(plan, topics.get(plan.ref.topicKey)))) throw new TopicsChanged();
  return topics;
}

/** What a page placed before it had heard of the growth goes before what is placed after it. */
function drainOld(
  transaction: StoreTransaction,
  plans: readonly PartitionPlan[],
  { rows, topics }: { rows: PartitionRows; topics: ReadonlyMap<TopicKey, TopicRow | undefined> },
): void {
  const old = plans.filter((plan) => plan.old);
  for (const [topicKey, topic] of topics) {
    const marks = old
      .filter(({ ref }) => ref.topicKey === topicKey)
      .map((plan) => ({ partition: plan.ref.partition, to: rowAfter(plan, rowOf(rows, plan)).nextLocalSequence }));
    if (topic !== undefined && marks.length > 0) void transaction.put("topics", topicKey, withDrain(topic, marks));
  }
}

function stillPlanned({ topic }: PartitionPlan, now: TopicRow | undefined): boolean {
  if (now === undefined || now.retired || now.local !== topic.local) return false;
  // By how many partitions it has follow where records wait, and what they wait for.
  return topic.partitionCount === now.partitionCount;
}

/** Where the prediction was wrong this overwrites what is not ours, and the abort takes it back: `put` is cheaper than `add`. */
function writeAll(
  transaction: StoreTransaction,
  plans: readonly PartitionPlan[],
  rows: PartitionRows,
  createdAt: number,
): void {
  for (const plan of plans) {
    const row = rowOf(rows, plan);
    let next = row.nextLocalSequence;
    let maxTimestamp = row.maxTimestamp ?? -1;
    for (const { bytes, count, ...named } of plan.batches) {
      if (plan.topic.local) {
        maxTimestamp = Math.max(maxTimestamp, batchMaxTimestamp(bytes, 0));
        addToLog(transaction, plan, { bytes, count, offset: next as number as Offset, maxTimestamp });
      } else
        void transaction.put("pending", entryKey(plan.ref, next), {
          bytes,
          count,
          ...named,
          createdAt,
        } satisfies PendingRow);
      next = plus(next, count);
    }
    writeMaps(transaction, plan, rows);
    void transaction.put("partitions", partitionKey(plan.ref), rowAfter(plan, row));
  }
}

function addToLog(
  transaction: StoreTransaction,
  { ref }: PartitionPlan,
  batch: { bytes: Uint8Array<ArrayBuffer>; count: number; offset: Offset; maxTimestamp: number },
): void {
  const { bytes, count, offset, maxTimestamp } = batch;
  patchLogPosition(bytes, 0, { baseOffset: offset, leaderEpoch: 0 });
  void transaction.put("log", entryKey(ref, offset), {
    bytes,
    lastOffset: plus(offset, count - 1),
    maxTimestamp,
  } satisfies LogRow);
}

function writeMaps(transaction: StoreTransaction, plan: PartitionPlan, rows: PartitionRows): void {
  for (const map of plan.maps) {
    const first = plus(rowOf(rows, plan).nextLocalSequence, map.first);
    const bases = new Map<number, LocalSequence>();
    for (const base of map.bases)
      bases.set(base.plan.ref.partition, plus(rowOf(rows, base.plan).nextLocalSequence, base.first));
    void transaction.put("meta", movedKey(plan.ref.topicKey, first), {
      partitions: map.partitions,
      bases,
    } satisfies MovedRow);
  }
}

export function rowAfter(plan: PartitionPlan, row: PartitionRow): PartitionRow {
  const nextLocalSequence = plus(row.nextLocalSequence, plan.count);
  // Records that were assigned at once wait no more, and those of a local topic are committed here and now.
  if (plan.maps.length > 0) return { ...row, nextLocalSequence, ackedLocalSequence: nextLocalSequence };
  if (!plan.topic.local) {
    const bytes = plan.batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
    return withPendingBytes({ ...row, nextLocalSequence }, bytes);
  }
  const end = nextLocalSequence as number as Offset;
  const last = plan.batches.at(-1);
  const replicatedCrc = last === undefined ? row.replicatedCrc : (batchCrc(last.bytes, 0) as Crc);
  return {
    ...row,
    nextLocalSequence,
    ackedLocalSequence: nextLocalSequence,
    highWatermark: end,
    replicatedTo: end,
    replicatedCrc,
    maxTimestamp: plan.batches.reduce(
      (latest, { bytes }) => Math.max(latest, batchMaxTimestamp(bytes, 0)),
      row.maxTimestamp ?? -1,
    ),
  };
}

function rowOf(rows: PartitionRows, plan: PartitionPlan): PartitionRow {
  return rows.get(plan) ?? NEW_PARTITION;
}

/**
 * The transaction of one group of appends. Counters are predicted from memory, so that reads and writes are issued
 * together and cost one round trip; what was read then decides whether the transaction may stand. Measured against a
 * bare put: 1.2-1.3 times, get-then-put 1.4-1.6.
 */
import type { Crc, LocalSequence, Offset } from "../../shared/brands.ts";
import type { PartitionPlan } from "./append-plan.ts";
import { batchCrc, patchLogPosition } from "../../shared/record-batch.ts";
import { entryKey, movedKey, partitionKey } from "./keys.ts";
import { NEW_PARTITION, plus, sameRow } from "./partition-row.ts";
import type { MovedRow } from "./moved-map.ts";
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
  const { plans, predicted } = order;
  const reading = readAll(transaction, plans);
  if (predicted !== null) writeAll(transaction, plans, predicted, order.createdAt);
  const { topics, rows } = await reading;
  if (!order.inTurn()) throw new StalePrediction();
  if (plans.some((plan) => !stillPlanned(plan, topics.get(plan.ref.topicKey)))) throw new TopicsChanged();
  if (predicted === null) writeAll(transaction, plans, rows, order.createdAt);
  else amend(transaction, plans, { predicted, rows });
  return rows;
}

async function readAll(transaction: StoreTransaction, plans: readonly PartitionPlan[]): Promise<{ topics: Map<number, TopicRow | undefined>; rows: Map<PartitionPlan, PartitionRow> }> {
  const topicKeys = [...new Set(plans.map(({ ref }) => ref.topicKey))];
  const [topics, rows] = await Promise.all([
    Promise.all(topicKeys.map((topicKey) => transaction.get<TopicRow>("topics", topicKey))),
    Promise.all(plans.map(({ ref }) => transaction.get<PartitionRow>("partitions", partitionKey(ref)))),
  ]);
  return {
    topics: new Map(topicKeys.map((topicKey, index) => [topicKey, topics[index]])),
    rows: new Map(plans.map((plan, index) => [plan, rows[index] ?? NEW_PARTITION])),
  };
}

/** Records that wait without a partition may wait on only as long as nobody knows the count. */
function stillPlanned({ topic, ref }: PartitionPlan, now: TopicRow | undefined): boolean {
  if (now === undefined || now.retired || now.local !== topic.local) return false;
  return ref.partition >= 0 || (topic.partitionCount === null) === (now.partitionCount === null);
}

function amend(transaction: StoreTransaction, plans: readonly PartitionPlan[], { predicted, rows }: { predicted: PartitionRows; rows: PartitionRows }): void {
  for (const plan of plans) {
    const before = rowOf(rows, plan);
    const guess = rowOf(predicted, plan);
    if (before.nextLocalSequence !== guess.nextLocalSequence) throw new StalePrediction();
    // The counter was right; an answer of the edge changed something else.
    if (!sameRow(before, guess)) void transaction.put("partitions", partitionKey(plan.ref), rowAfter(plan, before));
  }
}

function writeAll(transaction: StoreTransaction, plans: readonly PartitionPlan[], rows: PartitionRows, createdAt: number): void {
  for (const plan of plans) {
    const row = rowOf(rows, plan);
    let next = row.nextLocalSequence;
    for (const { bytes, count } of plan.batches) {
      if (plan.topic.local) addToLog(transaction, plan, { bytes, count, offset: next as number as Offset });
      else void transaction.add("pending", entryKey(plan.ref, next), { bytes, count, createdAt } satisfies PendingRow);
      next = plus(next, count);
    }
    writeMaps(transaction, plan, rows);
    void transaction.put("partitions", partitionKey(plan.ref), rowAfter(plan, row));
  }
}

function addToLog(transaction: StoreTransaction, { ref }: PartitionPlan, batch: { bytes: Uint8Array<ArrayBuffer>; count: number; offset: Offset }): void {
  const { bytes, count, offset } = batch;
  patchLogPosition(bytes, 0, { baseOffset: offset, leaderEpoch: 0 });
  void transaction.add("log", entryKey(ref, offset), { bytes, lastOffset: plus(offset, count - 1) } satisfies LogRow);
}

function writeMaps(transaction: StoreTransaction, plan: PartitionPlan, rows: PartitionRows): void {
  for (const map of plan.maps) {
    const first = plus(rowOf(rows, plan).nextLocalSequence, map.first);
    const bases = new Map<number, LocalSequence>();
    for (const base of map.bases) bases.set(base.plan.ref.partition, plus(rowOf(rows, base.plan).nextLocalSequence, base.first));
    void transaction.put("meta", movedKey(plan.ref.topicKey, first), { partitions: map.partitions, bases } satisfies MovedRow);
  }
}

export function rowAfter(plan: PartitionPlan, row: PartitionRow): PartitionRow {
  const nextLocalSequence = plus(row.nextLocalSequence, plan.count);
  // Records that were assigned at once wait no more, and those of a local topic are committed here and now.
  if (plan.maps.length > 0) return { ...row, nextLocalSequence, ackedLocalSequence: nextLocalSequence };
  if (!plan.topic.local) return { ...row, nextLocalSequence };
  const end = nextLocalSequence as number as Offset;
  const last = plan.batches.at(-1);
  const replicatedCrc = last === undefined ? row.replicatedCrc : (batchCrc(last.bytes, 0) as Crc);
  return { ...row, nextLocalSequence, ackedLocalSequence: nextLocalSequence, highWatermark: end, replicatedTo: end, replicatedCrc };
}

function rowOf(rows: PartitionRows, plan: PartitionPlan): PartitionRow {
  return rows.get(plan) ?? NEW_PARTITION;
}

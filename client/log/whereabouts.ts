/** Where a record stands now, after reloads and moves: a few single reads, never a scan. */
import type { LocalSequence, Offset, Partition } from "../../shared/brands.ts";
import type { PartitionRef, RecordWhereabouts } from "./device-log.ts";
import { buriedFirstOf, buriedUpTo, entriesBetween, firstOf, partitionKey } from "./keys.ts";
import { placeOfMoved } from "./moved-map.ts";
import { offsetOfAcked, plus } from "./partition-row.ts";
import type { BuriedRow, DeadLetterRow, PartitionRow, TopicRow } from "./rows.ts";
import type { StoreName, StoreTransaction } from "./store.ts";

export const FIND_STORES: readonly StoreName[] = ["meta", "topics", "partitions", "deadLetters"];

export async function findRecord(
  transaction: StoreTransaction,
  ref: PartitionRef,
  localSequence: LocalSequence,
): Promise<RecordWhereabouts> {
  const row = await transaction.get<PartitionRow>("partitions", partitionKey(ref));
  if (row === undefined || localSequence >= row.nextLocalSequence) return { kind: "unknown" };
  if (localSequence >= row.ackedLocalSequence) return { kind: "pending", ref, localSequence };
  if (ref.partition < 0) return await findMoved(transaction, ref, localSequence);
  const topic = await transaction.get<TopicRow>("topics", ref.topicKey);
  if (topic?.local === true)
    return { kind: "committed", ref, localSequence, offset: localSequence as number as Offset };
  const [dead, buried] = await Promise.all([
    transaction.last<DeadLetterRow>("deadLetters", entriesBetween(ref, 0, localSequence + 1)),
    transaction.last<BuriedRow>("meta", buriedUpTo(ref, localSequence)),
  ]);
  if (dead !== undefined && localSequence < firstOf(dead.key) + dead.value.count) {
    return { kind: "dead", ref, localSequence, error: dead.value.error };
  }
  if (buried !== undefined) {
    const first = buriedFirstOf(buried.key);
    const { count, error, sentAgainAs } = buried.value;
    if (localSequence < first + count) {
      if (sentAgainAs === null) return { kind: "dead", ref, localSequence, error };
      const again = { topicKey: sentAgainAs.topicKey, partition: sentAgainAs.partition as Partition };
      return await findRecord(transaction, again, plus(sentAgainAs.localSequence, localSequence - first));
    }
  }
  return { kind: "committed", ref, localSequence, offset: offsetOfAcked(row.ackedRanges, localSequence) };
}

async function findMoved(
  transaction: StoreTransaction,
  ref: PartitionRef,
  waiting: LocalSequence,
): Promise<RecordWhereabouts> {
  const place = await placeOfMoved(transaction, ref.topicKey, waiting);
  return place === null ? { kind: "unknown" } : await findRecord(transaction, place.ref, place.localSequence);
}

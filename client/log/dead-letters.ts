/**
 * What becomes of a dead letter, each within one transaction: whoever comes second, in this tab or another, finds
 * that it is gone. A record that is sent again is a new one, behind all others of its partition.
 */
import type { LocalSequence, Partition } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { LetterCopy, PartitionRef, PendingPlace } from "./device-log.ts";
import { ALL_TOPICS, buriedKey, entriesBetween, entryKey, firstOf, partitionKey } from "./keys.ts";
import { NEW_PARTITION, plus, withPendingBytes } from "./partition-row.ts";
import type { BuriedRow, DeadLetterRow, PartitionRow, PendingRow, TopicRow } from "./rows.ts";
import type { StoreName, StoreTransaction } from "./store.ts";

export const LETTER_STORES: readonly StoreName[] = ["meta", "topics", "partitions", "pending", "deadLetters"];

/** Topics of one device: thousands at most. */
const ALL_AT_ONCE = 2 ** 31;

interface LetterPlace {
  readonly ref: PartitionRef;
  readonly localSequence: LocalSequence;
}

export async function sendAgain(
  transaction: StoreTransaction,
  place: LetterPlace,
  createdAt: number,
): Promise<PendingPlace | null> {
  const row = await blockedRow(transaction, place);
  if (row !== null) {
    const { blocked, ...freed } = row;
    void transaction.put("partitions", partitionKey(place.ref), freed satisfies PartitionRow);
    return blocked === undefined ? null : { ...place, localSequence: blocked.localSequence, count: blocked.count };
  }
  const letter = await letterAt(transaction, place);
  if (letter === null) return null;
  const ref = await placeNow(transaction, place.ref);
  const target = (await transaction.get<PartitionRow>("partitions", partitionKey(ref))) ?? NEW_PARTITION;
  const { bytes, count, error } = letter.row;
  const localSequence = target.nextLocalSequence;
  const after = withPendingBytes({ ...target, nextLocalSequence: plus(localSequence, count) }, bytes.byteLength);
  void transaction.add("pending", entryKey(ref, localSequence), { bytes, count, createdAt } satisfies PendingRow);
  void transaction.put("partitions", partitionKey(ref), after);
  bury(transaction, place.ref, letter.first, { count, error, sentAgainAs: { ...ref, localSequence } });
  return { ref, localSequence, count };
}

export async function sendTogether(
  transaction: StoreTransaction,
  {
    ref: from,
    copies,
    createdAt,
  }: { readonly ref: PartitionRef; readonly copies: readonly LetterCopy[]; readonly createdAt: number },
): Promise<PendingPlace | null> {
  const letters = await Promise.all(
    copies.map(async ({ letter }) =>
      letter === null ? null : await letterAt(transaction, { ref: from, localSequence: letter }),
    ),
  );
  if (letters.some((letter, index) => letter === null && copies[index]?.letter !== null)) return null;
  const ref = await placeNow(transaction, from);
  const target = (await transaction.get<PartitionRow>("partitions", partitionKey(ref))) ?? NEW_PARTITION;
  let { nextLocalSequence } = target;
  let byteLength = 0;
  for (const [index, { bytes }] of copies.entries()) {
    const letter = letters[index];
    void transaction.add("pending", entryKey(ref, nextLocalSequence), {
      bytes,
      count: 1,
      createdAt,
    } satisfies PendingRow);
    const sentAgainAs = { ...ref, localSequence: nextLocalSequence };
    if (letter != null) bury(transaction, from, letter.first, { count: 1, error: letter.row.error, sentAgainAs });
    nextLocalSequence = plus(nextLocalSequence, 1);
    byteLength += bytes.byteLength;
  }
  void transaction.put("partitions", partitionKey(ref), withPendingBytes({ ...target, nextLocalSequence }, byteLength));
  return { ref, localSequence: plus(nextLocalSequence, -1), count: 1 };
}

export async function discard(transaction: StoreTransaction, place: LetterPlace): Promise<boolean> {
  const row = await blockedRow(transaction, place);
  if (row?.blocked !== undefined) {
    const blocked = { ...row.blocked, discarded: true } as const;
    void transaction.put("partitions", partitionKey(place.ref), { ...row, blocked } satisfies PartitionRow);
    return true;
  }
  const letter = await letterAt(transaction, place);
  if (letter === null) return false;
  const { count, error } = letter.row;
  bury(transaction, place.ref, letter.first, { count, error, sentAgainAs: null });
  return true;
}

/** The partition's row where it is blocked by the batch that holds the record. */
async function blockedRow(
  transaction: StoreTransaction,
  { ref, localSequence }: LetterPlace,
): Promise<PartitionRow | null> {
  const row = await transaction.get<PartitionRow>("partitions", partitionKey(ref));
  const blocked = row?.blocked;
  if (row === undefined || blocked === undefined || blocked.discarded === true) return null;
  const holds = localSequence >= blocked.localSequence && localSequence < blocked.localSequence + blocked.count;
  return holds ? row : null;
}

export async function letterAt(
  transaction: StoreTransaction,
  { ref, localSequence }: LetterPlace,
): Promise<{ readonly first: LocalSequence; readonly row: DeadLetterRow } | null> {
  const found = await transaction.last<DeadLetterRow>("deadLetters", entriesBetween(ref, 0, localSequence + 1));
  if (found === undefined) return null;
  const first = firstOf(found.key) as LocalSequence;
  return localSequence < first + found.value.count ? { first, row: found.value } : null;
}

function bury(transaction: StoreTransaction, ref: PartitionRef, first: LocalSequence, row: BuriedRow): void {
  void transaction.delete("deadLetters", entryKey(ref, first));
  void transaction.put("meta", buriedKey(ref, first), row);
}

/** The same partition of the topic that has the name now. */
async function placeNow(transaction: StoreTransaction, ref: PartitionRef): Promise<PartitionRef> {
  const own = await transaction.get<TopicRow>("topics", ref.topicKey);
  if (own?.retired === false) return ref;
  const topics = await transaction.entries<TopicRow>("topics", ALL_TOPICS, ALL_AT_ONCE);
  const now = topics.find(({ value }) => value.name === own?.name && !value.retired)?.value;
  const partitionCount = now?.partitionCount ?? 0;
  if (now === undefined || ref.partition >= partitionCount) {
    const topic = own?.name ?? "";
    const said = `partition ${ref.partition}, the topic "${topic}" that was made anew has ${partitionCount}`;
    throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", said, { topic, partition: ref.partition });
  }
  return { topicKey: now.topicKey, partition: ref.partition as Partition };
}

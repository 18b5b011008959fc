/**
 * What goes first where storage is scarce: copies of what the edge holds. Topics that nobody reads any more, then those
 * that were read longest ago; of each what every group of the device has consumed, and the rest only when that is not
 * enough.
 */
import type { Offset, TopicKey } from "../../shared/brands.ts";
import type { PartitionRef } from "../log/device-log.ts";
import { dropOldest, heldFromOf } from "../log/held-rows.ts";
import { ALL_GROUPS, ALL_OF_ALL_TOPICS, ALL_READ_AT, ALL_TOPICS, refOf } from "../log/keys.ts";
import type { OffsetRow, PartitionRow, TopicRow } from "../log/rows.ts";
import type { Key, Store } from "../log/store.ts";

const ALL_AT_ONCE = 2 ** 31;

interface Candidate {
  readonly ref: PartitionRef;
  /** What every group has consumed; null: there is no group. */
  readonly consumedTo: Offset | null;
}

/** How many bytes went; fewer than wanted where there is no more. */
export async function evict(store: Store, bytesWanted: number, signal: AbortSignal): Promise<number> {
  const candidates = await candidatesOf(store);
  let freedBytes = 0;
  for (const unread of [false, true]) {
    for (const { ref, consumedTo } of candidates) {
      while (freedBytes < bytesWanted && !signal.aborted) {
        let left = bytesWanted - freedBytes;
        const step = await dropOldest(
          store,
          ref,
          (row) => {
            if (left <= 0 || (!unread && consumedTo !== null && row.lastOffset >= consumedTo)) return false;
            left -= row.byteLength;
            return true;
          },
          { local: false },
        );
        freedBytes += step.droppedBytes;
        if (step.droppedBytes === 0 || step.stays !== null) break;
      }
    }
  }
  return freedBytes;
}

async function candidatesOf(store: Store): Promise<Candidate[]> {
  const [topics, partitions, offsets, reads] = await store.transact(
    ["topics", "partitions", "offsets", "meta"],
    { mode: "readonly" },
    (transaction) =>
      Promise.all([
        transaction.entries<TopicRow>("topics", ALL_TOPICS, ALL_AT_ONCE),
        transaction.entries<PartitionRow>("partitions", ALL_OF_ALL_TOPICS, ALL_AT_ONCE),
        transaction.entries<OffsetRow>("offsets", ALL_GROUPS, ALL_AT_ONCE),
        transaction.entries<number>("meta", ALL_READ_AT, ALL_AT_ONCE),
      ]),
  );
  const readAt = new Map(reads.map(({ key, value }) => [(key as readonly [string, TopicKey])[1], value]));
  const consumed = consumedOf(offsets);
  const order = topics
    .map(({ value }) => value)
    .filter(({ local }) => !local)
    .toSorted(
      (a, b) => Number(b.retired) - Number(a.retired) || (readAt.get(a.topicKey) ?? 0) - (readAt.get(b.topicKey) ?? 0),
    )
    .map(({ topicKey }) => topicKey);
  return order.flatMap((topicKey) =>
    partitions
      .filter(({ key, value }) => refOf(key).topicKey === topicKey && value.replicatedTo > heldFromOf(value))
      .map(({ key }) => ({ ref: refOf(key), consumedTo: consumed.get(nameOf(refOf(key))) ?? null })),
  );
}

function consumedOf(offsets: readonly { readonly key: Key; readonly value: OffsetRow }[]): Map<string, Offset> {
  const least = new Map<string, Offset>();
  for (const { key, value } of offsets) {
    const [, topicKey, partition] = key as readonly [string, number, number];
    const name = `${topicKey}/${partition}`;
    const known = least.get(name);
    const { readFrom: needed = value.offset } = value;
    if (known === undefined || needed < known) least.set(name, needed);
  }
  return least;
}

function nameOf({ topicKey, partition }: PartitionRef): string {
  return `${topicKey}/${partition}`;
}

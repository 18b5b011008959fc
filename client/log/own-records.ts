/**
 * This device's own records before they are readable as committed: those that wait in `pending`, and those that the
 * edge has taken and that stand in `log` above what is replicated. For consumers that want to see them at once.
 */
import type { LocalSequence, Offset, TopicKey } from "../../shared/brands.ts";
import { batchBaseSequence, batchCount, batchProducerId, patchLogPosition } from "../../shared/record-batch.ts";
import { readBounded } from "./bounded-read.ts";
import type { PartitionRef } from "./device-log.ts";
import type { MovedRecords, OwnRecords, OwnTail } from "./own-log.ts";
import { entriesFrom, firstOf, movedUpTo, partitionKey } from "./keys.ts";
import type { MovedRow } from "./moved-map.ts";
import { NEW_PARTITION } from "./partition-row.ts";
import type { LogRow, PartitionRow, PendingRow } from "./rows.ts";
import type { Store, StoreTransaction } from "./store.ts";

const ROWS_PER_READ_MAX = 4_096;

interface OwnBatch {
  readonly localSequence: number;
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class StoredOwnRecords implements OwnRecords {
  readonly #store: Store;

  constructor(options: { readonly store: Store }) {
    this.#store = options.store;
  }

  /** One view: a record that is settled meanwhile is in one place or the other. */
  async tail(
    ref: PartitionRef,
    position: Offset | null,
    { from, bytesMax }: { readonly from: LocalSequence; readonly bytesMax: number },
  ): Promise<OwnTail> {
    return await this.#store.transact(["partitions", "log", "pending"], { mode: "readonly" }, async (transaction) => {
      const row = (await transaction.get<PartitionRow>("partitions", partitionKey(ref))) ?? NEW_PARTITION;
      if (position !== null && position < row.replicatedTo) return { row, behind: true, runs: [], from, to: from };
      const limit = { bytesMax, countMax: ROWS_PER_READ_MAX };
      const adopted = await adoptedBatches(transaction, ref, row, from, limit);
      const waiting = adopted.length > 0 ? [] : await waitingBatches(transaction, ref, from, limit);
      return { row, behind: false, ...tailOf([...adopted, ...waiting], from) };
    });
  }

  async moved(
    topicKey: TopicKey,
    { from, to }: { readonly from: LocalSequence; readonly to: LocalSequence },
  ): Promise<MovedRecords[]> {
    return await this.#store.transact(["meta"], { mode: "readonly" }, async (transaction) => {
      const first = await transaction.last<MovedRow>("meta", movedUpTo(topicKey, from));
      if (first === undefined || from >= to) return [];
      const range = { from: first.key, to: movedUpTo(topicKey, (to - 1) as LocalSequence).to };
      const ranges = new Map<number, { from: number; to: number }>();
      for (const { key, value } of await transaction.entries<MovedRow>("meta", range, ROWS_PER_READ_MAX))
        addMoved(ranges, firstOf(key), value, { from, to });
      return [...ranges].map(([partition, range]) => ({ partition, ...range }));
    });
  }
}

/** Committed by the edge, and waiting in `log` for what stands before them. */
async function adoptedBatches(
  transaction: StoreTransaction,
  ref: PartitionRef,
  row: PartitionRow,
  from: number,
  limit: { readonly bytesMax: number; readonly countMax: number },
): Promise<OwnBatch[]> {
  const range = row.ackedRanges.find(
    (one) => one.localSequence + one.count > from && one.baseOffset + one.count > row.replicatedTo,
  );
  if (range === undefined) return [];
  const start = Math.max(row.replicatedTo, range.baseOffset);
  const found = await readBounded<LogRow>(transaction, "log", entriesFrom(ref, start), limit);
  return found.flatMap(({ key, value: { bytes } }) => {
    const localSequence = localSequenceOf(row, bytes, firstOf(key) as Offset);
    const count = batchCount(bytes, 0);
    return localSequence === null || localSequence + count <= from ? [] : [{ localSequence, count, bytes }];
  });
}

function localSequenceOf(row: PartitionRow, bytes: Uint8Array, baseOffset: Offset): number | null {
  const { identity } = row;
  if (identity !== null && batchProducerId(bytes, 0) === identity.producerId)
    return identity.sequenceBase + batchBaseSequence(bytes, 0);
  const range = row.ackedRanges.find((one) => baseOffset >= one.baseOffset && baseOffset < one.baseOffset + one.count);
  return range === undefined ? null : range.localSequence + baseOffset - range.baseOffset;
}

async function waitingBatches(
  transaction: StoreTransaction,
  ref: PartitionRef,
  from: number,
  limit: { readonly bytesMax: number; readonly countMax: number },
): Promise<OwnBatch[]> {
  // The batch that contains `from` begins before it where a handler failed within.
  const before = await transaction.last<PendingRow>("pending", {
    from: [ref.topicKey, ref.partition],
    to: [ref.topicKey, ref.partition, from + 1],
  });
  const contains = before !== undefined && firstOf(before.key) + before.value.count > from;
  const start = contains ? firstOf(before.key) : from;
  const found = await readBounded<PendingRow>(transaction, "pending", entriesFrom(ref, start), limit);
  return found.map(({ key, value: { bytes, count } }) => ({ localSequence: firstOf(key), count, bytes }));
}

/** Base offsets of batches that have none: the local sequence stands in for it, outside of the CRC. */
function tailOf(batches: readonly OwnBatch[], from: LocalSequence): Pick<OwnTail, "runs" | "from" | "to"> {
  for (const { bytes, localSequence } of batches)
    patchLogPosition(bytes, 0, { baseOffset: localSequence, leaderEpoch: -1 });
  const [first] = batches;
  const last = batches.at(-1);
  if (first === undefined || last === undefined) return { runs: [], from, to: from };
  return {
    runs: batches.map(({ bytes }) => bytes),
    from: Math.max(from, first.localSequence) as LocalSequence,
    to: (last.localSequence + last.count) as LocalSequence,
  };
}

/** Records of one partition that waited side by side stand side by side. */
function addMoved(
  ranges: Map<number, { from: number; to: number }>,
  first: number,
  { partitions, bases }: MovedRow,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const next = new Map<number, number>(bases);
  for (let index = 0; index < partitions.length && first + index < to; index += 1) {
    const partition = partitions[index] as number;
    const localSequence = next.get(partition) ?? 0;
    next.set(partition, localSequence + 1);
    if (first + index < from) continue;
    const range = ranges.get(partition);
    if (range === undefined) ranges.set(partition, { from: localSequence, to: localSequence + 1 });
    else range.to = localSequence + 1;
  }
}

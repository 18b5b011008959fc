/** What is changed of topics that belong to the device alone. */
import { offset as toOffset, partition as toPartition, type Offset, type TopicKey } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionRef, TopicAdmin } from "./device-log.ts";
import { entriesBetween, firstOf, isOfTopic, partitionKey } from "./keys.ts";
import { NEW_PARTITION } from "./partition-row.ts";
import type { LogRow, PartitionRow, TopicRow } from "./rows.ts";
import type { Store, StoreTransaction } from "./store.ts";

/** `getAllKeys` takes a count below 2^32. */
const ALL_AT_ONCE = 2 ** 31;
/** Of all groups: their names are texts. */
const ALL_OFFSETS = { from: [""], to: ["\uffff"] };

export class StoredTopicAdmin implements TopicAdmin {
  readonly #store: Store;

  constructor(options: { readonly store: Store }) {
    this.#store = options.store;
  }

  async delete(topicKey: TopicKey): Promise<void> {
    const stores = ["topics", "partitions", "log", "offsets"] as const;
    await this.#store.transact(stores, { mode: "readwrite", durability: "strict" }, async (transaction) => {
      const topic = await transaction.get<TopicRow>("topics", topicKey);
      if (topic === undefined || topic.retired) return;
      void transaction.put("topics", topicKey, { ...topic, retired: true } satisfies TopicRow);
      // Those without a row too: an append that was planned for one sees by it that the topic is another one.
      for (let partition = 0; partition < (topic.partitionCount ?? 0); partition += 1) {
        const row = { ...NEW_PARTITION, retired: true } satisfies PartitionRow;
        void transaction.put("partitions", partitionKey({ topicKey, partition: toPartition(partition) }), row);
      }
      void transaction.delete("log", { from: [topicKey], to: [topicKey + 1] });
      const positions = await transaction.keys("offsets", ALL_OFFSETS, ALL_AT_ONCE);
      for (const key of positions) if (isOfTopic(key, topicKey)) void transaction.delete("offsets", key);
    });
  }

  async grow(topicKey: TopicKey, partitionCount: number): Promise<void> {
    await this.#store.transact(["topics"], { mode: "readwrite", durability: "strict" }, async (transaction) => {
      const topic = await transaction.get<TopicRow>("topics", topicKey);
      if (topic === undefined || (topic.partitionCount ?? 0) >= partitionCount) return;
      void transaction.put("topics", topicKey, { ...topic, partitionCount } satisfies TopicRow);
    });
  }

  async deleteRecords(before: readonly { readonly ref: PartitionRef; readonly offset: Offset }[]): Promise<void> {
    const stores = ["partitions", "log"] as const;
    await this.#store.transact(stores, { mode: "readwrite", durability: "strict" }, async (transaction) => {
      for (const { ref, offset } of before) await dropBelow(transaction, ref, offset);
    });
  }
}

async function dropBelow(transaction: StoreTransaction, ref: PartitionRef, offset: Offset): Promise<void> {
  const row = (await transaction.get<PartitionRow>("partitions", partitionKey(ref))) ?? NEW_PARTITION;
  const { highWatermark, logStartOffset } = row;
  if (offset > highWatermark)
    throw new StrandlineError("OFFSET_OUT_OF_RANGE", `offset ${offset}, the log ends at ${highWatermark}`, {
      partition: ref.partition,
      offset,
      highWatermark,
    });
  if (offset <= logStartOffset) return;
  void transaction.put("partitions", partitionKey(ref), { ...row, logStartOffset: offset } satisfies PartitionRow);
  // A batch is deleted whole or not at all: readers skip what is below the start.
  const last = await transaction.last<LogRow>("log", entriesBetween(ref, 0, offset));
  if (last === undefined) return;
  const kept = last.value.lastOffset >= offset ? toOffset(firstOf(last.key)) : offset;
  if (kept > 0) void transaction.delete("log", entriesBetween(ref, 0, kept));
}

/** What waits to be sent, over the store. Reads nothing ahead: opening with 100,000 pending records costs nothing. */
import type { LocalSequence } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { readBounded } from "./bounded-read.ts";
import { discard, LETTER_STORES, letterAt, sendAgain, sendTogether } from "./dead-letters.ts";
import type {
  BlockingBatch,
  DeadLetter,
  LetterCopy,
  Outbox,
  OutboxStep,
  PartitionRef,
  PendingBatch,
  PendingPlace,
  RecordWhereabouts,
  Sendable,
  WaitingPartition,
} from "./device-log.ts";
import { isFull } from "./idb-errors.ts";
import { ALL_OF_ALL_TOPICS, ALL_TOPICS, entriesFrom, firstOf, partitionKey, refOf } from "./keys.ts";
import { NEW_PARTITION } from "./partition-row.ts";
import { block, listBlocking, readSendable, SEND_STORES } from "./send-gate.ts";
import type { BlockedBatch, DeadLetterRow, PartitionRow, PendingRow, ProducerIdentity, TopicRow } from "./rows.ts";
import { settle, SETTLE_STORES } from "./settle.ts";
import type { Store } from "./store.ts";
import { findRecord, FIND_STORES } from "./whereabouts.ts";

/** Topics and partitions of one device: thousands at most, without record bytes. `getAll` takes a count below 2^32. */
const EVERYTHING_AT_ONCE = 2 ** 31;

export class StoredOutbox implements Outbox {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(options: { readonly store: Store; readonly clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  async waiting(): Promise<WaitingPartition[]> {
    return await this.#store.transact(["topics", "partitions"], { mode: "readonly" }, async (transaction) => {
      const [topics, partitions] = await Promise.all([
        transaction.entries<TopicRow>("topics", ALL_TOPICS, EVERYTHING_AT_ONCE),
        transaction.entries<PartitionRow>("partitions", ALL_OF_ALL_TOPICS, EVERYTHING_AT_ONCE),
      ]);
      const local = new Set(topics.filter(({ value }) => value.local).map(({ value }) => value.topicKey));
      return partitions
        .filter(({ value }) => value.nextLocalSequence > value.ackedLocalSequence)
        .map(({ key, value: { nextLocalSequence, ackedLocalSequence, pendingBytes } }) => ({
          ...refOf(key),
          records: nextLocalSequence - ackedLocalSequence,
          bytes: pendingBytes ?? 0,
          nextLocalSequence,
        }))
        .filter((ref) => !local.has(ref.topicKey));
    });
  }

  async open(ref: PartitionRef, rootIdentity: ProducerIdentity): Promise<PartitionRow> {
    const known = await this.row(ref);
    if (known !== undefined && known.identity !== null) return known;
    return await this.#store.transact(
      ["partitions"],
      { mode: "readwrite", durability: "relaxed" },
      async (transaction) => {
        const row = (await transaction.get<PartitionRow>("partitions", partitionKey(ref))) ?? NEW_PARTITION;
        if (row.identity !== null) return row;
        const opened = { ...row, identity: rootIdentity };
        void transaction.put("partitions", partitionKey(ref), opened);
        return opened;
      },
    );
  }

  async row(ref: PartitionRef): Promise<PartitionRow | undefined> {
    return await this.#store.transact(["partitions"], { mode: "readonly" }, (transaction) =>
      transaction.get<PartitionRow>("partitions", partitionKey(ref)),
    );
  }

  async read(
    ref: PartitionRef,
    from: LocalSequence,
    limit: { readonly bytesMax: number; readonly countMax: number },
  ): Promise<PendingBatch[]> {
    const found = await this.#store.transact(["pending"], { mode: "readonly" }, (transaction) =>
      readBounded<PendingRow>(transaction, "pending", entriesFrom(ref, from), limit),
    );
    return found.map(({ key, value }) => ({ ...value, localSequence: firstOf(key) as LocalSequence }));
  }

  async sendable(
    ref: PartitionRef,
    from: LocalSequence,
    limit: { readonly bytesMax: number; readonly countMax: number },
  ): Promise<Sendable> {
    return await this.#store.transact(SEND_STORES, { mode: "readonly" }, (transaction) =>
      readSendable(transaction, ref, { from, ...limit }),
    );
  }

  async block(ref: PartitionRef, blocked: BlockedBatch): Promise<boolean> {
    return await this.#store.transact(
      ["topics", "partitions"],
      { mode: "readwrite", durability: "relaxed" },
      (transaction) => block(transaction, ref, blocked),
    );
  }

  async blocking(): Promise<BlockingBatch[]> {
    return await this.#store.transact(["partitions", "pending"], { mode: "readonly" }, listBlocking);
  }

  async sendAgain(ref: PartitionRef, localSequence: LocalSequence): Promise<PendingPlace | null> {
    const createdAt = this.#clock.now();
    return await this.#store.transact(LETTER_STORES, { mode: "readwrite", durability: "strict" }, (transaction) =>
      sendAgain(transaction, { ref, localSequence }, createdAt),
    );
  }

  async letter(ref: PartitionRef, localSequence: LocalSequence): Promise<DeadLetter | null> {
    return await this.#store.transact(["deadLetters"], { mode: "readonly" }, async (transaction) => {
      const found = await letterAt(transaction, { ref, localSequence });
      return found === null ? null : { ...found.row, ...ref, localSequence: found.first };
    });
  }

  async sendTogether(ref: PartitionRef, copies: readonly LetterCopy[]): Promise<PendingPlace | null> {
    const createdAt = this.#clock.now();
    return await this.#store.transact(LETTER_STORES, { mode: "readwrite", durability: "strict" }, (transaction) =>
      sendTogether(transaction, { ref, copies, createdAt }),
    );
  }

  async discard(ref: PartitionRef, localSequence: LocalSequence): Promise<boolean> {
    return await this.#store.transact(LETTER_STORES, { mode: "readwrite", durability: "strict" }, (transaction) =>
      discard(transaction, { ref, localSequence }),
    );
  }

  async settle(ref: PartitionRef, step: OutboxStep): Promise<PartitionRow | null> {
    const diedAt = this.#clock.now();
    const settled = async (mayAdopt: boolean): Promise<PartitionRow | null> =>
      // A step that is lost is told again by the edge.
      await this.#store.transact(SETTLE_STORES, { mode: "readwrite", durability: "relaxed" }, (transaction) =>
        settle(transaction, ref, step, { diedAt, mayAdopt }),
      );
    try {
      return await settled(true);
    } catch (error) {
      // A full disk has no room for the copy, and what leaves `pending` makes some.
      if (!isFull(error)) throw error;
      return await settled(false);
    }
  }

  async deadLetters(limit: number): Promise<DeadLetter[]> {
    const found = await this.#store.transact(["deadLetters"], { mode: "readonly" }, (transaction) =>
      transaction.entries<DeadLetterRow>("deadLetters", ALL_OF_ALL_TOPICS, limit),
    );
    return found.map(({ key, value }) => ({ ...value, ...refOf(key), localSequence: firstOf(key) as LocalSequence }));
  }

  async find(ref: PartitionRef, localSequence: LocalSequence): Promise<RecordWhereabouts> {
    return await this.#store.transact(FIND_STORES, { mode: "readonly" }, (transaction) =>
      findRecord(transaction, ref, localSequence),
    );
  }
}

/**
 * What the rest of the client asks of the device's log. Each call is one transaction on the store; several tabs may
 * make them at once. `LocalLog` (appends), `Outbox` (what is to be sent), `Replica` (what was committed) and
 * `TopicCatalog` share one store and nothing else.
 */
import type { GroupLookups } from "./group-lookups.ts";
import type {
  Chain,
  Crc,
  LeaderEpoch,
  LocalSequence,
  Offset,
  Partition,
  TopicId,
  TopicKey,
} from "../../shared/brands.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";
import type {
  BlockedBatch,
  DeadLetterRow,
  PartitionRow,
  PendingRow,
  ProducerIdentity,
  TopicRetention,
  TopicRow,
} from "./rows.ts";
import type { StoreName, StoreTransaction } from "./store.ts";

export interface PartitionRef {
  readonly topicKey: TopicKey;
  readonly partition: Partition;
}

/** One finished batch without identity (`RecordBatchEncoder`); its CRC need not be there yet. */
export interface BatchAppend {
  readonly topic: string;
  /** `UNASSIGNED` where the partition count was not known to the caller: the log assigns by key once it is. */
  readonly partition: Partition;
  /** The count by which the partition was chosen; absent: as the log knows it. */
  readonly partitionCount?: number | undefined;
  readonly batch: Uint8Array;
}

/** Where the records of one `BatchAppend` stand, in the order of the appends. */
export interface AppendedBatch {
  readonly topic: string;
  readonly topicKey: TopicKey;
  /**
   * -1: appended without a partition; `localSequence` counts among such records. Whether they still wait or were
   * assigned at once, by key, `Outbox.find` leads from this number to where each record is.
   */
  readonly partition: Partition;
  readonly localSequence: LocalSequence;
  readonly count: number;
  /** Of a local topic; null where the edge will give it. */
  readonly baseOffset: Offset | null;
  /** As the topic's row says. */
  readonly remade?: number;
}

/** What shares the transaction of an append. `write` may run more than once, and throws to refuse: nothing is appended then. */
export interface Alongside {
  readonly stores: readonly StoreName[];
  write(transaction: StoreTransaction): Promise<void>;
}

export interface LocalLog {
  /**
   * Takes the batches' buffers over. All or nothing, durable (`strict`) when it resolves. Appends that meet while a
   * transaction is in flight share the next one, and their records form one batch per partition; one with something
   * `alongside` has a transaction of its own.
   * Errors: `INVALID_TOPIC_EXCEPTION`, `UNKNOWN_TOPIC_OR_PARTITION`, `MESSAGE_TOO_LARGE`, `CORRUPT_MESSAGE`,
   * `INVALID_RECORD`, `UNSUPPORTED_COMPRESSION_TYPE` (compressed and without a partition),
   * `STORAGE_FULL`, `STORE_FAILED`, `CLOSED`.
   */
  append(
    appends: readonly BatchAppend[],
    options?: { readonly durability?: "strict" | "relaxed"; readonly alongside?: Alongside | null },
  ): Promise<AppendedBatch[]>;
}

export interface PendingBatch extends PendingRow {
  readonly localSequence: LocalSequence;
}

/** What became of a batch that leaves the outbox. */
export type BatchOutcome =
  | { readonly kind: "committed"; readonly baseOffset: Offset | null }
  | { readonly kind: "dead"; readonly error: ErrorBody };

export interface SettledBatch {
  readonly localSequence: LocalSequence;
  readonly count: number;
  /** As it lay on the device. */
  readonly bytes: number;
  readonly outcome: BatchOutcome;
}

/** One step of a partition's outbox, applied in one transaction only where `expected` still stands. */
export interface OutboxStep {
  readonly expected: { readonly producerKey: string; readonly ackedLocalSequence: LocalSequence };
  /** Consecutive from the expected acked sequence; they leave `pending`. */
  readonly settled: readonly SettledBatch[];
  /** The identity's chain after them. */
  readonly chain: Chain;
  /** Set: the identity is succeeded from here on; `chain` is then 0. */
  readonly successor: ProducerIdentity | null;
  /** What the edge said of the partition with this answer; null: nothing. */
  readonly leaderEpoch: LeaderEpoch | null;
}

export interface WaitingPartition extends PartitionRef {
  /** At least 1. */
  readonly records: number;
  readonly bytes: number;
  readonly nextLocalSequence: LocalSequence;
}

export type DeadLetter = DeadLetterRow & PartitionRef & { readonly localSequence: LocalSequence };

/** A refused batch that stops its partition: it waits, and it is a dead letter only once it is discarded. */
export type BlockingBatch = BlockedBatch & PartitionRef & { readonly bytes: Uint8Array<ArrayBuffer> };

/** One batch of what is sent again together. */
export interface LetterCopy {
  /** Of one record. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The letter that it takes the place of; null: what it is a copy of stays where it is. */
  readonly letter: LocalSequence | null;
}

export interface Sendable {
  readonly batches: readonly PendingBatch[];
  /** Set: the user has given up the batch that blocks the partition. */
  readonly discarded: BlockedBatch | null;
}

export interface Outbox {
  /**
   * Topics that are not local and have pending records, known to the edge or not (partition -1). All in one view: a
   * record that moves to its partition meanwhile is in one place or the other.
   */
  waiting(): Promise<WaitingPartition[]>;
  /** The row, made with the root identity where the partition has none yet. */
  open(ref: PartitionRef, rootIdentity: ProducerIdentity): Promise<PartitionRow>;
  row(ref: PartitionRef): Promise<PartitionRow | undefined>;
  /** Consecutive batches from the first at or above `from`, at least one if there is any, together at most `bytesMax` and `countMax`. */
  read(
    ref: PartitionRef,
    from: LocalSequence,
    limit: { readonly bytesMax: number; readonly countMax: number },
  ): Promise<PendingBatch[]>;
  /** The same of what may be sent now: no batch that others of its topic have to go before, none of a blocked partition. */
  sendable(
    ref: PartitionRef,
    from: LocalSequence,
    limit: { readonly bytesMax: number; readonly countMax: number },
  ): Promise<Sendable>;
  /**
   * Null: `expected` no longer stands, nothing was changed. Committed batches of a followed topic whose offset is
   * known are put into `log` (their base offset and leader epoch patched) and advance `replicatedTo` where they are
   * next. Not strict: a step that is lost is told again by the edge.
   */
  settle(ref: PartitionRef, step: OutboxStep): Promise<PartitionRow | null>;
  /** In strict order the partition waits at its first batch until it is freed. False: it is to be given up, or the outbox has moved on. */
  block(ref: PartitionRef, blocked: BlockedBatch): Promise<boolean>;
  deadLetters(limit: number): Promise<DeadLetter[]>;
  blocking(): Promise<BlockingBatch[]>;
  /**
   * The letter that holds the record, sent again: in one transaction its batch goes to the end of its partition under
   * new numbers and the letter is gone. A blocking batch is tried again where it stands. Null: no such letter (any
   * more). `UNKNOWN_TOPIC_OR_PARTITION` where the topic is another one by now that lacks the partition.
   */
  sendAgain(ref: PartitionRef, localSequence: LocalSequence): Promise<PendingPlace | null>;
  /** The letter that holds the record; null: none does (any more). */
  letter(ref: PartitionRef, localSequence: LocalSequence): Promise<DeadLetter | null>;
  /** The same for several of one partition, all or none: behind one another, in this order. Null: one is no letter any more. Answers the last. */
  sendTogether(ref: PartitionRef, copies: readonly LetterCopy[]): Promise<PendingPlace | null>;
  /** The letter that holds the record is gone for good. Its receipts say so. False: no such letter. */
  discard(ref: PartitionRef, localSequence: LocalSequence): Promise<boolean>;
  /** Where a record stands now; `after` is its number within what `send` returned (partition -1 included). */
  find(ref: PartitionRef, localSequence: LocalSequence): Promise<RecordWhereabouts>;
}

export interface PendingPlace {
  readonly ref: PartitionRef;
  readonly localSequence: LocalSequence;
  readonly count: number;
}

export type RecordWhereabouts =
  | { readonly kind: "pending"; readonly ref: PartitionRef; readonly localSequence: LocalSequence }
  /** `offset` null: committed, but its offset is no longer remembered here. */
  | {
      readonly kind: "committed";
      readonly ref: PartitionRef;
      readonly localSequence: LocalSequence;
      readonly offset: Offset | null;
    }
  | {
      readonly kind: "dead";
      readonly ref: PartitionRef;
      readonly localSequence: LocalSequence;
      readonly error: ErrorBody;
    }
  | { readonly kind: "unknown" };

/**
 * What a fetch brought for one partition: all that the log has in `[from, nextOffset)`, as whole batches, checked, from
 * the one that contains `from`. Compaction leaves holes: the first batch may begin behind it, and there may be none.
 */
export interface FetchedRun {
  readonly ref: PartitionRef;
  /** What was asked for. */
  readonly from: Offset;
  /** In order. */
  readonly bytes: Uint8Array;
  readonly firstOffset: Offset;
  readonly nextOffset: Offset;
  /**
   * The log was cut at `firstOffset`, or retention passed the reader there. What the replica held is dropped, since below
   * the cut it may be of another log as well, and fetched again from where it began.
   */
  readonly restart: boolean;
  /** Of the batch that ends at `nextOffset`; null: none does. */
  readonly lastCrc: Crc | null;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly leaderEpoch: LeaderEpoch | null;
}

export interface ReadResult {
  /** Whole batches; the first may begin before the asked offset: skip. */
  readonly runs: readonly Uint8Array<ArrayBuffer>[];
  /** Where to go on. Records at or above it in `runs` are not committed to this replica yet: stop there. */
  readonly nextOffset: Offset;
  readonly replicatedTo: Offset;
  readonly logStartOffset: Offset;
  /** Not below the log's start: what stood between them was dropped here, by the device's own retention. */
  readonly heldFrom: Offset;
  readonly highWatermark: Offset;
  /** The log was cut there, and is fetched again up to it: who stands beyond goes on there. */
  readonly cutTo?: Offset;
}

export interface Replica extends GroupLookups {
  rows(refs: readonly PartitionRef[]): Promise<(PartitionRow | undefined)[]>;
  /** One transaction for all: puts the runs and advances `replicatedTo` where a run was asked for from there or below. Runs that would leave a gap are dropped. Returns the partitions that have news. */
  store(runs: readonly FetchedRun[]): Promise<PartitionRef[]>;
  /** From `offset`, below `replicatedTo`; at least one batch if there is any, about `bytesMax`. */
  read(ref: PartitionRef, offset: Offset, bytesMax: number): Promise<ReadResult>;
  /** Kafka's offset for a time: of the first record whose time is `timestamp` or later; null: none so far. */
  offsetForTime(ref: PartitionRef, timestamp: number): Promise<Offset | null>;
  /** Where the first chunk stands of what was not whole when the group committed; null: nothing was. */
  readFrom(group: string, ref: PartitionRef): Promise<Offset | null>;
  /** A consumer's turn with each of these begins, and every earlier one is over. Their numbers. */
  beginTurns(group: string, refs: readonly PartitionRef[]): Promise<number[]>;
  /** The latest turns that have begun; 0: none has. */
  turns(group: string, refs: readonly PartitionRef[]): Promise<number[]>;
  /** Answers those whose turn is over; the others stand. Without one it is nobody's, and the turn that there is ends with it. */
  commit(group: string, offsets: readonly GroupOffset[]): Promise<PartitionRef[]>;
}

export interface GroupOffset {
  readonly ref: PartitionRef;
  readonly offset: Offset;
  readonly readFrom?: Offset | undefined;
  readonly turn?: number;
}

/** Changes of topics that belong to this device alone. Each is one transaction, on disk when it resolves. */
export interface TopicAdmin {
  /** Retires the row and deletes the records and the groups' offsets: the name is free for another topic. */
  delete(topicKey: TopicKey): Promise<void>;
  /** Does nothing where there are so many already. */
  grow(topicKey: TopicKey, partitionCount: number): Promise<void>;
  /** The logs begin at these offsets from then on; what is below stays below. Rejects with `OFFSET_OUT_OF_RANGE`. */
  deleteRecords(before: readonly { readonly ref: PartitionRef; readonly offset: Offset }[]): Promise<void>;
}

export interface TopicCatalog {
  byName(name: string): Promise<TopicRow | undefined>;
  all(): Promise<TopicRow[]>;
  /** Makes the row where there is none: unknown to the edge, or local with that many partitions. */
  ensure(name: string, local: { readonly partitionCount: number } | null): Promise<TopicRow>;
  /** `retention` absent: as it was. */
  follow(topicKey: TopicKey, retention?: TopicRetention): Promise<void>;
  /** It is pulled no more; what is on the device stays. */
  unfollow(topicKey: TopicKey): Promise<void>;
  /** These topics are in strict order and no others are; makes rows where there are none. */
  setStrictOrder(names: readonly string[]): Promise<void>;
  /**
   * What the edge says of topics. A new partition count moves the records that wait under partition -1 to their
   * partitions, in order, in the same transaction; another id under a known name retires the old topicKey.
   * Returns the rows as they are now.
   */
  learn(topics: readonly TopicMetadata[]): Promise<TopicRow[]>;
  byId(topicId: TopicId): Promise<TopicRow | undefined>;
}

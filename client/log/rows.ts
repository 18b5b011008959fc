/**
 * What stands in each store: who writes it, when it may change, what its absence means.
 */
import type {
  Chain,
  Crc,
  LeaderEpoch,
  LocalSequence,
  Offset,
  ProducerId,
  ProducerKey,
  TopicId,
  TopicKey,
} from "../../shared/brands.ts";
import type { TopicConfig } from "../../shared/api/metadata.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";

/** `meta["device"]`: written once when the database is made; never changes. */
export interface DeviceRow {
  readonly deviceId: string;
  /** 16 random bytes as hex: the identity from which every partition starts. */
  readonly rootProducerKey: ProducerKey;
  readonly namespace: string;
  readonly principal: string;
  readonly createdAt: number;
}

/**
 * `topics[topicKey]`: written when a name is first used, changed when the edge tells its id, count or config.
 * A topic made again under an old name gets a new topicKey; `retired` then marks the old one.
 */
export interface TopicRow {
  readonly topicKey: TopicKey;
  readonly name: string;
  /** Null: the edge has not told yet, or there is no edge. */
  readonly topicId: TopicId | null;
  /** Null: not known yet; records wait under partition -1. */
  readonly partitionCount: number | null;
  readonly config: TopicConfig;
  readonly retired: boolean;
  /** How often the topic had been made again under its name when this one was; absent: never. */
  readonly remade?: number;
  /** The replicator pulls this topic into `log`. Set by the first consumer that subscribes. */
  readonly followed: boolean;
  /** Belongs to this device alone, its own broker: offsets are given out here. */
  readonly local: boolean;
  /** Of what this device holds, set by `follow`; absent: as the edge's, of a topic of the device alone: for ever. */
  readonly retention?: TopicRetention;
  /** A batch that the edge refuses stops its partition instead of being given up. Absent: it is given up. */
  readonly strictOrder?: true;
  /** What has to be sent before the rest, in this order: set while records of an older partition count wait. */
  readonly draining?: readonly (readonly DrainMark[])[];
}

/** By partition, as Kafka's `retention.ms` and `retention.bytes`: the first that is reached counts. */
export interface TopicRetention {
  readonly ms?: number;
  readonly bytes?: number;
  readonly records?: number;
}

/** What stands below `to` in the partition's outbox was appended by an older partition count. */
export interface DrainMark {
  readonly partition: number;
  readonly to: LocalSequence;
}

export interface ProducerIdentity {
  readonly producerKey: ProducerKey;
  readonly producerId: ProducerId;
  /** The local sequence that is sequence 0 of this identity. */
  readonly sequenceBase: LocalSequence;
}

/** Records `localSequence … + count - 1` of this device stand at `baseOffset …`. */
export interface AckedRange {
  readonly localSequence: LocalSequence;
  readonly count: number;
  readonly baseOffset: Offset;
}

/**
 * `partitions[topicKey, partition]`: written with the first append or the first fetched batch. Appends advance
 * `nextLocalSequence`, answers of the edge advance the rest. Its absence means: nothing sent, nothing replicated.
 */
export interface PartitionRow {
  /** Null until the first request is made of this partition's records: the root key then. */
  readonly identity: ProducerIdentity | null;
  readonly nextLocalSequence: LocalSequence;
  /** Everything below is committed or a dead letter. */
  readonly ackedLocalSequence: LocalSequence;
  /** The identity's chain at `ackedLocalSequence`. */
  readonly ackedChain: Chain;
  /** The newest ranges whose offsets are known, oldest first, neighbours merged; at most 64. */
  readonly ackedRanges: readonly AckedRange[];
  /** Null: the edge was never heard of this partition. */
  readonly leaderEpoch: LeaderEpoch | null;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  /** Contiguous end of the replica: every record in `log` below this is readable as committed. */
  readonly replicatedTo: Offset;
  /** CRC of the batch that ends at `replicatedTo`; null where none is held. */
  readonly replicatedCrc: Crc | null;
  /** The latest time of any record that ever stood below `replicatedTo`; absent: none did. */
  readonly maxTimestamp?: number;
  /** Where the log was cut the last time the replica began anew: who read beyond goes on there. Absent: it never did. */
  readonly cutTo?: Offset;
  /** How often the replica began anew; absent: never. */
  readonly restarts?: number;
  /** Set with the topic's own `retired`: nothing is appended any more. */
  readonly retired: boolean;
  /** This device has dropped what stood below; the edge may hold it still. Absent: it dropped nothing by itself. */
  readonly heldFrom?: Offset;
  /** Below it the device's compaction has left one record of each key. Absent: it was never there. */
  readonly compactedTo?: Offset;
  /** Bytes of what waits. Absent: written before they were counted, or nothing waits. */
  readonly pendingBytes?: number;
  /** The topic's count when it grew: appends that were planned before see by it that the plan is old. */
  readonly grownTo?: number;
  /** Of a topic in strict order: the refused batch that all behind it wait for, at `ackedLocalSequence`. */
  readonly blocked?: BlockedBatch;
}

export interface BlockedBatch {
  readonly localSequence: LocalSequence;
  readonly count: number;
  readonly blockedAt: number;
  readonly error: ErrorBody;
  /** The user gave it up; the sender carries it out. */
  readonly discarded?: true;
}

/** `pending[topicKey, partition, first local sequence]`: a final batch without its identity. Never changes; deleted when committed, dead, or moved from partition -1. */
export interface PendingRow {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Under partition -1: the partition that the caller named. Absent: it follows from the keys. */
  readonly named?: number;
  /** Device clock, for people. */
  readonly createdAt: number;
}

/** `log[topicKey, partition, base offset]`: consecutive committed batches as the edge stores them. Overlaps with a neighbour are legal and hold the same records. */
export interface LogRow {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly lastOffset: Offset;
  /** The latest time of any record up to here, so that it never falls from row to row; absent: not known. */
  readonly maxTimestamp?: number;
}

/** `offsets[group, topicKey, partition]`: the committed position: the next offset to be read. */
export interface OffsetRow {
  readonly offset: Offset;
  /** The first chunk of a message that is not whole below `offset`: what stands between is read again, and not handled. Absent: `offset`. */
  readonly readFrom?: Offset;
  /** The log was cut below the committed position, which was this: the group's next consumer is told. The next commit takes it away. */
  readonly cutFrom?: Offset;
  readonly syncedToEdge: boolean;
}

/** `offsets["", group, topicKey, partition]`: written by the consumer that begins its turn; commits of earlier turns are refused from then on. Absent: there was none. */
export interface TurnRow {
  readonly turn: number;
}

/**
 * `meta["kept", group, name]`: commits of one life of a member of a group at the edge that could not be sent. Written with
 * each commit while the edge is out of reach, deleted once the partitions have answered.
 */
export interface KeptCommitsRow {
  readonly memberId: string;
  readonly memberEpoch: number;
  /** Greater than all that this life has sent. */
  readonly commit: number;
  readonly offsets: readonly {
    readonly topicId: TopicId;
    readonly topicKey: TopicKey;
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly metadata: string;
    readonly leaderEpoch: LeaderEpoch | null;
    /** What the partition was known to hold; null: nothing. */
    readonly acked: number | null;
  }[];
}

/** `meta["instance", group, instance id]`: the last life of a static member on this device. Absent: there was none. */
export interface InstanceRow {
  readonly memberId: string;
}

/** `deadLetters[topicKey, partition, first local sequence]`: what the edge refused for good. */
export interface DeadLetterRow {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly createdAt: number;
  readonly diedAt: number;
  readonly error: ErrorBody;
}

/**
 * `meta["dead", topicKey, partition, first local sequence]`: a dead letter that is no more. Never deleted: by it a
 * receipt tells that its record was not committed, and leads to the copy that was sent again.
 */
export interface BuriedRow {
  readonly count: number;
  readonly error: ErrorBody;
  /** Null: discarded. */
  readonly sentAgainAs: {
    readonly topicKey: TopicKey;
    readonly partition: number;
    readonly localSequence: LocalSequence;
  } | null;
}

/** `state[group, part of the key, ...]`: put by a handler's transaction, with the offset of what was handled. */
export interface StateRow {
  readonly value: unknown;
  /** Of the transaction that put it. */
  readonly version: string;
}

/** `tables[topicKey]`: made when a table of the topic is first opened. */
export interface TablePositionRow {
  /** By partition: everything below is in the table. Absent: 0. */
  readonly positions: readonly Offset[];
  /** Goes up when the log of a partition begins anew, which empties the table. */
  readonly restarts: number;
  /** Goes up whenever segments are taken away. */
  readonly rewrites: number;
  /** Of the next segment; never given twice. */
  readonly next: number;
  /** Of the segments as they were last written anew, and of those that came since. */
  readonly settledBytes: number;
  readonly freshBytes: number;
}

/** `tables[topicKey, segment]`: records as an uncompressed batch, and where each stands in the log. A later one counts. */
export interface TableSegmentRow {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly partitions: Uint16Array<ArrayBuffer>;
  readonly offsets: Float64Array<ArrayBuffer>;
}

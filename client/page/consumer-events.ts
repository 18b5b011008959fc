import type { ErrorCode } from "../../shared/error-table.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { TopicPartitionOffset } from "../calls/consumer-calls.ts";
import type { InvalidRecord } from "../typed/typed-reader.ts";
import type { OffsetsByTopic, OffsetsInput } from "./offsets.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import type { ReceivedMessage } from "./received-message.ts";
import type { Transaction } from "./transaction.ts";

interface GroupMember {
  readonly groupId: string;
  /** Null: it has none at the moment. */
  readonly memberId: string | null;
}

/** Partitions by topic. */
interface GroupPartitions {
  readonly partitions: Readonly<Record<string, readonly number[]>>;
}

/** What each event says. Listeners find it on the event itself and, as in KafkaJS, under `payload`. */
export interface ConsumerPayloads {
  readonly connect: object;
  readonly disconnect: object;
  readonly stop: object;
  readonly fetch_start: object;
  readonly fetch: {
    readonly numberOfBatches: number;
    readonly partitions: number;
    readonly bytes: number;
    /** Milliseconds. */
    readonly duration: number;
  };
  readonly start_batch_process: BatchFacts;
  readonly end_batch_process: BatchFacts & { readonly duration: number };
  readonly commit_offsets: OffsetsByTopic & {
    readonly groupId: string | null;
    readonly offsets: readonly TopicPartitionOffset[];
  };
  /** The consumer is in its group, with these partitions; again whenever they become others. There is no leader in KafkaJS's sense. */
  readonly group_join: GroupMember & {
    readonly memberAssignment: Readonly<Record<string, readonly number[]>>;
    /** How partitions are shared out: `sticky`. */
    readonly groupProtocol: string;
    /** Milliseconds since `run`, or since `rebalancing`. */
    readonly duration: number;
  };
  /** Partitions of this consumer go to others, or have gone. */
  readonly rebalancing: GroupMember;
  /** Of a group at the edge: it has answered. */
  readonly heartbeat: GroupMember & { readonly groupGenerationId: number };
  /** These are the consumer's own from now on. */
  readonly partitions_assigned: GroupMember & GroupPartitions;
  /** These were given back, for others of the group: their handlers have ended, and what was handled is committed (`autoCommit`). */
  readonly partitions_revoked: GroupMember & GroupPartitions;
  /** These are another's already, or the worker has ended: what is still handled of them counts no more. */
  readonly partitions_lost: GroupMember & GroupPartitions;
  /** `commit.fenced`: what was handled in `[from, to)` is not committed here; other members may have handled it as well. */
  readonly commit_fenced: TopicPartition & {
    readonly groupId: string;
    /** Null: not known. */
    readonly from: number | null;
    readonly to: number;
    /**
     * `ILLEGAL_GENERATION`, `FENCED_MEMBER_EPOCH`, `STALE_MEMBER_EPOCH` or `UNKNOWN_MEMBER_ID`; `TRUNCATED` or
     * `OFFSET_OUT_OF_RANGE`: the log ends before `to`.
     */
    readonly code: ErrorCode;
  };
  /** The position was none of a record any more, so the consumer goes on at `to`: records between may be lost to it. */
  readonly offset_reset: TopicPartition & {
    readonly from: number;
    readonly to: number;
    /** `retention`: the log begins behind it; `truncated`: the log was cut below it. */
    readonly reason: "retention" | "truncated";
  };
  /**
   * A handler threw, and the record comes again after `retryInMs`; or, without `partition`, the consumer could not go on:
   * then it tries again, or has ended (`restart: false`), for the error is not `retriable` and would come again. With a
   * `topic` and `retryInMs` null that one of several may not be read; it is asked for again from time to time.
   */
  readonly crash: {
    readonly error: unknown;
    readonly groupId: string | null;
    /** False: the consumer has ended. `run` may be called again. */
    readonly restart: boolean;
    /** Milliseconds. Null: the others go on, or nothing does. */
    readonly retryInMs: number | null;
  } & Partial<TopicPartition>;
  /**
   * Another consumer of the group has gone on meanwhile: what the handler did in its `tx` was dropped, and the partition
   * goes on at the group's committed offset.
   */
  readonly fenced: TopicPartition;
  /**
   * A record of a typed topic that was subscribed to without `onInvalid` is not as the topic says; it stays in the log, and
   * the consumer goes on behind it.
   */
  readonly invalid: InvalidRecord;
  /** Bytes in the log that cannot be read as records; the consumer goes on behind them. */
  readonly corrupt: {
    readonly error: StrandlineError;
    readonly topic: string;
    readonly partition: number;
    readonly from: number;
    readonly to: number;
  };
}

export type ConsumerEvents = {
  readonly [Name in keyof ConsumerPayloads]: ConsumerPayloads[Name] & {
    /** `consumer.fetch` and so on. */
    readonly type: `consumer.${Name}`;
    /** Milliseconds since 1970. */
    readonly timestamp: number;
    readonly payload: ConsumerPayloads[Name];
  };
};

export interface BatchFacts extends TopicPartition {
  readonly highWatermark: number;
  readonly offsetLag: number;
  readonly batchSize: number;
  readonly firstOffset: number | null;
  readonly lastOffset: number | null;
}

type ConsumerEventNames = { readonly [Name in keyof ConsumerPayloads as Uppercase<Name>]: Name };

/** KafkaJS's names for them. */
export const CONSUMER_EVENTS: ConsumerEventNames = {
  CONNECT: "connect",
  DISCONNECT: "disconnect",
  STOP: "stop",
  FETCH_START: "fetch_start",
  FETCH: "fetch",
  START_BATCH_PROCESS: "start_batch_process",
  END_BATCH_PROCESS: "end_batch_process",
  COMMIT_OFFSETS: "commit_offsets",
  GROUP_JOIN: "group_join",
  REBALANCING: "rebalancing",
  HEARTBEAT: "heartbeat",
  PARTITIONS_ASSIGNED: "partitions_assigned",
  PARTITIONS_REVOKED: "partitions_revoked",
  PARTITIONS_LOST: "partitions_lost",
  COMMIT_FENCED: "commit_fenced",
  OFFSET_RESET: "offset_reset",
  CRASH: "crash",
  FENCED: "fenced",
  INVALID: "invalid",
  CORRUPT: "corrupt",
};

export interface EachMessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: ReceivedMessage;
  /** The worker keeps the consumer alive. Rejects with `ILLEGAL_GENERATION` where the partition is another consumer's by now. */
  readonly heartbeat: () => Promise<void>;
  /** No more of the partition will be handed out: it leaves this consumer or has left it, was sought elsewhere or paused. */
  readonly isStale: () => boolean;
  /** Pauses the partition; returns the way to resume it. */
  readonly pause: () => () => void;
  /** What is done in it is applied with the offset when the handler resolves. Of a consumer with a `groupId`. */
  readonly tx: Transaction;
}

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
  /** All of it is this device's own and not committed yet (`isolation: 'local'`). Offsets are then -1. */
  readonly pending: boolean;
  readonly messages: readonly ReceivedMessage[];
  isEmpty(): boolean;
  /** Null where it is empty. */
  firstOffset(): number | null;
  lastOffset(): number | null;
  offsetLag(): number;
}

export interface EachBatchPayload {
  readonly batch: Batch;
  /**
   * Everything up to here was handled. Takes a message's offset, a number or its digits; in a batch of pending records,
   * which have none, a message's `localSequence`.
   */
  readonly resolveOffset: (offset: number | string) => void;
  /** As in `eachMessage`. */
  readonly heartbeat: () => Promise<void>;
  /** These, or what was handled and is due by `autoCommitInterval` and `autoCommitThreshold` (without them: all of it). */
  readonly commitOffsetsIfNecessary: (offsets?: OffsetsInput) => Promise<void>;
  /** What was handled and not committed: the next offset of each partition. */
  readonly uncommittedOffsets: () => OffsetsByTopic;
  readonly isRunning: () => boolean;
  /** The partition was sought elsewhere or paused, or goes to another consumer of the group: stop. */
  readonly isStale: () => boolean;
  readonly pause: () => () => void;
  /** Applied with the offset behind the batch, or behind what was resolved, when the handler resolves. */
  readonly tx: Transaction;
}

export interface RunConfig {
  readonly eachMessage?: (payload: EachMessagePayload) => Promise<void> | void;
  readonly eachBatch?: (payload: EachBatchPayload) => Promise<void> | void;
  /** True by default: what was handled is committed, soon after without the two options below. */
  readonly autoCommit?: boolean;
  /** Commit at the latest so many milliseconds after the last time, as records are handled. */
  readonly autoCommitInterval?: number | null;
  /** Commit once so many records were handled. */
  readonly autoCommitThreshold?: number | null;
  /** True by default: a batch counts as handled when its handler resolves. */
  readonly eachBatchAutoResolve?: boolean;
  /** 1 by default. */
  readonly partitionsConsumedConcurrently?: number;
  /** Stops the consumer. */
  readonly signal?: AbortSignal;
}

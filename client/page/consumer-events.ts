import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { TopicPartitionOffset } from "../calls/consumer-calls.ts";
import type { ReceivedMessage } from "./received-message.ts";
import type { InvalidRecord } from "../typed/typed-reader.ts";
import type { TopicPartition } from "./position-book.ts";

export interface ConsumerEvents {
  readonly connect: undefined;
  readonly disconnect: undefined;
  readonly stop: undefined;
  readonly fetch: { readonly partitions: number; readonly bytes: number };
  readonly commit_offsets: { readonly offsets: readonly TopicPartitionOffset[] };
  /** A handler threw; the record comes again after `retryInMs`. */
  readonly crash: {
    readonly error: unknown;
    readonly restart: true;
    readonly retryInMs: number;
  } & Partial<TopicPartition>;
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

export interface EachMessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: ReceivedMessage;
  /** Of KafkaJS: the worker keeps the consumer alive. */
  readonly heartbeat: () => Promise<void>;
  /** Pauses the partition; returns the way to resume it. */
  readonly pause: () => () => void;
}

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: number;
  readonly messages: readonly ReceivedMessage[];
  isEmpty(): boolean;
  /** Null where it is empty. */
  firstOffset(): number | null;
  lastOffset(): number | null;
  offsetLag(): number;
}

export interface EachBatchPayload {
  readonly batch: Batch;
  readonly resolveOffset: (offset: number) => void;
  readonly heartbeat: () => Promise<void>;
  readonly commitOffsetsIfNecessary: () => Promise<void>;
  readonly uncommittedOffsets: () => readonly TopicPartitionOffset[];
  readonly isRunning: () => boolean;
  /** The partition was sought elsewhere or paused: stop. */
  readonly isStale: () => boolean;
  readonly pause: () => () => void;
}

export interface RunConfig {
  readonly eachMessage?: (payload: EachMessagePayload) => Promise<void> | void;
  readonly eachBatch?: (payload: EachBatchPayload) => Promise<void> | void;
  /** True by default: what was handled is committed with the next poll. */
  readonly autoCommit?: boolean;
  /** True by default: a batch counts as handled when its handler resolves. */
  readonly eachBatchAutoResolve?: boolean;
  /** 1 by default. */
  readonly partitionsConsumedConcurrently?: number;
}

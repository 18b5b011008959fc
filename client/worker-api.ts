/**
 * What crosses between the page and its worker (Comlink). Records cross packed, as finished batches in one
 * transferred buffer; functions stay on the page. Every call settles: the facade rejects what is outstanding when
 * the worker's lock is granted to it (`worker-life.ts`).
 */
import type { TopicConfig, TopicMetadata } from "../shared/api/metadata.ts";
import type { ErrorBody } from "../shared/strandline-error.ts";

export interface WorkerOptions {
  /** Null: no edge, the device is its own broker. */
  readonly url: string | null;
  readonly namespace: string;
  readonly principal: string;
  readonly clientId: string;
  /** Set: overrides the database name that is derived from (url, namespace, principal). */
  readonly database: string | null;
  /** Partition count of topics made on the device alone. */
  readonly localPartitionCount: number;
  readonly retry: { readonly initialRetryTimeMs: number; readonly maxRetryTimeMs: number };
}

export interface PackPart {
  readonly topic: string;
  /** -1: count not known to the page; the worker assigns by key. */
  readonly partition: number;
  /** Bounds of the batch within the buffer. */
  readonly start: number;
  readonly end: number;
}

/** The sends of one microtask: one batch per (topic, partition), without identity and CRC. */
export interface Pack {
  readonly buffer: ArrayBuffer;
  readonly parts: readonly PackPart[];
  readonly durability: "strict" | "relaxed";
  readonly compression: "none" | "gzip";
}

/** The answer for one part. */
export interface PartAck {
  readonly partition: number;
  readonly localSequence: number;
  /** Of a local topic. */
  readonly baseOffset: number | null;
}

export type ReceiptState =
  | { readonly kind: "committed"; readonly partition: number; readonly offset: number | null }
  | { readonly kind: "dead"; readonly partition: number; readonly error: ErrorBody }
  | { readonly kind: "pending"; readonly partition: number }
  | { readonly kind: "unknown" };

export interface TopicPartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface ConsumerOptions {
  /** Null: no group; nothing is committed. */
  readonly groupId: string | null;
  readonly topics: readonly { readonly name: string; readonly fromBeginning: boolean }[];
}

export interface PollOptions {
  readonly bytesMax: number;
  readonly waitMs: number;
  /** Positions to commit first: what was processed since the last poll. */
  readonly commit: readonly TopicPartitionOffset[];
  /** These yield nothing and keep their positions. */
  readonly paused: readonly {
    readonly topic: string;
    /** Null: all of the topic. */ readonly partition: number | null;
  }[];
}

/** Consecutive batches of one partition, in a transferred buffer. */
export interface PolledRun {
  readonly topic: string;
  readonly partition: number;
  readonly buffer: ArrayBuffer;
  /** Skip records below `from`, stop at `to`. */
  readonly from: number;
  readonly to: number;
  readonly highWatermark: number;
}

/** Told to every page of the device's tabs. */
export type WorkerEvent =
  /** Another tab has signed this device's principal out: this client is closed. */
  | { readonly type: "logged.out"; readonly discarded: boolean }
  | {
      readonly type: "sync.state";
      readonly online: boolean;
      readonly paused: boolean;
      readonly leader: boolean;
      readonly lastError: ErrorBody | null;
    }
  | { readonly type: "records.settled"; readonly topic: string; readonly partition: number }
  /** Partition counts may have changed: forget what was remembered of them. */
  | { readonly type: "topics.learned" }
  | {
      readonly type: "producer.diverged";
      readonly topic: string;
      readonly partition: number;
      readonly records: number;
      readonly reason: "diverged" | "forgotten" | "exhausted";
    }
  | {
      readonly type: "record.dead";
      readonly topic: string;
      readonly partition: number;
      readonly localSequence: number;
      readonly count: number;
      readonly error: ErrorBody;
    }
  | { readonly type: "log.truncated"; readonly topic: string; readonly partition: number; readonly offset: number }
  /** What the edge stores in `[offset, nextOffset)` is damaged; the replica goes on behind it. */
  | {
      readonly type: "log.damaged";
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly nextOffset: number;
    };

export interface OutboxStatus {
  readonly pendingRecords: number;
  readonly deadLetters: number;
  readonly online: boolean;
  readonly paused: boolean;
  readonly leader: boolean;
}

/** A batch that the edge refused for good. */
export interface DeadLetterBatch {
  readonly topic: string;
  readonly partition: number;
  readonly localSequence: number;
  readonly count: number;
  readonly error: ErrorBody;
  readonly buffer: ArrayBuffer;
}

/** What an open worker answers. */
export interface WorkerCalls {
  /** All or nothing; one answer per part. */
  append(pack: Pack): Promise<PartAck[]>;
  /** The count as known on the device; null: not known. `refresh` asks the edge first and creates the topic where it may. */
  partitionCount(topic: string, options: { readonly refresh: boolean }): Promise<number | null>;
  /** Waits until the record is settled, or `timeoutMs` has passed (then `pending`); null: without end. */
  receipt(topic: string, partition: number, localSequence: number, timeoutMs: number | null): Promise<ReceiptState>;
  openConsumer(options: ConsumerOptions): Promise<number>;
  /** Empty after `waitMs`. */
  poll(consumer: number, options: PollOptions): Promise<PolledRun[]>;
  /** Commits now; for a consumer of no group it does nothing. */
  commit(consumer: number, offsets: readonly TopicPartitionOffset[]): Promise<void>;
  seek(consumer: number, position: TopicPartitionOffset): Promise<void>;
  /** Ends a poll that waits. */
  nudge(consumer: number): Promise<void>;
  closeConsumer(consumer: number, commit: readonly TopicPartitionOffset[]): Promise<void>;
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata>;
  topics(names: readonly string[] | null): Promise<TopicMetadata[]>;
  deadLetters(limit: number): Promise<DeadLetterBatch[]>;
  setPaused(paused: boolean): Promise<void>;
  status(): Promise<OutboxStatus>;
  /**
   * Ends the device in every tab; `discard` deletes its database. How many records were not synced: they are discarded
   * with it, or wait in it for their principal.
   */
  logout(discard: boolean): Promise<{ readonly unsyncedRecords: number }>;
  /** A hint of the page (`online`, `visibilitychange`): retry now. */
  hint(): Promise<void>;
  close(): Promise<void>;
}

export interface WorkerApi extends WorkerCalls {
  /** First of all. `lifeLock` is held from before the answer until the worker ends. */
  open(
    options: WorkerOptions,
    onEvent: (event: WorkerEvent) => void,
    /** Asks the page for a token; null: the edge's doors are open. */
    askToken: (() => Promise<string>) | null,
  ): Promise<{ readonly database: string; readonly lifeLock: string }>;
}

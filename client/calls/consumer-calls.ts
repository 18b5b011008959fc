/** A consumer is open on one worker; records come back as whole batches in transferred buffers. */

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

export interface ConsumerCalls {
  openConsumer(options: ConsumerOptions): Promise<number>;
  /** Empty after `waitMs`. */
  poll(consumer: number, options: PollOptions): Promise<PolledRun[]>;
  /** Commits now; for a consumer of no group it does nothing. */
  commit(consumer: number, offsets: readonly TopicPartitionOffset[]): Promise<void>;
  seek(consumer: number, position: TopicPartitionOffset): Promise<void>;
  /** Ends a poll that waits. */
  nudge(consumer: number): Promise<void>;
  closeConsumer(consumer: number, commit: readonly TopicPartitionOffset[]): Promise<void>;
}

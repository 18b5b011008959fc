/** A consumer is open on one worker; records come back as whole batches in transferred buffers. */
import type { ErrorBody } from "../../shared/strandline-error.ts";

export interface TopicPartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** All below `offset` was handled; of a message that is not whole yet the first chunk stands at `readFrom`. */
export interface HandledTo extends TopicPartitionOffset {
  readonly readFrom?: number;
}

/** Where a partition goes on. */
export type SeekPosition = { readonly topic: string; readonly partition: number } & (
  | Pick<HandledTo, "offset" | "readFrom">
  /** The log's end or its start as far as the device knows them once they are known. */
  | { readonly at: "latest" | "earliest" }
  /** The first record whose time is this or later, in milliseconds since 1970. */
  | { readonly timestamp: number }
  /** Among the device's own pending records; the committed position stays. */
  | { readonly localSequence: number }
);

interface TopicChoice {
  readonly fromBeginning: boolean;
  /** `none`: read through from the edge, without storing. */
  readonly storage: "replica" | "none";
}

export interface ConsumerOptions {
  /** Null: no group; nothing is committed. */
  readonly groupId: string | null;
  /** `local`: the device's own pending records as well, behind the committed ones of their partition. */
  readonly isolation: "committed" | "local";
  readonly topics: readonly (TopicChoice & { readonly name: string })[];
  /** Topics whose names match, also those that become known later. */
  readonly patterns: readonly (TopicChoice & { readonly pattern: RegExp })[];
}

export interface PollOptions {
  readonly bytesMax: number;
  /** Of one run. Null: a fair share of `bytesMax`, all of it where one partition alone has records. */
  readonly partitionBytesMax: number | null;
  /** With less than this the answer waits for more, until `waitMs` have passed. */
  readonly bytesMin: number;
  readonly waitMs: number;
  /** Before all else: these go on at the group's committed offset, wherever the session is. */
  readonly rejoins: readonly { readonly topic: string; readonly partition: number }[];
  /** Then: positions that replace the session's own. */
  readonly seeks: readonly SeekPosition[];
  /** Positions to commit first: what was processed since the last poll. */
  readonly commit: readonly HandledTo[];
  /** These yield nothing and keep their positions. */
  readonly paused: readonly {
    readonly topic: string;
    /** Null: all of the topic. */ readonly partition: number | null;
  }[];
}

/** How the device's own records are known among committed ones. */
export interface OwnIdentity {
  readonly producerId: string;
  /** The local sequence that is sequence 0 of this id. */
  readonly sequenceBase: number;
}

/** Consecutive batches of one partition, in a transferred buffer. */
export interface PolledRun {
  readonly topic: string;
  /** -1, pending alone: the topic's partitions are not known yet. */
  readonly partition: number;
  readonly buffer: ArrayBuffer;
  /** Skip records below `from`, stop at `to`. */
  readonly from: number;
  readonly to: number;
  /** Records below it were handled: they are here for the chunks among them. Absent: none. */
  readonly handledTo?: number;
  readonly highWatermark: number;
  /** Not committed: the offsets in the batches, `from` and `to` are local sequences. */
  readonly pending: boolean;
  /** Isolation `local` alone: of the partition, as far as the session has heard. */
  readonly own: { readonly topicKey: number; readonly identities: readonly OwnIdentity[] } | null;
  /** The group's offset when it was polled; null: none is committed. Absent: of no group, or pending. */
  readonly committed?: number | null;
  /** How often the partition had been joined anew when it was polled: work on it counts as long as that is so. */
  readonly joins?: number;
}

/** What a session has to tell beside records. */
export type ConsumerNews =
  /** The group's turn has begun, and these are the partitions; told again when they become more. */
  | { readonly type: "joined"; readonly assignment: Readonly<Record<string, readonly number[]>> }
  /** The position was not that of a record any more: retention passed it, or the log was truncated below it. */
  | {
      readonly type: "reset";
      readonly topic: string;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
      readonly reason: "retention" | "truncated";
    }
  /** The edge refuses the topic; told once until something of it comes. */
  | { readonly type: "refused"; readonly topic: string; readonly error: ErrorBody };

export interface PollAnswer {
  readonly runs: readonly PolledRun[];
  readonly news: readonly ConsumerNews[];
}

/** Local sequences `[from, to)` of a partition. */
export interface MovedRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface ConsumerCalls {
  openConsumer(options: ConsumerOptions): Promise<number>;
  /** One at a time. Empty after `waitMs`. Rejects where the edge refuses all topics for good. `ILLEGAL_GENERATION`: the group's turn is another consumer's; open another. */
  poll(consumer: number, options: PollOptions): Promise<PollAnswer>;
  /** Commits now; for a consumer of no group it does nothing. */
  commit(consumer: number, offsets: readonly HandledTo[]): Promise<void>;
  /** Where the records went that waited as `[from, to)` until the topic's partitions were known. */
  movedRecords(consumer: number, topic: string, range: { from: number; to: number }): Promise<MovedRange[]>;
  /** Ends a poll that waits. */
  nudge(consumer: number): Promise<void>;
  closeConsumer(consumer: number, commit: readonly HandledTo[]): Promise<void>;
}

/** A consumer is open on one worker; records come back as whole batches in transferred buffers. */
import type { ErrorCode } from "../../shared/error-table.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";

export interface TopicPartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** All below `offset` was handled; of a message that is not whole yet the first chunk stands at `readFrom`. */
export interface HandledTo extends TopicPartitionOffset {
  readonly readFrom?: number;
  /** The caller's text beside the offset. Groups of a device keep none. */
  readonly metadata?: string;
  /** Under which it was handled (`PolledRun.ownership`): under another it counts no more. Absent: the one there is. */
  readonly ownership?: number;
}

/** It is not the group's offset: the partition is not, or not any more, the consumer's own. */
export interface RefusedCommit extends TopicPartitionOffset {
  readonly code: ErrorCode;
}

/** Where a partition goes on. `ownership`: only as long as that lasts; without one it waits for the next, where there is none. */
export type SeekPosition = { readonly topic: string; readonly partition: number; readonly ownership?: number } & (
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

export interface GroupOptions {
  /** `device`: the tabs of this browser share the group's work. `edge`: all devices do. */
  readonly coordinator: "device" | "edge";
  /** Of a static member, which finds its partitions again when it comes back. */
  readonly instanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  /** Names, the most wanted first. */
  readonly assignors: readonly string[];
}

export interface ConsumerOptions {
  /** Null: no group; nothing is committed. */
  readonly groupId: string | null;
  /** Null: no group. */
  readonly group: GroupOptions | null;
  /** `local`: the device's own pending records as well, behind the committed ones of their partition. */
  readonly isolation: "committed" | "local";
  readonly topics: readonly (TopicChoice & { readonly name: string })[];
  /** Topics whose names match, also those that become known later. */
  readonly patterns: readonly (TopicChoice & { readonly pattern: RegExp })[];
}

export interface PollOptions {
  /** The poll before failed, or its answer did not come: what it took is handed out again. */
  readonly again?: boolean;
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
  /** Another number whenever the partition is joined anew: a transaction on it counts as long as it is this one. */
  readonly joins?: number;
  /** Under which it was read; no other session, and no other ownership of the partition, has this number. Absent: of no group. */
  readonly ownership?: number;
}

/** What a session has to tell beside records. */
export type ConsumerNews =
  /** The position was not that of a record any more: retention passed it, or the log was truncated below it. */
  | {
      readonly type: "reset";
      readonly topic: string;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
      readonly reason: "retention" | "truncated";
    }
  /** The group has no offset of the partition: it begins here, and this is committed as what was handled is. */
  | (TopicPartitionOffset & { readonly type: "start"; readonly ownership: number; readonly joins: number })
  /** The edge refuses the topic; told once until something of it comes. */
  | { readonly type: "refused"; readonly topic: string; readonly error: ErrorBody };

/** A partition that the session owns; whatever is not named is not its own. */
export interface OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly ownership: number;
  /** No more of it is begun, and it is released then. */
  readonly leaving: boolean;
}

export interface GroupView {
  /** Goes up with every change. */
  readonly version: number;
  readonly memberId: string | null;
  /** The group has told what is owned. */
  readonly joined: boolean;
  readonly protocol: string;
  /** No handler is begun for now: the session may be over. */
  readonly holding: boolean;
  readonly owned: readonly OwnedPartition[];
}

export type GroupNews =
  /** Refused: others may have handled `[from, to)` as well. `from` null: not known. */
  | {
      readonly type: "fenced";
      readonly topic: string;
      readonly partition: number;
      readonly from: number | null;
      readonly to: number;
      readonly code: ErrorCode;
    }
  /** It could not join, or was thrown out, and tries again. */
  | { readonly type: "failed"; readonly error: ErrorBody }
  | { readonly type: "heartbeat"; readonly memberId: string; readonly groupGenerationId: number };

export interface PollAnswer {
  readonly runs: readonly PolledRun[];
  readonly news: readonly ConsumerNews[];
  /** Of what was to be committed first. */
  readonly refused: readonly RefusedCommit[];
  /** Null: of no group, or told with an answer before. */
  readonly group: GroupView | null;
}

/** Local sequences `[from, to)` of a partition. */
export interface MovedRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface ConsumerCalls {
  openConsumer(options: ConsumerOptions): Promise<number>;
  /** One at a time. Empty after `waitMs`. Rejects where the edge refuses all topics for good, or the group the consumer. */
  poll(consumer: number, options: PollOptions): Promise<PollAnswer>;
  /** Commits now, and answers what was refused; for a consumer of no group it does nothing. */
  commit(consumer: number, offsets: readonly HandledTo[]): Promise<readonly RefusedCommit[]>;
  /**
   * Answers once the group's view is another than that of `version` or there is news, or after some seconds, so that the
   * page hears of its partitions while its handlers work; at once with `version` null. Null: the consumer is closed.
   * `worked`: a handler has got on with something since the last call.
   */
  watchGroup(
    consumer: number,
    version: number | null,
    worked: boolean,
  ): Promise<{ readonly view: GroupView; readonly news: readonly GroupNews[] } | null>;
  /** Of partitions that are leaving: the page is done with them. What was handled is committed first; answers what of it was refused. */
  releasePartitions(
    consumer: number,
    commit: readonly HandledTo[],
    released: readonly Pick<OwnedPartition, "topic" | "partition" | "ownership">[],
  ): Promise<readonly RefusedCommit[]>;
  /** Where the records went that waited as `[from, to)` until the topic's partitions were known. */
  movedRecords(consumer: number, topic: string, range: { from: number; to: number }): Promise<MovedRange[]>;
  /** Ends a poll that waits. */
  nudge(consumer: number): Promise<void>;
  closeConsumer(consumer: number, commit: readonly HandledTo[]): Promise<readonly RefusedCommit[]>;
}

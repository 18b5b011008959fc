/** KafkaJS's log levels and its pluggable `logCreator`. */
declare const logLevel: {
  readonly NOTHING: 0;
  readonly ERROR: 1;
  readonly WARN: 2;
  readonly INFO: 4;
  readonly DEBUG: 5;
};
type LogLevel = (typeof logLevel)[keyof typeof logLevel];
interface LogEntry {
  readonly namespace: string;
  readonly level: LogLevel;
  readonly label: string;
  readonly log: {
    readonly timestamp: string;
    readonly message: string;
    readonly [extra: string]: unknown;
  };
}
type LogCreator = (level: LogLevel) => (entry: LogEntry) => void;
type Extra = Readonly<Record<string, unknown>>;
interface Logger {
  error(message: string, extra?: Extra): void;
  warn(message: string, extra?: Extra): void;
  info(message: string, extra?: Extra): void;
  debug(message: string, extra?: Extra): void;
}
/** What a page says when it opens its worker. */
interface WorkerOptions {
  /** Null: no edge, the device is its own broker. */
  readonly url: string | null;
  readonly namespace: string;
  readonly principal: string;
  readonly clientId: string;
  /** Set: overrides the database name that is derived from (url, namespace, principal). */
  readonly database: string | null;
  /** Partition count of topics made on the device alone. */
  readonly localPartitionCount: number;
  /** `auto`: memory where IndexedDB cannot be had. */
  readonly storage: "auto" | "indexeddb" | "memory";
  /** Topics of which nothing is given up unasked; null: as it was said before. */
  readonly strictOrder: readonly string[] | null;
  readonly retry: {
    readonly initialRetryTimeMs: number;
    readonly maxRetryTimeMs: number;
  };
}
interface StrandlineOptions {
  /** Of the edge. Without it the device is its own broker. */
  readonly url?: string;
  /** Clients of one page with the same options, this among them, share one worker. */
  readonly clientId?: string;
  /** Overrides the name that is derived from (url, namespace, principal). */
  readonly database?: string;
  readonly namespace?: string;
  /**
   * Answers a token of the principal. Called when one is needed: before the first request, before it expires, and when the
   * edge refuses it, also after days offline.
   */
  readonly auth?: () => string | Promise<string>;
  /** Whose log this is, as the token proves it to the edge. Each principal of one browser has a database of its own. */
  readonly principal?: string;
  /** Of topics that are made on the device alone; 6 by default. */
  readonly localPartitionCount?: number;
  /**
   * Where the log stands. `auto`, the default: in IndexedDB, or in memory where there is none (`storage.memory` tells);
   * `indexeddb`: calls are refused there; `memory`: it lives as long as the tab, and no other tab sees it.
   */
  readonly storage?: "auto" | "indexeddb" | "memory";
  /** Whether the browser is asked not to evict this origin, once, with the first send that a user's gesture has led to; by default it is. */
  readonly persist?: boolean;
  /**
   * Topics in strict order, all of them: where the edge refuses a batch for good it is not given up, and its partition
   * waits behind it until the batch is retried or discarded (`deadLetters`, `producer.blocked`). It is kept with the
   * topic, for every tab; without this option what was said before holds.
   */
  readonly strictOrder?: readonly string[];
  readonly retry?: {
    readonly initialRetryTime?: number;
    readonly maxRetryTime?: number;
  };
  readonly logLevel?: LogLevel;
  readonly logCreator?: LogCreator;
  /**
   * Asks for a `sync` event where records wait while the tab is hidden or offline, so that the app's service worker sends
   * them (`strandline/service-worker`). False by default; without Background Sync the next start sends them.
   */
  readonly backgroundSync?: boolean;
  /** Makes the worker, where the bundler does not find it by itself. */
  readonly worker?: () => Worker;
}
/**
 * Every error that Strandline answers with. Codes and numbers up to 10,000 are Kafka's (`Errors.java`), ours
 * continue above. Retriability is a column of this table, never a guess: a retriable error can succeed when
 * the very same request is sent again, unchanged.
 */
declare const ERRORS: {
  readonly UNKNOWN_SERVER_ERROR: {
    readonly errno: -1;
    readonly retriable: true;
    readonly sentence: "The server failed in a way it did not expect.";
  };
  readonly OFFSET_OUT_OF_RANGE: {
    readonly errno: 1;
    readonly retriable: false;
    readonly sentence: "The offset is not within the log of this partition.";
  };
  readonly CORRUPT_MESSAGE: {
    readonly errno: 2;
    readonly retriable: false;
    readonly sentence: "The record batch is damaged.";
  };
  readonly UNKNOWN_TOPIC_OR_PARTITION: {
    readonly errno: 3;
    readonly retriable: true;
    readonly sentence: "The topic or the partition does not exist.";
  };
  readonly REQUEST_TIMED_OUT: {
    readonly errno: 7;
    readonly retriable: true;
    readonly sentence: "The request did not finish in its time; it may or may not have happened.";
  };
  readonly MESSAGE_TOO_LARGE: {
    readonly errno: 10;
    readonly retriable: false;
    readonly sentence: "The record is larger than its limit.";
  };
  readonly OFFSET_METADATA_TOO_LARGE: {
    readonly errno: 12;
    readonly retriable: false;
    readonly sentence: "The metadata of the offset is too long.";
  };
  readonly NETWORK_EXCEPTION: {
    readonly errno: 13;
    readonly retriable: true;
    readonly sentence: "The edge could not be reached, or the connection broke.";
  };
  readonly COORDINATOR_NOT_AVAILABLE: {
    readonly errno: 15;
    readonly retriable: true;
    readonly sentence: "The coordinator of the group cannot be reached at the moment.";
  };
  readonly INVALID_TOPIC_EXCEPTION: {
    readonly errno: 17;
    readonly retriable: false;
    readonly sentence: "The topic name is not legal.";
  };
  readonly RECORD_LIST_TOO_LARGE: {
    readonly errno: 18;
    readonly retriable: false;
    readonly sentence: "The run of batches is larger than its limit.";
  };
  readonly INVALID_REQUIRED_ACKS: {
    readonly errno: 21;
    readonly retriable: false;
    readonly sentence: "acks must be 0, 1 or -1.";
  };
  readonly ILLEGAL_GENERATION: {
    readonly errno: 22;
    readonly retriable: false;
    readonly sentence: "The consumer's turn in its group is over; another one has it.";
  };
  readonly INVALID_GROUP_ID: {
    readonly errno: 24;
    readonly retriable: false;
    readonly sentence: "The name of the group is not legal.";
  };
  readonly UNKNOWN_MEMBER_ID: {
    readonly errno: 25;
    readonly retriable: false;
    readonly sentence: "The group has no such member: it joins again, under a new name.";
  };
  readonly INVALID_SESSION_TIMEOUT: {
    readonly errno: 26;
    readonly retriable: false;
    readonly sentence: "The session timeout is not within its bounds.";
  };
  readonly TOPIC_AUTHORIZATION_FAILED: {
    readonly errno: 29;
    readonly retriable: false;
    readonly sentence: "The principal may not do this with this topic.";
  };
  readonly GROUP_AUTHORIZATION_FAILED: {
    readonly errno: 30;
    readonly retriable: false;
    readonly sentence: "The principal may not do this with this group.";
  };
  readonly CLUSTER_AUTHORIZATION_FAILED: {
    readonly errno: 31;
    readonly retriable: false;
    readonly sentence: "The principal may not do this.";
  };
  readonly INVALID_TIMESTAMP: {
    readonly errno: 32;
    readonly retriable: false;
    readonly sentence: "The timestamp is not a time in milliseconds.";
  };
  readonly TOPIC_ALREADY_EXISTS: {
    readonly errno: 36;
    readonly retriable: false;
    readonly sentence: "A topic of this name exists.";
  };
  readonly INVALID_PARTITIONS: {
    readonly errno: 37;
    readonly retriable: false;
    readonly sentence: "The number of partitions is not legal.";
  };
  readonly INVALID_CONFIG: {
    readonly errno: 40;
    readonly retriable: false;
    readonly sentence: "The configuration is not legal.";
  };
  readonly INVALID_REQUEST: {
    readonly errno: 42;
    readonly retriable: false;
    readonly sentence: "The request is not well formed.";
  };
  readonly POLICY_VIOLATION: {
    readonly errno: 44;
    readonly retriable: false;
    readonly sentence: "The request is beyond what is allowed here.";
  };
  readonly OUT_OF_ORDER_SEQUENCE_NUMBER: {
    readonly errno: 45;
    readonly retriable: false;
    readonly sentence: "The sequence is ahead of what this partition holds of the producer.";
  };
  readonly DUPLICATE_SEQUENCE_NUMBER: {
    readonly errno: 46;
    readonly retriable: false;
    readonly sentence: "All of these sequences are behind what this partition holds of the producer.";
  };
  readonly INVALID_PRODUCER_EPOCH: {
    readonly errno: 47;
    readonly retriable: false;
    readonly sentence: "A newer epoch of this producer has written to the partition.";
  };
  readonly INVALID_PRODUCER_ID_MAPPING: {
    readonly errno: 49;
    readonly retriable: false;
    readonly sentence: "The producer key does not belong to the producer id.";
  };
  readonly KAFKA_STORAGE_ERROR: {
    readonly errno: 56;
    readonly retriable: true;
    readonly sentence: "The storage failed; the write may or may not have happened.";
  };
  readonly SASL_AUTHENTICATION_FAILED: {
    readonly errno: 58;
    readonly retriable: false;
    readonly sentence: "The credential does not prove who is calling.";
  };
  readonly UNKNOWN_PRODUCER_ID: {
    readonly errno: 59;
    readonly retriable: false;
    readonly sentence: "This partition knows nothing of the producer.";
  };
  readonly NON_EMPTY_GROUP: {
    readonly errno: 68;
    readonly retriable: false;
    readonly sentence: "A consumer of the group runs.";
  };
  readonly GROUP_ID_NOT_FOUND: {
    readonly errno: 69;
    readonly retriable: false;
    readonly sentence: "There is no such group.";
  };
  readonly UNSUPPORTED_COMPRESSION_TYPE: {
    readonly errno: 76;
    readonly retriable: false;
    readonly sentence: "The records are compressed in a way that cannot be opened here.";
  };
  readonly GROUP_MAX_SIZE_REACHED: {
    readonly errno: 81;
    readonly retriable: false;
    readonly sentence: "The group has as many members as it may have.";
  };
  readonly FENCED_INSTANCE_ID: {
    readonly errno: 82;
    readonly retriable: false;
    readonly sentence: "Another member has taken the place of this static member.";
  };
  readonly INVALID_RECORD: {
    readonly errno: 87;
    readonly retriable: false;
    readonly sentence: "A record does not follow the rules.";
  };
  readonly THROTTLING_QUOTA_EXCEEDED: {
    readonly errno: 89;
    readonly retriable: true;
    readonly sentence: "The quota of the principal is used up for now.";
  };
  readonly UNKNOWN_TOPIC_ID: {
    readonly errno: 100;
    readonly retriable: true;
    readonly sentence: "No topic has this id.";
  };
  readonly INCONSISTENT_TOPIC_ID: {
    readonly errno: 103;
    readonly retriable: true;
    readonly sentence: "The topic was made again under another id.";
  };
  readonly FENCED_MEMBER_EPOCH: {
    readonly errno: 110;
    readonly retriable: false;
    readonly sentence: "The member has lost what it owned: it drops it and joins again.";
  };
  readonly UNRELEASED_INSTANCE_ID: {
    readonly errno: 111;
    readonly retriable: true;
    readonly sentence: "A member of this instance id is in the group and has not left it.";
  };
  readonly UNSUPPORTED_ASSIGNOR: {
    readonly errno: 112;
    readonly retriable: false;
    readonly sentence: "The edge has no assignor of that name.";
  };
  readonly STALE_MEMBER_EPOCH: {
    readonly errno: 113;
    readonly retriable: false;
    readonly sentence: "The member is behind its group: a heartbeat tells it its epoch.";
  };
  readonly INVALID_REGULAR_EXPRESSION: {
    readonly errno: 128;
    readonly retriable: false;
    readonly sentence: "The pattern is no regular expression.";
  };
  /** Ours from here on. */
  readonly SEQUENCE_CONFLICT: {
    readonly errno: 10001;
    readonly retriable: false;
    readonly sentence: "The producer's history on this partition is another one.";
  };
  readonly TRUNCATED: {
    readonly errno: 10002;
    readonly retriable: false;
    readonly sentence: "The log no longer holds what was read or acknowledged before.";
  };
  readonly PRINCIPAL_CHANGED: {
    readonly errno: 10003;
    readonly retriable: false;
    readonly sentence: "This device's log belongs to another principal.";
  };
  readonly NOT_CONFIGURED: {
    readonly errno: 10004;
    readonly retriable: false;
    readonly sentence: "The edge is not configured.";
  };
  readonly NOT_FOUND: {
    readonly errno: 10005;
    readonly retriable: false;
    readonly sentence: "There is nothing at this address.";
  };
  readonly METHOD_NOT_ALLOWED: {
    readonly errno: 10006;
    readonly retriable: false;
    readonly sentence: "This address does not take that method.";
  };
  readonly FORBIDDEN_ORIGIN: {
    readonly errno: 10007;
    readonly retriable: false;
    readonly sentence: "This host or origin is not served without authentication.";
  };
  readonly REQUEST_TOO_LARGE: {
    readonly errno: 10008;
    readonly retriable: false;
    readonly sentence: "The request has more bytes than are allowed.";
  };
  readonly VOID_LIMIT: {
    readonly errno: 10009;
    readonly retriable: false;
    readonly sentence: "The producer has given up more batches than are remembered.";
  };
  readonly STORE_FAILED: {
    readonly errno: 10010;
    readonly retriable: true;
    readonly sentence: "The browser's database failed.";
  };
  readonly STORAGE_FULL: {
    readonly errno: 10011;
    readonly retriable: true;
    readonly sentence: "There is no room left; what is freed makes some.";
  };
  readonly WORKER_DIED: {
    readonly errno: 10012;
    readonly retriable: true;
    readonly sentence: "The worker of this tab has ended; what it had not acknowledged may or may not be stored.";
  };
  readonly CLOSED: {
    readonly errno: 10013;
    readonly retriable: false;
    readonly sentence: "This client was closed.";
  };
  readonly NOT_SYNCED_YET: {
    readonly errno: 10014;
    readonly retriable: true;
    readonly sentence: "The record is safe on the device and will still be sent; the edge has not acknowledged it in time.";
  };
  readonly INVALID_ARGUMENT: {
    readonly errno: 10015;
    readonly retriable: false;
    readonly sentence: "An argument is not legal.";
  };
  readonly RECEIPT_UNKNOWN: {
    readonly errno: 10016;
    readonly retriable: false;
    readonly sentence: "This device knows nothing of that record.";
  };
  readonly GIVEN_UP: {
    readonly errno: 10017;
    readonly retriable: false;
    readonly sentence: "The edge refused the record for good; it is among the dead letters.";
  };
  readonly UNSUPPORTED_OPERATION: {
    readonly errno: 10018;
    readonly retriable: false;
    readonly sentence: "That cannot be done here.";
  };
  readonly NOT_ACCEPTABLE: {
    readonly errno: 10019;
    readonly retriable: false;
    readonly sentence: "There is no answer of a media type that is accepted.";
  };
  readonly IDEMPOTENCY_KEY_REUSED: {
    readonly errno: 10020;
    readonly retriable: false;
    readonly sentence: "Another request was made under this Idempotency-Key.";
  };
  readonly UNSUPPORTED_MEDIA_TYPE: {
    readonly errno: 10021;
    readonly retriable: false;
    readonly sentence: "The body is of a type that is not taken here.";
  };
  readonly STORE_OUTDATED: {
    readonly errno: 10022;
    readonly retriable: false;
    readonly sentence: "A newer version of this site has changed the device's database: reload the page.";
  };
  readonly ABORTED: {
    readonly errno: 10023;
    readonly retriable: false;
    readonly sentence: "The caller's signal ended the wait.";
  };
  readonly PART_NOT_LOADED: {
    readonly errno: 10024;
    readonly retriable: true;
    readonly sentence: "A part of the library could not be loaded; the next call tries again.";
  };
  readonly ISSUER_UNAVAILABLE: {
    readonly errno: 10030;
    readonly retriable: true;
    readonly sentence: "The keys of the tokens' issuer cannot be had at the moment.";
  };
};
type ErrorCode = keyof typeof ERRORS;
/** What an error names besides its code: the offending value, its position, a limit. Plain JSON values only. */
type ErrorDetails = Readonly<Record<string, string | number | boolean | null | undefined>>;
/** The shape of an error on the wire and between page and worker. */
interface ErrorBody extends ErrorDetails {
  readonly code: ErrorCode;
  readonly errno: number;
  readonly retriable: boolean;
  readonly message: string;
}
/** The one error type of the public interface. `message` is the table's sentence and what was said of this case. */
declare class StrandlineError extends Error {
  readonly name = "StrandlineError";
  readonly code: ErrorCode;
  readonly errno: number;
  readonly retriable: boolean;
  readonly details: ErrorDetails;
  /** `said` names the offending thing, for a person: `partition 9, the topic "orders" has 6`. */
  constructor(code: ErrorCode, said: string, details?: ErrorDetails, cause?: unknown);
  /** Nothing internal (stack, SQL, path) is part of this. */
  toBody(): ErrorBody;
  /** The way back from `toBody`. An unknown code, from a newer edge, is a server error and keeps its message. */
  static fromBody(body: unknown): StrandlineError;
}
interface TopicPartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
/** All below `offset` was handled; of a message that is not whole yet the first chunk stands at `readFrom`. */
interface HandledTo extends TopicPartitionOffset {
  readonly readFrom?: number;
  /** The caller's text beside the offset. Groups of a device keep none. */
  readonly metadata?: string;
  /** Under which it was handled (`PolledRun.ownership`): under another it counts no more. Absent: the one there is. */
  readonly ownership?: number;
}
/** It is not the group's offset: the partition is not, or not any more, the consumer's own. */
interface RefusedCommit extends TopicPartitionOffset {
  readonly code: ErrorCode;
}
/** Where a partition goes on. `ownership`: only as long as that lasts; without one it waits for the next, where there is none. */
type SeekPosition = {
  readonly topic: string;
  readonly partition: number;
  readonly ownership?: number;
} & (Pick<HandledTo, "offset" | "readFrom"> |
/** The log's end or its start as far as the device knows them once they are known. */
{
  readonly at: "latest" | "earliest";
} |
/** The first record whose time is this or later, in milliseconds since 1970. */
{
  readonly timestamp: number;
} |
/** Among the device's own pending records; the committed position stays. */
{
  readonly localSequence: number;
});
interface TopicChoice {
  readonly fromBeginning: boolean;
  /** `none`: read through from the edge, without storing. */
  readonly storage: "replica" | "none";
}
interface GroupOptions {
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
interface ConsumerOptions {
  /** Null: no group; nothing is committed. */
  readonly groupId: string | null;
  /** Null: no group. */
  readonly group: GroupOptions | null;
  /** `local`: the device's own pending records as well, behind the committed ones of their partition. */
  readonly isolation: "committed" | "local";
  readonly topics: readonly (TopicChoice & {
    readonly name: string;
  })[];
  /** Topics whose names match, also those that become known later. */
  readonly patterns: readonly (TopicChoice & {
    readonly pattern: RegExp;
  })[];
}
interface PollOptions {
  /** The poll before failed, or its answer did not come: what it took is handed out again. */
  readonly again?: boolean;
  readonly bytesMax: number;
  /** Of one run. Null: a fair share of `bytesMax`, all of it where one partition alone has records. */
  readonly partitionBytesMax: number | null;
  /** With less than this the answer waits for more, until `waitMs` have passed. */
  readonly bytesMin: number;
  readonly waitMs: number;
  /** Before all else: these go on at the group's committed offset, wherever the session is. */
  readonly rejoins: readonly {
    readonly topic: string;
    readonly partition: number;
  }[];
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
interface OwnIdentity {
  readonly producerId: string;
  /** The local sequence that is sequence 0 of this id. */
  readonly sequenceBase: number;
}
/** Consecutive batches of one partition, in a transferred buffer. */
interface PolledRun {
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
  readonly own: {
    readonly topicKey: number;
    readonly identities: readonly OwnIdentity[];
  } | null;
  /** The group's offset when it was polled; null: none is committed. Absent: of no group, or pending. */
  readonly committed?: number | null;
  /** Another number whenever the partition is joined anew: a transaction on it counts as long as it is this one. */
  readonly joins?: number;
  /** Under which it was read; no other session, and no other ownership of the partition, has this number. Absent: of no group. */
  readonly ownership?: number;
}
/** What a session has to tell beside records. */
type ConsumerNews =
/** The position was not that of a record any more: retention passed it, or the log was truncated below it. */
{
  readonly type: "reset";
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly reason: "retention" | "truncated";
} |
/** The group has no offset of the partition: it begins here, and this is committed as what was handled is. */
(TopicPartitionOffset & {
  readonly type: "start";
  readonly ownership: number;
  readonly joins: number;
}) |
/** The edge refuses the topic; told once until something of it comes. */
{
  readonly type: "refused";
  readonly topic: string;
  readonly error: ErrorBody;
};
/** A partition that the session owns; whatever is not named is not its own. */
interface OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly ownership: number;
  /** No more of it is begun, and it is released then. */
  readonly leaving: boolean;
}
interface GroupView {
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
type GroupNews =
/** Refused: others may have handled `[from, to)` as well. `from` null: not known. */
{
  readonly type: "fenced";
  readonly topic: string;
  readonly partition: number;
  readonly from: number | null;
  readonly to: number;
  readonly code: ErrorCode;
} |
/** It could not join, or was thrown out, and tries again. */
{
  readonly type: "failed";
  readonly error: ErrorBody;
} | {
  readonly type: "heartbeat";
  readonly memberId: string;
  readonly groupGenerationId: number;
};
interface PollAnswer {
  readonly runs: readonly PolledRun[];
  readonly news: readonly ConsumerNews[];
  /** Of what was to be committed first. */
  readonly refused: readonly RefusedCommit[];
  /** Null: of no group, or told with an answer before. */
  readonly group: GroupView | null;
}
/** Local sequences `[from, to)` of a partition. */
interface MovedRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}
interface ConsumerCalls {
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
  watchGroup(consumer: number, version: number | null, worked: boolean): Promise<{
    readonly view: GroupView;
    readonly news: readonly GroupNews[];
  } | null>;
  /** Of partitions that are leaving: the page is done with them. What was handled is committed first; answers what of it was refused. */
  releasePartitions(consumer: number, commit: readonly HandledTo[], released: readonly Pick<OwnedPartition, "topic" | "partition" | "ownership">[]): Promise<readonly RefusedCommit[]>;
  /** Where the records went that waited as `[from, to)` until the topic's partitions were known. */
  movedRecords(consumer: number, topic: string, range: {
    from: number;
    to: number;
  }): Promise<MovedRange[]>;
  /** Ends a poll that waits. */
  nudge(consumer: number): Promise<void>;
  closeConsumer(consumer: number, commit: readonly HandledTo[]): Promise<readonly RefusedCommit[]>;
}
interface GroupConfig {
  /**
   * `device`, the default: the tabs of this browser share the group's work, offline too, and handlers have `tx`. `edge`: all
   * devices share it, which needs a `url`.
   */
  readonly coordinator?: "device" | "edge";
  /** Of a static member of a group at the edge: it finds its partitions again when it comes back, also after a restart. */
  readonly groupInstanceId?: string;
  /** Milliseconds. Who is not heard of for so long has lost its partitions. 45,000 by default. */
  readonly sessionTimeout?: number;
  /** Milliseconds that a handler at work has to end where its partition goes to another. 60,000 by default. */
  readonly rebalanceTimeout?: number;
  /** Milliseconds, below the session's. 5,000 by default, a third of a short session. */
  readonly heartbeatInterval?: number;
  /**
   * Milliseconds. Where no handler gets on for so long (ends, resolves an offset or calls `heartbeat`) the consumer gives its
   * partitions up. 300,000 by default.
   */
  readonly maxPollInterval?: number;
  /** Names: `sticky` (the default), `range`, `roundrobin`, or one that the edge was made with. The most wanted first. */
  readonly partitionAssigners?: readonly string[];
}
declare const brand: unique symbol;
type Brand<T, Name extends string> = T & {
  readonly [brand]: Name;
};
/** A UUID in its usual text form, lower case. */
type TopicId = Brand<string, "TopicId">;
/** 8 bytes as 16 lower-case hex digits: never a JavaScript number. */
type ProducerId = Brand<string, "ProducerId">;
interface HeaderView {
  readonly key: string;
  readonly value: Uint8Array | null;
}
/** `position` counts from the start of the input that was read. */
interface BatchDamage {
  readonly code: ErrorCode;
  readonly position: number;
  readonly reason: string;
}
interface RecordBatch {
  /** The input that holds the batch at `[start, end)`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: ProducerId;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}
/** Walks the records of a batch without an object per record; its fields are those of the record that `next` found. */
declare class RecordCursor {
  #private;
  /** Set once `next` answers false because of the bytes, not because of the end. */
  damage: BatchDamage | null;
  offset: number;
  timestamp: number;
  attributes: number;
  offsetDelta: number;
  /** Where the varint of the key's length begins: all from here to `end` is the same in any batch. */
  keyLengthAt: number;
  /** -1: null. */
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  valueEnd: number;
  headerCount: number;
  headersAt: number;
  end: number;
  /** Where the record begins. */
  start: number;
  /** The batch's records are uncompressed (`gzip.ts` opens those that are not). */
  constructor(batch: RecordBatch);
  next(): boolean;
  /** The fields of a record that `next` has found whole, by its `start`. The cursor goes on nowhere from there. */
  reread(start: number): void;
  headers(): HeaderView[];
  view(start: number, end: number): Uint8Array | null;
}
type ReceivedHeader = Uint8Array | null;
type Headers = Readonly<Record<string, ReceivedHeader | readonly ReceivedHeader[]>>;
/** What the records of one batch have in common. */
interface MessageOrigin {
  readonly topic: string;
  readonly partition: number;
  /** Offsets are local sequences. */
  readonly pending: boolean;
  /** To read the fields of a record by, once somebody asks. */
  readonly cursor: RecordCursor;
}
declare class ReceivedMessage {
  #private;
  readonly topic: string;
  /** -1 with `pending` alone: the topic's partitions are not known yet. */
  readonly partition: number;
  /** -1 while `pending`: the edge has given none yet. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Of the record at which the origin's cursor stands; `offset`: where it is not the one of its batch. */
  constructor(origin: MessageOrigin, offset?: number);
  /** As in KafkaJS; Kafka has no use for it yet. */
  get attributes(): number;
  /** A record of this device that the edge has not committed yet (`isolation: 'local'`): it may still be refused. */
  get pending(): boolean;
  /** Of a pending record: its number among this device's records of the partition, as in its receipt. Else -1. */
  get localSequence(): number;
  get key(): Uint8Array | null;
  /** Null: a tombstone. */
  get value(): Uint8Array | null;
  /** Of the last chunk of a message: it becomes the message. */
  become(value: Uint8Array, headers: readonly (readonly [string, ReceivedHeader | readonly ReceivedHeader[]])[]): void;
  /** As in KafkaJS: an array where a name comes more than once. */
  get headers(): Headers;
  /** The key as text; null where there is none. */
  keyText(): string | null;
  /** The value as text; null for a tombstone. */
  text(): string | null;
  /** The value as JSON; null for a tombstone. What it is, the caller knows: nothing checks it. */
  json<Value = unknown>(): Value;
}
/** A string or bytes as they are, null for a tombstone; anything else as JSON with a content-type header. */
type MessageValue = string | Uint8Array | ArrayBuffer | number | boolean | object | null;
type HeaderValue = string | Uint8Array | null;
interface Message {
  readonly key?: string | Uint8Array | ArrayBuffer | null | undefined;
  readonly value: MessageValue;
  readonly partition?: number | null | undefined;
  /** Several values under one name: an array. */
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>> | undefined;
  /** Milliseconds since 1970; a string of digits as in KafkaJS. Now, where it is absent. */
  readonly timestamp?: number | string | undefined;
}
/** KafkaJS's name for what `compression` takes. */
declare const CompressionTypes: {
  readonly None: "none";
  readonly GZIP: "gzip";
};
type CompressionType = (typeof CompressionTypes)[keyof typeof CompressionTypes];
/** 0: fire and forget. 1: durable on this device. -1 or "all": durable at the edge. */
type Acks = 0 | 1 | -1 | "all";
interface SendOptions {
  /** 1 by default. */
  readonly acks?: Acks;
  /** How long the promise may wait, in milliseconds; 30,000 by default. */
  readonly timeout?: number;
  readonly compression?: CompressionType;
  /**
   * Before the records are stored nothing is: the promise rejects with `ABORTED`, `details.stored` false. Later it ends
   * the wait alone: `details.stored` is true and `details.receipt` names the first record.
   */
  readonly signal?: AbortSignal;
  /** `relaxed`: acknowledged before the operating system was told to write to disk. */
  readonly durability?: "strict" | "relaxed";
}
interface ProducerRecord<To extends string | Topic = string> extends SendOptions {
  readonly topic: To;
  readonly messages: readonly MessageFor<To>[];
}
interface TopicMessages<To extends string | Topic = string> {
  readonly topic: To;
  readonly messages: readonly MessageFor<To>[];
}
interface ProducerBatch<All extends readonly (string | Topic)[] = readonly string[]> extends SendOptions {
  readonly topicMessages: { readonly [Index in keyof All]: TopicMessages<All[Index]>; };
}
/**
 * What a validator has to be: Standard Schema, version 1 (standardschema.dev), as zod, valibot and arktype have it. Only
 * the part that is used, by structure, so that no package is needed for it.
 */
interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** For the compiler alone. */
    readonly types?: {
      readonly input: Input;
      readonly output: Output;
    } | undefined;
  };
}
type SchemaResult<Output> = {
  readonly value: Output;
  readonly issues?: undefined;
} | {
  readonly issues: readonly SchemaIssue[];
};
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | {
    readonly key: PropertyKey;
  })[] | undefined;
}
/** What is wrong with a key, a value or its headers. */
interface Issue {
  /** `items.0.price`; empty: the whole. */
  readonly path: string;
  readonly message: string;
}
/** Any serde, whatever it is of. */
interface AnySerde {
  serialize(value: never): Uint8Array | string;
  deserialize(bytes: Uint8Array): unknown;
}
interface Parts {
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: unknown;
}
/**
 * A topic with the types of its records, made by `topic()`: `Input` is what `send` takes, `Output` what a consumer is given.
 */
interface Topic<Name extends string = string, Input extends Parts = Parts, Output extends Parts = Parts> {
  readonly name: Name;
  /** For the compiler alone. */
  readonly types?: {
    readonly input: Input;
    readonly output: Output;
  };
  /** A message as bytes and text. Throws `INVALID_RECORD`; `checked` rejects with it where a validator is asynchronous. */
  write(message: Message, index: number): {
    readonly message: Message;
    readonly checked: Promise<void> | null;
  };
  /** The data of a message, or which part of it is not as it should be. */
  read(message: ReceivedMessage): RecordData | Promise<RecordData>;
  /**
   * The data of its value alone, at once. Throws `INVALID_RECORD`, and `UNSUPPORTED_OPERATION` where the validator is
   * asynchronous.
   */
  decode(message: ReceivedMessage): Output["value"];
}
type RecordData = Parts | {
  readonly part: RecordPart;
  readonly issues: readonly Issue[];
};
type RecordPart = "key" | "value" | "headers";
type Format = Schema | AnySerde;
/** Where no format was given the compiler infers all that might have been, which no format is. */
type InputOf<Given, Plain> = undefined extends Given ? Plain : Given extends Schema ? NonNullable<Given["~standard"]["types"]>["input"] : Given extends AnySerde ? Parameters<Given["serialize"]>[0] : Plain;
type OutputOf<Given, Plain> = undefined extends Given ? Plain : Given extends Schema ? NonNullable<Given["~standard"]["types"]>["output"] : Given extends AnySerde ? ReturnType<Given["deserialize"]> : Plain;
/** A record of a typed topic: the bytes as ever, and beside them what they mean. */
type TypedMessage<Data extends Parts = Parts> = ReceivedMessage & {
  /** Of the value; its bytes where the topic says nothing of values. */
  readonly data: Data["value"];
  /** Of the key; its bytes where the topic says nothing of keys. */
  readonly keyData: Data["key"];
  /** Of the headers; their bytes where the topic says nothing of headers. */
  readonly headerData: Data["headers"];
};
/** What `send` takes for a topic: KafkaJS's message for a name, its types for a typed topic. */
type MessageFor<To extends string | Topic> = To extends Topic<string, infer Input> ? TypedInput<Input> : Message;
type TypedInput<Input extends Parts> = Pick<Message, "partition" | "timestamp"> & {
  readonly value: Input["value"];
} & Named$1<"key", Input["key"]> & Named$1<"headers", Input["headers"]>;
/** May be left out where it may be undefined. */
type Named$1<Name extends string, Value> = undefined extends Value ? { readonly [Key in Name]?: Value; } : { readonly [Key in Name]: Value; };
/** What a consumer of these topics is given. */
type MessageOf<From extends string | Topic> = From extends Topic<string, Parts, infer Output> ? TypedMessage<Output> : ReceivedMessage;
/** The parts of a topic that was made with these formats. */
interface InputParts<Key, Value, Headers, Tombstone> extends Parts {
  readonly key: InputOf<Key, Message["key"]>;
  readonly value: InputOf<Value, MessageValue> | Tombstone;
  readonly headers: InputOf<Headers, Message["headers"]>;
}
interface OutputParts<Key, Value, Headers, Tombstone> extends Parts {
  readonly key: OutputOf<Key, Uint8Array | null>;
  readonly value: OutputOf<Value, Uint8Array | null> | Tombstone;
  readonly headers: OutputOf<Headers, ReceivedMessage["headers"]>;
}
/** Topics by name, and by patterns (JavaScript's regular expressions) that topics made later match as well. */
interface GroupSubscription {
  readonly topics: readonly string[];
  readonly patterns: readonly {
    readonly source: string;
    readonly flags: string;
  }[];
}
/** Which partitions are meant, and where they go. */
interface ResetOffsets {
  /** Names. Absent: all topics of which the group has offsets; those that `offsets` names. */
  readonly topics?: readonly string[];
  readonly to: "earliest" | "latest" |
  /** Forward or back by so many records, within the log. */
  {
    readonly shift: number;
  } |
  /** The first record of that time or later, milliseconds since 1970; the log's end where there is none. */
  {
    readonly timestamp: number;
  } |
  /** Within the log: others are `OFFSET_OUT_OF_RANGE`. Null: the group's offset is forgotten. */
  {
    readonly offsets: readonly {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number | null;
    }[];
  };
  /** Nothing is changed: what would be is told. */
  readonly dryRun?: boolean;
}
/** `Assigning`: partitions are still to be let go of or granted. */
type GroupState = "Empty" | "Assigning" | "Stable";
/** As Burrow calls them. `STALLED`: offsets are committed and do not move; `STOPPED`: none are committed. */
type LagStatus = "OK" | "WARNING" | "STALLED" | "STOPPED";
interface PartitionLag$1 {
  readonly topic: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly committed: number | null;
  /** Records that are still to be handled; of a group without an offset all that the log holds. */
  readonly lag: number;
  /** Records a second, as committed over the window; null: too few commits to tell. */
  readonly rate: number | null;
  /** Age of the first record that is not handled, by when the edge appended it; 0: there is none. */
  readonly timeLagMs: number;
  /** The member that owns it; null: nobody. */
  readonly memberId: string | null;
  /** Null: the partition could not be asked, which `error` tells; its numbers are 0 then. */
  readonly status: LagStatus | null;
  readonly error: ErrorBody | null;
}
interface GroupLag$1 {
  readonly groupId: string;
  /** Of its worst partition. Null: one could not be asked, and of those that could none is worse than `OK`. */
  readonly status: LagStatus | null;
  /** Of all partitions together; like the next one, as far as they could be asked. */
  readonly lag: number;
  /** Of the partition that is furthest behind. */
  readonly timeLagMs: number;
  readonly partitions: readonly PartitionLag$1[];
}
/** A safe integer, or its digits. */
type OffsetLike = number | string;
interface OffsetsByTopic {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly offset: number;
    }[];
  }[];
}
interface PartitionCommit {
  readonly partition: number;
  readonly offset: OffsetLike;
  /** Kept beside the offset of a group at the edge (`admin.fetchOffsets`): 4,096 bytes of UTF-8 at most. A device keeps none. */
  readonly metadata?: string | null;
}
/** What `commitOffsets` and its kin take: a list, or grouped by topic as in KafkaJS. */
type OffsetsInput = readonly (PartitionCommit & {
  readonly topic: string;
})[] | {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly PartitionCommit[];
  }[];
};
/** `offset` -1 or -2: the log's end or start. `timestamp`: the first record of this time or later, ms since 1970. */
type SeekInput = {
  readonly topic: string;
  readonly partition: number;
} & ({
  readonly offset: OffsetLike;
  readonly timestamp?: never;
} | {
  readonly timestamp: number;
  readonly offset?: never;
});
/** Where the group is, as its consumers say it: two groups of one name, one of this device, one at the edge, know nothing of each other. */
interface OfCoordinator {
  /** As of a consumer: `device` by default; with `strandline/http`, where there is a `url`, `edge`. */
  readonly coordinator?: "device" | "edge";
}
interface GroupOverview {
  readonly groupId: string;
  readonly protocolType: "consumer";
}
interface TopicOfGroup {
  readonly topic: string;
  readonly partitions: readonly number[];
}
interface MemberDescription {
  readonly memberId: string;
  readonly clientId: string;
  /** Its `groupInstanceId`; null: it is no static member. */
  readonly groupInstanceId: string | null;
  readonly memberEpoch: number;
  readonly subscription: GroupSubscription;
  /** What it owns. */
  readonly memberAssignment: readonly TopicOfGroup[];
  /** What it is to own once all others have let go. */
  readonly targetAssignment: readonly TopicOfGroup[];
}
interface GroupDescription extends GroupOverview {
  readonly errorCode: 0;
  /** How partitions are shared out: `sticky`. */
  readonly protocol: string;
  /** `Assigning`: partitions are still to be let go of or granted. `Dead`: there is no such group. */
  readonly state: GroupState | "Dead";
  readonly groupEpoch: number;
  readonly members: readonly MemberDescription[];
}
interface DeletedGroup {
  readonly groupId: string;
  /** Of Kafka; 0: it is deleted. */
  readonly errorCode: number;
  readonly error?: StrandlineError;
}
interface GroupOffsets {
  readonly topic: string;
  /** `offset` -1: nothing was committed. `metadata` as it was committed; null: none. */
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: number;
    readonly metadata: string | null;
  }[];
}
interface FetchOffsets extends OfCoordinator {
  readonly groupId: string;
  /** Those in which it has committed, where absent. */
  readonly topics?: readonly string[];
  /** Instead of -1 the log's end, where a consumer begins by default. */
  readonly resolveOffsets?: boolean;
}
interface PositionInput {
  readonly partition: number;
  readonly offset: OffsetLike;
}
interface GroupPositions extends OfCoordinator {
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: readonly PositionInput[];
}
type OffsetsReset = OfCoordinator & {
  readonly groupId: string;
  /** Nothing is changed: what would be is told. */
  readonly dryRun?: boolean;
} & ({
  readonly topic: string;
  /** To where the log begins; else to its end. */
  readonly earliest?: boolean;
  readonly to?: never;
  readonly topics?: never;
} | {
  /** All in which it has offsets, where absent; those that `offsets` names. */
  readonly topics?: readonly string[];
  readonly to: ResetOffsets["to"];
  readonly topic?: never;
  readonly earliest?: never;
});
interface ResetOffset {
  readonly topic: string;
  readonly partition: number;
  /** Null: nothing was committed. */
  readonly from: number | null;
  /** Null: nothing is from now on, or there is an error. */
  readonly to: number | null;
  /** Of this partition alone. */
  readonly error: ErrorBody | null;
}
interface PartitionLag extends Omit<PartitionLag$1, "topicId"> {
  /** Null: of a topic that the edge does not know. */
  readonly topicId: string | null;
}
/**
 * Of a group of this device as far as the device has heard of the log: `rate` and `memberId` are null, and so is `status`
 * where there is a lag, since it is known where the group is and not how it came there.
 */
interface GroupLag extends Omit<GroupLag$1, "partitions"> {
  readonly partitions: readonly PartitionLag[];
}
type TopicConfig = Readonly<Record<string, string>>;
interface TopicMetadata {
  readonly name: string;
  readonly error: ErrorBody | null;
  /** Null where there is an error. */
  readonly topicId: TopicId | null;
  readonly partitionCount: number;
  readonly config: TopicConfig;
}
interface EdgeRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the edge's url, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** It is sent also where the page goes meanwhile. */
  readonly keepalive?: boolean;
}
/** `[low, high)` is what a partition holds. */
interface PartitionBounds {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}
interface PartitionPosition {
  readonly partition: number;
  readonly offset: number;
}
interface DeviceTopic extends TopicMetadata {
  /** Of this device alone. */
  readonly local: boolean;
}
/** Of a group of this device. What only a group at the edge has is null. */
interface DevicePartitionLag {
  readonly topic: string;
  readonly topicId: string | null;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly committed: number | null;
  readonly lag: number;
  readonly rate: null;
  readonly timeLagMs: number;
  readonly memberId: null;
  readonly status: LagStatus | null;
  readonly error: null;
}
interface DeviceGroupLag {
  readonly groupId: string;
  readonly status: LagStatus | null;
  readonly lag: number;
  readonly timeLagMs: number;
  readonly partitions: readonly DevicePartitionLag[];
}
interface AdminCalls {
  /** With the device's credentials. Rejects with the edge's typed error. */
  edgeRequest(request: EdgeRequest): Promise<unknown>;
  /** Without asking the edge. */
  deviceTopics(): Promise<DeviceTopic[]>;
  /** As the device knows them. */
  partitionBounds(topic: string): Promise<PartitionBounds[]>;
  /** In the device's own copy: of the first record at or after the time; the end where there is none. */
  offsetsAtTime(topic: string, timestamp: number): Promise<PartitionPosition[]>;
  /** Its name is free at once, and nothing of it is left. Of a topic of the device alone, as are the next two. */
  deleteLocalTopic(topic: string): Promise<void>;
  growLocalTopic(topic: string, partitionCount: number): Promise<void>;
  /** All or nothing: the partitions begin at these offsets from then on. */
  deleteLocalRecords(topic: string, before: readonly PartitionPosition[]): Promise<void>;
  /** By partition; null: nothing was committed. */
  groupOffsets(groupId: string, topic: string): Promise<(number | null)[]>;
  /** Rejects with `NON_EMPTY_GROUP` where a consumer of the group runs in any tab. */
  setGroupOffsets(groupId: string, topic: string, positions: readonly PartitionPosition[]): Promise<void>;
  /** Names of those that have committed on this device. */
  deviceGroups(): Promise<string[]>;
  /** As far as the device has heard of the log. Rejects with `GROUP_ID_NOT_FOUND`. */
  deviceGroupLag(groupId: string): Promise<DeviceGroupLag>;
}
/** Records cross packed: finished batches in one transferred buffer. */
interface PackPart {
  readonly topic: string;
  /** -1: count not known to the page; the worker assigns by key. */
  readonly partition: number;
  /** By which it was chosen; 0: not known. */
  readonly partitionCount: number;
  /** Bounds of the batch within the buffer. */
  readonly start: number;
  readonly end: number;
}
/** The sends of one microtask: one batch per (topic, partition), without identity and CRC. */
interface Pack {
  readonly buffer: ArrayBuffer;
  readonly parts: readonly PackPart[];
  readonly durability: "strict" | "relaxed";
  readonly compression: "none" | "gzip";
}
/** The answer for one part. */
interface PartAck {
  readonly partition: number;
  readonly localSequence: number;
  /** Of a local topic. */
  readonly baseOffset: number | null;
  /** Of a topic that was made again: as in the receipt. */
  readonly remade?: number;
}
interface AppendCalls {
  /** All or nothing; one answer per part. */
  append(pack: Pack): Promise<PartAck[]>;
}
/** The device as a whole, and its end. */
interface StorageReport {
  /** Of the whole origin, as the browser says; null where it says nothing. */
  readonly usageBytes: number | null;
  readonly quotaBytes: number | null;
  readonly level: "ok" | "pressure" | "critical";
  readonly kind: "indexeddb" | "memory";
  readonly deviceId: string;
}
interface DeviceCalls {
  storageReport(): Promise<StorageReport>;
  /**
   * Ends the device in every tab; `discard` deletes its database. How many records were not synced: they are discarded
   * with it, or wait in it for their principal.
   */
  logout(discard: boolean): Promise<{
    readonly unsyncedRecords: number;
  }>;
  /**
   * The page is parked where the browser may restore it from (its back/forward cache), or ends, or is back. Parked, its tab
   * neither leads nor has a group's turn: it stands still, for how long nobody knows.
   */
  park(parked: boolean): Promise<void>;
  close(): Promise<void>;
}
/** Where a record stands on the device that sent it. */
interface RecordPlace {
  readonly topic: string;
  /** -1: the topic's partitions were not known when the record was stored. */
  readonly partition: number;
  readonly localSequence: number;
  /** How often the topic had been made again under its name, as far as this device knows, when the record was stored; absent: never. */
  readonly remade?: number;
}
type ReceiptState = {
  readonly kind: "committed";
  readonly partition: number;
  readonly offset: number | null;
} | {
  readonly kind: "dead";
  readonly partition: number;
  readonly error: ErrorBody;
} | {
  readonly kind: "pending";
  readonly partition: number;
} | {
  readonly kind: "unknown";
};
/** Of what was sent from this device, in all tabs. */
interface SyncProgress {
  /** Stored here and not settled at the edge. */
  readonly pendingRecords: number;
  /** Of these, on their way. */
  readonly inflightRecords: number;
  /** Held by the edge, of what waited since nothing did; counted anew when another tab takes over. */
  readonly syncedRecords: number;
  /** As they lie on the device, compressed or not. */
  readonly pendingBytes: number;
  readonly syncedBytes: number;
  /** Over the last few seconds. */
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
}
/** `code`, `message`, `retriable` and the details of the error. */
interface SyncError extends ErrorBody {
  /** When the attempt failed, in milliseconds of this device's clock. */
  readonly at: number;
}
interface OutboxStatus extends SyncProgress {
  /** Records. */
  readonly deadLetters: number;
  readonly online: boolean;
  readonly paused: boolean;
  readonly leader: boolean;
  /** Of the last attempt to reach the edge; null: it succeeded, or there was none. `at` is exact in the tab that syncs; others know since when it fails like this. */
  readonly lastError: SyncError | null;
}
/** Everything below `localSequence` is waited for. */
interface SettleTarget {
  readonly topicKey: number;
  readonly partition: number;
  readonly localSequence: number;
}
/** A batch that the edge refused for good. */
interface DeadLetterBatch {
  readonly topic: string;
  readonly partition: number;
  readonly localSequence: number;
  /** As in its receipt. */
  readonly remade?: number;
  readonly count: number;
  readonly error: ErrorBody;
  /** In strict order: it waits, and its partition with it. */
  readonly blocking: boolean;
  readonly buffer: ArrayBuffer;
}
interface OutboxCalls {
  /** Waits until the record is settled, or `timeoutMs` has passed (then `pending`); null: without end. */
  receipt(place: RecordPlace, timeoutMs: number | null): Promise<ReceiptState>;
  /** Of one topic, or of all. Blocking batches first. */
  deadLetters(limit: number, topic: string | null): Promise<DeadLetterBatch[]>;
  /** By any record of each letter. Where the letters stand now; those that were no letters any more are left out. */
  retryDeadLetters(letters: readonly RecordPlace[]): Promise<RecordPlace[]>;
  /** How many there were. */
  discardDeadLetters(letters: readonly RecordPlace[]): Promise<number>;
  /**
   * What is left of the targets when they are settled or `timeoutMs` has passed. Null: all that is stored by now.
   * Answered targets can be asked for again, of another worker too.
   */
  settled(targets: readonly SettleTarget[] | null, timeoutMs: number): Promise<SettleTarget[]>;
  setPaused(paused: boolean): Promise<void>;
  status(): Promise<OutboxStatus>;
  /** A hint of the page (`online`, `visibilitychange`): retry now. */
  hint(): Promise<void>;
}
/** An uncompressed batch, and where each of its records stands in the log. */
interface KeptRecords {
  readonly buffer: ArrayBuffer;
  readonly partitions: Uint16Array;
  readonly offsets: Float64Array;
}
/** One batch of this device that the edge does not hold yet. */
interface PendingRun {
  /** -1: not chosen yet. */
  readonly partition: number;
  readonly localSequence: number;
  readonly count: number;
  readonly buffer: ArrayBuffer;
}
interface TableNews {
  /** Set: what follows is the whole. It names the log: under the same name an offset is the same record as before. */
  readonly reset: string | null;
  readonly kept: readonly KeptRecords[];
  readonly runs: readonly PolledRun[];
  readonly pending: readonly PendingRun[];
  /** Pending records below are committed, among what was handed out, or were refused for good. */
  readonly released: readonly {
    readonly partition: number;
    readonly below: number;
  }[];
  /** With this the page has all that the device has. */
  readonly caughtUp: boolean;
  /** The device has dropped records that the table needs; once the edge has brought them, all is told anew. */
  readonly lacks: boolean;
}
interface TableCalls {
  /** `pending`: with the device's own records that are not synced yet. */
  openTable(topic: string, options: {
    readonly pending: boolean;
  }): Promise<number>;
  /** One at a time; empty after `waitMs`. */
  pollTable(table: number, waitMs: number): Promise<TableNews>;
  closeTable(table: number): Promise<void>;
}
/** What of a topic the device keeps: all limits hold. */
interface Retention {
  /** Age of a record in milliseconds, by its own time. */
  readonly ms?: number;
  /** Per partition. */
  readonly bytes?: number;
  /** Per partition. */
  readonly records?: number;
}
interface TopicCalls {
  /** The count as known on the device; null: not known. `refresh` asks the edge first and creates the topic where it may. */
  partitionCount(topic: string, options: {
    readonly refresh: boolean;
  }): Promise<number | null>;
  /** Null: the edge does not answer, and the device does not know. Makes nothing. */
  topicExists(topic: string): Promise<boolean | null>;
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata>;
  /** Keeps it on the device, whoever consumes it; `retention` null: as it was. */
  follow(topic: string, retention: Retention | null): Promise<void>;
  /** It is pulled no more, until a consumer subscribes to it; what is on the device stays. */
  unfollow(topic: string): Promise<void>;
}
type StateKey = string | number | readonly (string | number)[];
/** What was read of the group's state, and by which transaction it was put; null: nothing stands there. */
interface StateRead {
  readonly value: unknown;
  readonly version: string | null;
}
interface StateChange {
  readonly key: StateKey;
  /** Absent: deleted. */
  readonly put?: {
    readonly value: unknown;
  };
}
interface TransactionCommit {
  readonly topic: string;
  readonly partition: number;
  /** The group's committed offset from which the handler started; null: none. */
  readonly expected: number | null;
  /** Of the run that was handled. */
  readonly joins: number;
  readonly offset: number;
  /** As `HandledTo.readFrom`. */
  readonly readFrom?: number;
  /** Null: nothing is sent. */
  readonly pack: Pack | null;
  readonly changes: readonly StateChange[];
  /** What was read must still stand so. */
  readonly reads: readonly {
    readonly key: StateKey;
    readonly version: string | null;
  }[];
}
/**
 * `fenced`: the group's offset is another one by now, nothing was done and the work is somebody else's. `conflict`: what
 * was read has changed since, nothing was done and the work is to be done again.
 */
type TransactionOutcome = "applied" | "fenced" | "conflict";
interface TransactionCalls {
  readState(consumer: number, key: StateKey): Promise<StateRead>;
  commitTransaction(consumer: number, commit: TransactionCommit): Promise<TransactionOutcome>;
}
interface KnownDevice {
  readonly deviceId: string;
  readonly clientId: string;
  readonly label: string;
  /** As it said last. */
  readonly unsyncedRecords: number;
  readonly firstSeenAt: number;
  /** To an hour. */
  readonly lastSeenAt: number;
}
/** Told to every page of the device's tabs. */
type WorkerEvent =
/** Another tab has signed this device's principal out: this client is closed. */
{
  readonly type: "logged.out";
  readonly discarded: boolean;
} |
/** A tab with a newer version of this site has opened the database: calls reject with `STORE_OUTDATED` until this page is reloaded. What it sent before is safe, and sent on by that tab. */
{
  readonly type: "app.outdated";
} | {
  readonly type: "sync.state";
  readonly online: boolean;
  readonly paused: boolean;
  readonly leader: boolean;
  readonly lastError: SyncError | null;
} |
/** At most ten in a second, and a last one when nothing waits any more. */
({
  readonly type: "sync.progress";
} & SyncProgress) | {
  readonly type: "records.settled";
  readonly topic: string;
  readonly partition: number;
} |
/** Partition counts may have changed: forget what was remembered of them. */
{
  readonly type: "topics.learned";
} | {
  readonly type: "producer.diverged";
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  readonly reason: "diverged" | "forgotten" | "exhausted";
} |
/** In strict order: the edge refused a batch for good, and its partition waits until it is retried or discarded. */
{
  readonly type: "producer.blocked";
  readonly topic: string;
  readonly partition: number;
  /** Of the first record of the batch. */
  readonly receipt: string;
  readonly error: ErrorBody;
} | {
  readonly type: "record.dead";
  readonly topic: string;
  readonly partition: number;
  readonly localSequence: number;
  readonly count: number;
  readonly error: ErrorBody;
} |
/** The origin's storage fills up, or has room again (`ok`). Under `critical` sends wait until something is freed. */
{
  readonly type: "storage.pressure";
  readonly level: "ok" | "pressure" | "critical";
  readonly usageBytes: number;
  readonly quotaBytes: number;
} |
/** The device's database was deleted, by the browser or its user; what was not synced is gone. `since`: when that number was written. */
{
  readonly type: "storage.lost";
  readonly deviceId: string;
  readonly unsyncedRecords: number;
  readonly since: number;
} |
/**
 * This device is new to the edge, and its principal has others that bear its label: one of them may be what this browser
 * was before its storage was cleared. What each has not synced is as it said last.
 */
{
  readonly type: "device.new";
  readonly others: readonly KnownDevice[];
} |
/** There is no IndexedDB here, or it does not open: what is sent lives as long as this tab. */
{
  readonly type: "storage.memory";
  readonly reason: string;
} |
/** Another tab keeps an older version of the database open, and this one waits for it. */
{
  readonly type: "storage.blocked";
} |
/** The edge lets this principal not read the topic. It is asked again, with back-off, for rights may be given. */
{
  readonly type: "topic.refused";
  readonly topic: string;
  readonly error: ErrorBody;
} | {
  readonly type: "log.truncated";
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
} |
/** What the edge stores in `[offset, nextOffset)` is damaged; the replica goes on behind it. */
{
  readonly type: "log.damaged";
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly nextOffset: number;
};
/** What an open worker answers. Each part is one desk of the worker (`client/worker/`). */
interface WorkerCalls extends AppendCalls, ConsumerCalls, TransactionCalls, TableCalls, TopicCalls, AdminCalls, OutboxCalls, DeviceCalls {}
interface Wait {
  /** In milliseconds; 30,000 by default. Past it the call rejects with `REQUEST_TIMED_OUT`: it may or may not have happened. */
  readonly timeout?: number;
  /** Ends the wait: the call rejects with `ABORTED`, whose `cause` is the signal's reason, and may or may not have happened. */
  readonly signal?: AbortSignal;
}
type Listener<Event> = (event: Event) => void;
interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
interface TopicPartitions {
  readonly topic: string;
  /** All, where absent. */
  readonly partitions?: readonly number[];
}
/** One of the two. */
type OneHandler<Config extends RunConfig> = Config & ((Required<Pick<RunConfig, "eachMessage">> & {
  readonly eachBatch?: never;
}) | (Required<Pick<RunConfig, "eachBatch">> & {
  readonly eachMessage?: never;
}));
interface Consumer extends AsyncIterable<ReceivedMessage> {
  /** Names of events, as in KafkaJS: `consumer.on(consumer.events.CRASH, listener)`. */
  readonly events: typeof CONSUMER_EVENTS;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Before `run`. */
  subscribe(subscription: Subscription): Promise<void>;
  /**
   * Resolves when the handlers may be called; it does not wait for them. `signal` stops the consumer. Rejects where it
   * cannot be opened for good; what ends it later is told by `crash` with `restart: false`.
   */
  run(config: OneHandler<RunConfig>): Promise<void>;
  /**
   * Resolves when the handler at work has ended and what was handled is committed. Within a handler it is not to be
   * awaited: that one would wait for itself, and after 30 seconds it rejects. Nothing more is handed out in any case.
   */
  stop(): Promise<void>;
  commitOffsets(offsets: OffsetsInput): Promise<void>;
  /**
   * Its group as the edge has it: as `admin.describeGroups`. `UNSUPPORTED_OPERATION` of a group of this device,
   * `INVALID_ARGUMENT` without a `groupId`.
   */
  describeGroup(options?: Wait): Promise<GroupDescription>;
  /**
   * By `offset` (a number or its digits; -1: the log's end, -2: its start) or by `timestamp` in milliseconds since 1970:
   * the first record of this time or later.
   */
  seek(position: SeekInput): void;
  pause(topics: readonly TopicPartitions[]): void;
  resume(topics: readonly TopicPartitions[]): void;
  paused(): TopicPartitions[];
  /** Runs while it is iterated, as the consumer itself does; ends when `signal` aborts. Throws what ends the consumer for good. */
  messages(options?: {
    readonly signal?: AbortSignal;
  }): AsyncIterableIterator<ReceivedMessage>;
  /** Throws `INVALID_ARGUMENT` for a name that no event has. */
  on<Name extends keyof ConsumerEvents>(event: Name, listener: Listener<ConsumerEvents[Name]>): () => void;
  logger(): Logger;
}
type Described = string | Topic;
/** All of it but what it is of. */
type HowToSubscribe = Pick<Subscription, Exclude<keyof Subscription, "topic" | "topics">>;
/** Patterns where names of whatever topics are allowed. */
type Wanted<From extends Described> = From | (string extends From ? RegExp : never);
type TypedSubscription<From extends Described> = HowToSubscribe & ({
  readonly topic: Wanted<From>;
  readonly topics?: never;
} | {
  readonly topics: readonly Wanted<From>[];
  readonly topic?: never;
}) & {
  /**
   * What becomes of a record that is not as its topic says; the consumer goes on behind it, and it stays in the log.
   * Without this it is told by the event `invalid` and logged.
   */
  readonly onInvalid?: OnInvalid;
};
/** By topic, so that a check of `topic` tells the type of `message`. */
type Named<From extends Described> = From extends Topic<infer Name> ? Name : string;
type TypedMessagePayload<From extends Described> = From extends Described ? Omit<EachMessagePayload, "topic" | "message"> & {
  readonly topic: Named<From>;
  readonly message: MessageOf<From>;
} : never;
type TypedBatch<From extends Described> = From extends Described ? Omit<Batch, "topic" | "messages"> & {
  readonly topic: Named<From>;
  readonly messages: readonly MessageOf<From>[];
} : never;
type TypedBatchPayload<From extends Described> = Omit<EachBatchPayload, "batch"> & {
  readonly batch: TypedBatch<From>;
};
type TypedRunConfig<From extends Described> = Omit<RunConfig, "eachMessage" | "eachBatch"> & ({
  readonly eachMessage: (payload: TypedMessagePayload<From>) => Promise<void> | void;
  readonly eachBatch?: never;
} | {
  readonly eachBatch: (payload: TypedBatchPayload<From>) => Promise<void> | void;
  readonly eachMessage?: never;
});
/**
 * `strandline.consumer<typeof orders>({ groupId })`: subscribes to these topics alone, and each message has its `data`
 * beside its bytes. Of several (`consumer<typeof orders | typeof payments>`) the payload's `topic` tells which it is.
 */
interface TypedConsumer<From extends Described> extends Omit<Consumer, "subscribe" | "run" | "messages" | typeof Symbol.asyncIterator>, AsyncIterable<MessageOf<From>> {
  subscribe(subscription: TypedSubscription<From>): Promise<void>;
  run(config: TypedRunConfig<From>): Promise<void>;
  /** Runs while it is iterated, as the consumer itself does; ends when `signal` aborts. */
  messages(options?: {
    readonly signal?: AbortSignal;
  }): AsyncIterableIterator<MessageOf<From>>;
}
/** A record that stands in the log and is not as its topic says. Its bytes are in `message`. */
interface InvalidRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly message: ReceivedMessage;
  readonly part: RecordPart;
  readonly issues: readonly Issue[];
}
/**
 * Given each invalid record before the records behind it are committed; like a handler it may see one more than once.
 * Where it throws or rejects, the record comes again.
 */
type OnInvalid = (record: InvalidRecord) => void | Promise<void>;
/** KafkaJS's view of a partition. A device knows of no brokers: one leader, number 0, always there. */
interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
  readonly partitionErrorCode: number;
}
type Partitioner = (args: {
  readonly topic: string;
  readonly partitionMetadata: readonly PartitionMetadata[];
  readonly message: Message;
}) => number;
/** Called once per producer. */
type CreatePartitioner = () => Partitioner;
/**
 * KafkaJS's: `producer({ createPartitioner: Partitioners.DefaultPartitioner })`. Kafka's own, murmur2 of the key, which is
 * what a producer without one does. `LegacyPartitioner` hashed otherwise: whoever needs it for an old topic brings it along.
 */
declare const Partitioners: {
  readonly DefaultPartitioner: CreatePartitioner;
  readonly JavaCompatiblePartitioner: CreatePartitioner;
};
/** Values are what `structuredClone` takes, and come back as copies. One state for each group, shared by its tabs. */
interface TransactionState {
  /** Undefined: never put, or deleted. Sees what this handler has put. */
  get<Value = unknown>(key: StateKey): Promise<Value | undefined>;
  put(key: StateKey, value: unknown): void;
  delete(key: StateKey): void;
}
/**
 * Applied when the handler resolves: what it sent and put, and the offset behind what it handled, all or nothing, once.
 * Needs a consumer with a `groupId`. Under `isolation: 'local'` a pending record cannot be handled so, for it has no offset:
 * `tx.send` and `tx.state` throw `INVALID_ARGUMENT` there, and without a `groupId`.
 */
interface Transaction {
  /**
   * Throws where a message is not legal. Of a typed topic it may be a validator that answers later: then the handler has
   * failed with `INVALID_RECORD`.
   */
  send<const To extends string | Topic>(record: TopicMessages<To>): void;
  readonly state: TransactionState;
}
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
interface ConsumerPayloads {
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
  readonly end_batch_process: BatchFacts & {
    readonly duration: number;
  };
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
  readonly heartbeat: GroupMember & {
    readonly groupGenerationId: number;
  };
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
type ConsumerEvents = { readonly [Name in keyof ConsumerPayloads]: ConsumerPayloads[Name] & {
  /** `consumer.fetch` and so on. */
  readonly type: `consumer.${Name}`;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly payload: ConsumerPayloads[Name];
}; };
interface BatchFacts extends TopicPartition {
  readonly highWatermark: number;
  readonly offsetLag: number;
  readonly batchSize: number;
  readonly firstOffset: number | null;
  readonly lastOffset: number | null;
}
type ConsumerEventNames = { readonly [Name in keyof ConsumerPayloads as Uppercase<Name>]: Name; };
/** KafkaJS's names for them. */
declare const CONSUMER_EVENTS: ConsumerEventNames;
interface EachMessagePayload {
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
interface Batch {
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
interface EachBatchPayload {
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
interface RunConfig {
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
interface ConsumerConfig extends GroupConfig {
  /** The consumers of a group share its work. Without it nothing is committed. */
  readonly groupId?: string;
  /**
   * `committed` by default. `local`: right behind the committed records of a partition come this device's own that wait
   * to be synced, with `message.pending` true, `message.offset` -1 and `message.localSequence` as in their receipts,
   * under partition -1 where the topic's are not known yet. Such a record does not come again once it is committed,
   * except after `seek`, in another consumer or a later run. Offsets are committed of committed records alone.
   */
  readonly isolation?: "committed" | "local";
  /** Of one fetch; the page holds two at most, the one at work and the next. 4 MiB by default. A single run of batches may be larger. */
  readonly maxBytes?: number;
  /** Of one batch as `eachBatch` gets it. By default a fair share of `maxBytes`: all of it where one partition alone has records. */
  readonly maxBytesPerPartition?: number;
  /** With less than this a fetch waits `maxWaitTimeInMs`. 1 by default. */
  readonly minBytes?: number;
  /** 5000 by default. */
  readonly maxWaitTimeInMs?: number;
  /** Of values that come in chunks: larger ones are told by `corrupt` and passed by. 64 MiB by default. */
  readonly maxMessageBytes?: number;
}
type Subscription = ({
  readonly topic: string | RegExp;
  readonly topics?: never;
} |
/** A pattern matches the topics that the device knows and those it gets to know. */
{
  readonly topics: readonly (string | RegExp)[];
  readonly topic?: never;
}) & {
  /** Where there is no committed offset. False by default: from the log's end. */
  readonly fromBeginning?: boolean;
  /** `replica` by default: the topic is copied to the device and read there. `none`: read from the edge, nothing is stored. */
  readonly storage?: "replica" | "none";
};
interface WaitOptions {
  /** Ends the wait, not what is waited for: the call rejects with `ABORTED`, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal;
}
/**
 * Kafka's ACLs, in Kafka's words. A principal is `User:` and the name that the token proves, or `User:*` for everybody.
 *
 * Nobody may what no ACL and no credential allows. A deny that matches goes before every allow, those of credentials
 * too. An allow of READ, WRITE, DELETE or ALTER is one of DESCRIBE, one of ALTER_CONFIGS is one of DESCRIBE_CONFIGS.
 *
 * `GET /v1/acls?…filter` lists, `POST /v1/acls` adds, `DELETE /v1/acls?…filter` deletes what the filter means and says
 * what that was. The one who changed them is served by them at once, everybody within 30 s.
 */
type ResourceType = "TOPIC" | "GROUP" | "TRANSACTIONAL_ID" | "CLUSTER";
type PatternType = "LITERAL" | "PREFIXED";
type AclOperation = "ALL" | "READ" | "WRITE" | "CREATE" | "DELETE" | "ALTER" | "DESCRIBE" | "DESCRIBE_CONFIGS" | "ALTER_CONFIGS";
type PermissionType = "ALLOW" | "DENY";
/** What is absent, or ANY, is not asked about. */
interface AclFilter {
  readonly resourceType?: ResourceType | "ANY" | undefined;
  /** The name of the ACL itself; with `patternType` MATCH that of a resource. */
  readonly resourceName?: string | undefined;
  /** MATCH: every ACL that is about the resource: of its name, of a prefix of it, and `*`. */
  readonly patternType?: PatternType | "ANY" | "MATCH" | undefined;
  readonly principal?: string | undefined;
  /** ALL: the ACLs of ALL, and no others. */
  readonly operation?: AclOperation | "ANY" | undefined;
  readonly permissionType?: PermissionType | "ANY" | undefined;
}
interface TopicSpec {
  readonly topic: string;
  /** The broker's default, where absent or -1. */
  readonly numPartitions?: number;
  /** Of KafkaJS: the platform replicates, whatever is said here. */
  readonly replicationFactor?: number;
  readonly configEntries?: readonly {
    readonly name: string;
    readonly value: string;
  }[];
}
interface TopicPartitionCount {
  readonly topic: string;
  /** How many there shall be, not how many more. */
  readonly count: number;
}
interface TopicDescription {
  readonly name: string;
  /** Null: made on this device, not known to an edge. */
  readonly topicId: string | null;
  /** Of KafkaJS, but for the id: there is one broker, 0. */
  readonly partitions: readonly {
    readonly partitionId: number;
    readonly partitionErrorCode: 0;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
  }[];
  readonly config: TopicConfig;
}
/** `[low, high)` is what the partition holds; `offset` is its end, as in KafkaJS. */
interface PartitionOffsets {
  readonly partition: number;
  readonly offset: number;
  readonly low: number;
  readonly high: number;
}
interface ConfigResource {
  /** 2: a topic. */
  readonly type: 2;
  readonly name: string;
  /** All, where absent. */
  readonly configNames?: readonly string[];
}
interface DescribedConfigs {
  readonly resources: readonly {
    readonly errorCode: 0;
    readonly errorMessage: null;
    readonly resourceType: 2;
    readonly resourceName: string;
    readonly configEntries: readonly {
      readonly configName: string;
      readonly configValue: string;
      readonly isDefault: boolean;
      /** Of Kafka: 1 the topic's own, 5 the default. */
      readonly configSource: 1 | 5;
      readonly readOnly: false;
      readonly isSensitive: false;
    }[];
  }[];
  readonly throttleTime: 0;
}
interface AlterConfigs {
  readonly validateOnly?: boolean;
  readonly resources: readonly {
    readonly type: 2;
    readonly name: string;
    /** Null resets to the default; what is not named stays. */
    readonly configEntries: readonly {
      readonly name: string;
      readonly value: string | null;
    }[];
  }[];
}
interface AclEntry {
  readonly resourceType: ResourceType;
  /** `*` with `LITERAL`: every resource of the type. */
  readonly resourceName: string;
  readonly resourcePatternType: PatternType;
  /** `User:` and a name, or `User:*`. */
  readonly principal: string;
  /** `*` alone. */
  readonly host?: string;
  readonly operation: AclOperation;
  readonly permissionType: PermissionType;
}
/** What is absent, or `ANY`, is not asked about. */
type AclEntryFilter = Omit<AclFilter, "patternType"> & {
  readonly resourcePatternType?: AclFilter["patternType"];
  readonly host?: string;
};
interface AclResource extends Pick<AclEntry, "resourceType" | "resourceName" | "resourcePatternType"> {
  readonly acls: readonly Pick<AclEntry, "principal" | "host" | "operation" | "permissionType">[];
}
/**
 * Of the edge where there is one, else of the device. Every call takes `timeout` and `signal`, rejects with the typed
 * error of whoever refused it, and with `NETWORK_EXCEPTION` where the edge is needed and out of reach.
 */
interface Admin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** False where all of them existed. `validateOnly` makes none, and looks at names, counts and what exists. */
  createTopics(options: Wait & {
    readonly topics: readonly TopicSpec[];
    readonly validateOnly?: boolean;
    /** Of KafkaJS: a topic that was made can be used. */
    readonly waitForLeaders?: boolean;
  }): Promise<boolean>;
  /** Their names are free at once. A tab that still sends to one makes it anew where topics are made on demand. */
  deleteTopics(options: Wait & {
    readonly topics: readonly string[];
  }): Promise<void>;
  /** Resolves once the new partitions can be used. Keys go to other partitions then. */
  createPartitions(options: Wait & {
    readonly topicPartitions: readonly TopicPartitionCount[];
    readonly validateOnly?: boolean;
  }): Promise<boolean>;
  /** Offline, those that the device knows. */
  listTopics(options?: Wait): Promise<string[]>;
  /** Without `topics`: all. */
  fetchTopicMetadata(options?: Wait & {
    readonly topics?: readonly string[];
  }): Promise<{
    readonly topics: readonly TopicDescription[];
  }>;
  fetchTopicOffsets(topic: string, options?: Wait): Promise<PartitionOffsets[]>;
  /** Of the first record at or after the time, in milliseconds since 1970; the end of a partition that has none. */
  fetchTopicOffsetsByTimestamp(topic: string, timestamp?: number, options?: Wait): Promise<PartitionPosition[]>;
  describeConfigs(options: Wait & {
    readonly resources: readonly ConfigResource[];
  }): Promise<DescribedConfigs>;
  /** Changes what is named and nothing else, as Kafka's IncrementalAlterConfigs does. */
  alterConfigs(options: Wait & AlterConfigs): Promise<void>;
  /** The partitions begin at these offsets from then on; -1 is the end. */
  deleteTopicRecords(options: Wait & {
    readonly topic: string;
    readonly partitions: readonly PositionInput[];
  }): Promise<void>;
  /** The edge is one broker, 0; a device alone is none. `clusterId` is the namespace. */
  describeCluster(options?: Wait): Promise<{
    readonly brokers: readonly {
      readonly nodeId: number;
      readonly host: string;
      readonly port: number;
    }[];
    readonly controller: number | null;
    readonly clusterId: string;
  }>;
  createAcls(options: Wait & {
    readonly acl: readonly AclEntry[];
  }): Promise<boolean>;
  describeAcls(options: Wait & AclEntryFilter): Promise<{
    readonly resources: readonly AclResource[];
  }>;
  deleteAcls(options: Wait & {
    readonly filters: readonly AclEntryFilter[];
  }): Promise<{
    readonly filterResponses: readonly {
      readonly errorCode: 0;
      readonly matchingAcls: readonly AclEntry[];
    }[];
  }>;
  /** Those that may be described; of the device those that have committed, once and since. */
  listGroups(options?: Wait & OfCoordinator): Promise<{
    readonly groups: readonly GroupOverview[];
  }>;
  /** Of groups at the edge, as the next one: `UNSUPPORTED_OPERATION` of those of a device. */
  describeGroups(groupIds: readonly string[], options?: Wait & OfCoordinator): Promise<{
    readonly groups: readonly GroupDescription[];
  }>;
  /** With their offsets, while they have no member. Rejects with a `DeleteGroupsError` where not all were deleted. */
  deleteGroups(groupIds: readonly string[], options?: Wait & OfCoordinator): Promise<DeletedGroup[]>;
  fetchOffsets(options: Wait & FetchOffsets): Promise<GroupOffsets[]>;
  /** Of a group none of whose consumers runs: else `NON_EMPTY_GROUP`. */
  setOffsets(options: Wait & GroupPositions): Promise<void>;
  /**
   * KafkaJS's: of one topic, to the end of its log, or with `earliest` to its start. Or `to` what it says: also a time, a
   * shift by so many records, or stated offsets, of many topics. As `setOffsets`. Rejects with a `ResetOffsetsError` where
   * partitions refuse; the others are reset.
   */
  resetOffsets(options: Wait & OffsetsReset): Promise<ResetOffset[]>;
  /** How far it is behind, partition by partition. `GROUP_ID_NOT_FOUND` */
  lag(groupId: string, options?: Wait & OfCoordinator): Promise<GroupLag>;
}
interface SyncedRecord {
  readonly topic: string;
  readonly partition: number;
  /** Null: held by the edge, whose answer is no longer remembered here. */
  readonly offset: number | null;
}
interface Receipt extends RecordPlace {
  readonly id: string;
  /** Resolves when the edge holds the record; rejects with `GIVEN_UP` where it refused it for good. Waits as long as it takes. */
  readonly synced: Promise<SyncedRecord>;
  /** `synced`, as long as the signal lets it: then `ABORTED`, and the record is sent all the same. */
  whenSynced(options?: WaitOptions): Promise<SyncedRecord>;
  /** Where the record stands now. */
  state(options?: WaitOptions): Promise<ReceiptState>;
}
/** Records that the edge refused for good, in one batch. They have no offset: `offset` counts within the batch. */
interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  /** Of the first record. */
  readonly receipt: string;
  readonly error: ErrorBody;
  /** The topic is in strict order: the batch still waits, and all of its partition behind it. */
  readonly blocking: boolean;
  readonly messages: readonly ReceivedMessage[];
}
/** A letter, or any record of one: by its receipt, or the receipt's id. */
type LetterChoice = DeadLetter | Receipt | string;
interface DeadLetters {
  /** Blocking ones first, then by topic and partition, oldest first. `limit` is of letters, 1,000 by default. */
  list(options?: {
    readonly limit?: number;
    readonly topic?: string;
  } & WaitOptions): Promise<DeadLetter[]>;
  /**
   * Sends them again, key, value, headers and timestamp as they were, at the end of their partitions; the letters are
   * gone with that, in one transaction each, and their old receipts lead to the new records. A blocking letter is
   * tried where it stands. A letter is sent again as a whole. Answers the receipts of their first records; what was no
   * letter any more is left out.
   */
  retry(letters: LetterChoice | readonly LetterChoice[], options?: WaitOptions): Promise<Receipt[]>;
  /**
   * Gives them up for good, how many there were; a blocking one is left out of its partition, which goes on
   * once the edge was told. Until then its receipt waits, for a copy of the request may be under way: had it landed before
   * the edge was told, the receipt says where.
   */
  discard(letters: LetterChoice | readonly LetterChoice[], options?: WaitOptions): Promise<number>;
}
interface FlushOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; without it, as long as it takes. */
  readonly timeout?: number;
}
/** Of the disk. */
interface DeviceStorage {
  /** Asks the browser not to evict this origin by itself. Firefox asks its user. False: it does not promise to. */
  persist(options?: WaitOptions): Promise<boolean>;
  estimate(options?: WaitOptions): Promise<StorageReport>;
}
interface FollowOptions extends WaitOptions {
  /** What of the topic the device keeps at most. */
  readonly retention?: Retention;
}
/** Of sync with the edge. */
interface Sync {
  pause(options?: WaitOptions): Promise<void>;
  resume(options?: WaitOptions): Promise<void>;
  status(options?: WaitOptions): Promise<OutboxStatus>;
  /**
   * Resolves when all that was stored on this device before the call, in any tab, is committed or a dead letter.
   * `NOT_SYNCED_YET` at its timeout, `ABORTED` by its signal; both change nothing of what waits.
   */
  flush(options?: FlushOptions): Promise<void>;
}
/** By the `type` of the worker's events, and what the page itself has to tell. */
type StrandlineEvents = { readonly [Type in WorkerEvent["type"]]: Extract<WorkerEvent, {
  readonly type: Type;
}>; } & {
  /** The worker ended; outstanding calls were rejected, and the next call opens another. */
  readonly "worker.died": {
    readonly type: "worker.died";
  };
  /** A send with `acks: 0` was not stored. */
  readonly "send.failed": {
    readonly type: "send.failed";
    readonly error: unknown;
  };
};
interface ProducerOptions {
  readonly createPartitioner?: CreatePartitioner;
  /** Milliseconds that a send waits for others, which then share its batches; 0 by default: those of the same microtask do. */
  readonly linger?: number;
  /** The largest value; above a batch's 1 MiB it is sent in chunks (`docs/chunking.md`). 64 MiB by default. */
  readonly maxMessageBytes?: number;
  /**
   * False: a send to a topic that does not exist is refused with `UNKNOWN_TOPIC_OR_PARTITION`, where the edge answers;
   * offline it is accepted, and the topic is made when the record is sent. True by default.
   */
  readonly allowAutoTopicCreation?: boolean;
  /** Milliseconds after which a topic that is sent to is asked about again, for partitions that came; 300,000 by default. */
  readonly metadataMaxAge?: number;
  /** Always true: no retry makes a duplicate. */
  readonly idempotent?: true;
  /** Any number above 0: order and the absence of duplicates do not hang on it, and there are never more than two. */
  readonly maxInFlightRequests?: number | null;
  /**
   * As in KafkaJS, and without effect: a send does not fail for want of the edge. The device tries on for as long as it
   * takes, in the pace of the client's own `retry`.
   */
  readonly retry?: {
    readonly initialRetryTime?: number;
    readonly maxRetryTime?: number;
    readonly retries?: number;
  };
  /** Refused: there are no transactions yet. */
  readonly transactionalId?: never;
}
/** The records of one send in one partition. */
interface RecordMetadata {
  readonly topicName: string;
  /** -1: the partition is chosen, by key, once the device knows the topic. */
  readonly partition: number;
  readonly errorCode: 0;
  /** Of the first record; the others follow it without a gap. */
  readonly localSequence: number;
  readonly count: number;
  /** Of the first record. Undefined with `acks: 1` where the edge will give it. */
  readonly baseOffset: number | undefined;
  /** Of the first record. */
  readonly receipt: Receipt;
  /** Of the record at `index`, from 0 to `count - 1`, in the order in which they were given. */
  readonly receiptOf: (index: number) => Receipt;
}
interface ProducerEvents {
  readonly connect: undefined;
  readonly disconnect: undefined;
}
interface Producer {
  /** Names of events, as in KafkaJS: `producer.on(producer.events.CONNECT, listener)`. */
  readonly events: {
    readonly CONNECT: "connect";
    readonly DISCONNECT: "disconnect";
  };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** To a topic by its name, or to a typed one, whose types the messages have then. */
  send<const To extends string | Topic>(record: ProducerRecord<To>): Promise<RecordMetadata[]>;
  /** All or nothing. */
  sendBatch<const All extends readonly (string | Topic)[]>(batch: ProducerBatch<All>): Promise<RecordMetadata[]>;
  /**
   * Ends `linger`, and resolves when every send so far was answered: stored on the device, or refused.
   * `REQUEST_TIMED_OUT` at its timeout, `ABORTED` by its signal. For the edge: `strandline.sync.flush()`.
   */
  flush(options?: FlushOptions): Promise<void>;
  /** Throws `INVALID_ARGUMENT` for a name that no event has. */
  on<Name extends keyof ProducerEvents>(event: Name, listener: Listener<ProducerEvents[Name]>): () => void;
  logger(): Logger;
}
interface TableChange<Value> {
  readonly key: string;
  /** Undefined: the key is gone. */
  readonly value: Value | undefined;
}
/** Of a topic whose values know how they are read. */
interface DecodedTopic<Value> {
  readonly name: string;
  readonly decode?: (message: ReceivedMessage) => Value;
}
interface TableOptions<Value> {
  /** `local` (default): with what this device has sent and the edge does not hold yet. `committed`: without. */
  readonly isolation?: "local" | "committed";
  /** By default JSON where the record's content-type says so, and else the value as text. */
  readonly decode?: (message: ReceivedMessage) => Value;
  /** Told of values that cannot be decoded. Their keys have no value meanwhile. */
  readonly onInvalid?: (message: ReceivedMessage, error: unknown) => void;
}
interface TableEntriesOptions extends WaitOptions {
  readonly prefix?: string;
  readonly limit?: number;
}
/**
 * Keys are text; one that is no UTF-8 is U+DFFF followed by one character for each byte. Values are shared with all who
 * ask: do not change them. Records without a key are in no table.
 */
interface Table<Value> {
  readonly topic: string;
  /** Resolves when all that this device holds of the topic is in the table; rejects where the topic cannot be opened. */
  readonly ready: Promise<void>;
  /** `ready`, and `complete`, as long as the signal lets them: then `ABORTED`, and the table goes on. */
  whenReady(options?: WaitOptions): Promise<void>;
  whenComplete(options?: WaitOptions): Promise<void>;
  /**
   * False before `ready`, and as long as the table lacks records that this device has dropped, by retention or for want
   * of room: they are fetched from the edge again, at once or when it can be reached.
   */
  readonly isComplete: boolean;
  /** Resolves once `isComplete` has been true; rejects as `ready` does, and with `CLOSED` where the table is closed before. */
  readonly complete: Promise<void>;
  /** Undefined: no record has the key, or the last one is a tombstone. Waits until the table is ready, as all but `snapshot`. */
  get(key: string | Uint8Array, options?: WaitOptions): Promise<Value | undefined>;
  /** In the order of their keys. */
  entries(options?: TableEntriesOptions): Promise<[string, Value][]>;
  size(options?: WaitOptions): Promise<number>;
  /** Told after each change. Returns the way to stop. */
  subscribe(listener: (changes: readonly TableChange<Value>[]) => void): () => void;
  /** The same object until something changes; null until the table is ready. */
  snapshot(): ReadonlyMap<string, Value> | null;
  close(): Promise<void>;
}
interface WorkerLine {
  /** `deadlineMs` null: as long as it takes. `generation` tells on which worker the call was made. */
  call<Result>(ask: (api: WorkerCalls, generation: number) => Promise<Result>, deadlineMs: number | null): Promise<Result>;
  /** The pack's buffer is given away. */
  append(pack: Pack, deadlineMs: number): Promise<PartAck[]>;
  /** Only where a worker is open: hints wake nobody. */
  hint(): void;
  /** The page is put aside whole, or is back: what it holds of the device is let go meanwhile. */
  park(parked: boolean): void;
  close(): Promise<void>;
}
interface LineParts {
  readonly options: WorkerOptions;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Null: the edge's doors are open. */
  readonly askToken: (() => Promise<string>) | null;
  readonly onDeath: () => void;
}
/** Opens nothing yet: the first call does. */
type MakeLine = (parts: LineParts) => WorkerLine;
/** `Strandline` of each entry is one of these: what takes a client takes any of them. */
declare class StrandlineClient {
  #private;
  /** Where groups are of which nothing else is said. */
  protected readonly coordinator: "device" | "edge";
  readonly storage: DeviceStorage;
  readonly sync: Sync;
  /** What the edge refused for good. */
  readonly deadLetters: DeadLetters;
  constructor(options: StrandlineOptions, makeLine: MakeLine);
  producer(options?: ProducerOptions): Producer;
  consumer(config?: ConsumerConfig): Consumer;
  /** Of typed topics: `consumer<typeof orders>({ groupId })`. */
  consumer<From extends string | Topic>(config?: ConsumerConfig): TypedConsumer<From>;
  /**
   * Keeps a topic on the device for offline use, with no consumer of it. `retention`: what of it the device keeps at most;
   * left out: as it was said before, at first all that the edge has. What is not synced is kept in any case.
   */
  follow(topic: string, { retention, ...wait }?: FollowOptions): Promise<void>;
  /** The device's copy of the topic grows no more, until a consumer subscribes to it or it is followed again. */
  unfollow(topic: string, wait?: WaitOptions): Promise<void>;
  /**
   * The latest value of each key of the topic, which is followed from now on. Open until it or the client is closed.
   * Throws `INVALID_TOPIC_EXCEPTION`.
   */
  table<Value = unknown>(topic: string | DecodedTopic<Value>, options?: TableOptions<Value>): Table<Value>;
  admin(): Admin;
  /** Of a record that was sent from this device, in this session or an earlier one: `orders-3~57`. */
  receipt(id: string): Receipt;
  on<Name extends keyof StrandlineEvents>(event: Name, listener: Listener<StrandlineEvents[Name]>): () => void;
  /** Ends the worker. What is stored stays, and is sent on by another tab or the next start. */
  close(): Promise<void>;
  /**
   * Signs the principal out of this device, in every tab; this client is closed after it. What is not synced yet waits in
   * the principal's own database until somebody signs in as them again, or, with `discard`, is deleted with all else the
   * database holds. Answers how many records that are: ask `sync.status()` first where nothing may be lost.
   * Rejects with `STORE_FAILED` where another tab keeps the database open: nothing is lost then.
   */
  logout(how: {
    readonly discard: boolean;
  }): Promise<{
    readonly unsyncedRecords: number;
  }>;
  /**
   * Ends the device in every tab and deletes all that stands of it here, synced or not: its database, the note of it
   * outside of IndexedDB, its entry among the principal's devices at the edge where that can be reached. This client is
   * closed after it. Answers how many records were not synced.
   * Rejects with `STORE_FAILED` where another tab keeps the database open: nothing is lost then.
   */
  destroy(): Promise<{
    readonly unsyncedRecords: number;
  }>;
}
interface TopicFormats<Key, Value, Headers, Tombstones> {
  /** A schema of its text, or a serde. */
  readonly key?: Key;
  /** A schema of its JSON, or a serde. */
  readonly value?: Value;
  /** A schema of their texts by name (an array where a name comes more than once), `content-type` left out. */
  readonly headers?: Headers;
  /** True: a value may be null, a tombstone, which no format is asked about. Else null is what the schema takes it for. */
  readonly tombstones?: Tombstones;
}
/**
 * A topic with types, for `producer.send({ topic: orders, messages })`, `consumer<typeof orders>()` and
 * `subscribe({ topic: orders })`:
 *
 *     const orders = topic("orders", { value: z.object({ item: z.string(), amount: z.number() }) });
 *
 * A format is any Standard Schema validator (zod, valibot, arktype), synchronous or not, or a serde.
 *
 * What is sent is checked as its reader will see it: a value as the JSON that it becomes, a key as its text. That JSON
 * is what is stored, not what the schema makes of it, so that every reader's schema starts from the same: transforms,
 * defaults and coercions are applied where a record is read. `send` takes the schema's input and a consumer is given its
 * output. What does not pass is refused by `send` with `INVALID_RECORD`, whose `cause` is the list of issues, and nothing
 * of that send is stored.
 */
declare function topic$1<const Name extends string, Key extends Format | undefined, Value extends Format | undefined, Headers extends Schema | undefined, const Tombstones extends boolean = false>(name: Name, formats?: TopicFormats<Key, Value, Headers, Tombstones>): Topic<Name, InputParts<Key, Value, Headers, Tombstones extends true ? null : never>, OutputParts<Key, Value, Headers, Tombstones extends true ? null : never>>;
/** Without `url` the process is its own broker, until it ends. */
type HttpOptions = Omit<StrandlineOptions, "worker" | "database">;
interface CloseOptions {
  /** False: what is not synced is given up. True by default. */
  readonly flush?: boolean;
  /** How long to wait for what is not synced, in milliseconds; 30,000 by default. */
  readonly timeout?: number;
}
declare class Strandline extends StrandlineClient {
  #private;
  protected readonly coordinator: "device" | "edge";
  /** Opens nothing: safe at the top of a module. Throws `INVALID_ARGUMENT` or `INVALID_PARTITIONS` for options that are wrong. */
  constructor(options?: HttpOptions);
  /**
   * As in a browser, but for `coordinator`: a group of a server is shared with all other processes and devices, `"edge"` by
   * default where there is a `url`. Handlers that use `tx` say `"device"`.
   */
  consumer(config?: ConsumerConfig): Consumer;
  consumer<From extends string | Topic>(config?: ConsumerConfig): TypedConsumer<From>;
  /**
   * Resolves when the edge holds, or has refused for good, every record whose `send` has resolved, and all is ended. Rejects
   * with `REQUEST_TIMED_OUT` and `unsyncedRecords` where that takes longer than `timeout`; the client is closed all the same.
   */
  close(options?: CloseOptions): Promise<void>;
  /** As `close`: in memory nothing waits for the principal to come back. `discard` gives up what is not synced, and answers how much. */
  logout({ discard }: {
    readonly discard: boolean;
  }): Promise<{
    readonly unsyncedRecords: number;
  }>;
}
export { CloseOptions, type CompressionType, CompressionTypes, ERRORS, type ErrorBody, type ErrorCode, type ErrorDetails, HttpOptions, type LogCreator, type LogEntry, type LogLevel, type MessageFor, type MessageOf, Partitioners, Strandline, StrandlineError, type Topic, type TopicFormats, type TypedMessage, logLevel, topic$1 as topic };
//# sourceMappingURL=http.d.ts.map
import { ReactNode } from "react";
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
  readonly NETWORK_EXCEPTION: {
    readonly errno: 13;
    readonly retriable: true;
    readonly sentence: "The edge could not be reached, or the connection broke.";
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
  readonly UNSUPPORTED_COMPRESSION_TYPE: {
    readonly errno: 76;
    readonly retriable: false;
    readonly sentence: "The records are compressed in a way that cannot be opened here.";
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
/** Where a record stands on the device that sent it. */
interface RecordPlace {
  readonly topic: string;
  /** -1: the topic's partitions were not known when the record was stored. */
  readonly partition: number;
  readonly localSequence: number;
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
interface OutboxStatus extends SyncProgress {
  /** Records. */
  readonly deadLetters: number;
  readonly online: boolean;
  readonly paused: boolean;
  readonly leader: boolean;
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
  readonly count: number;
  readonly error: ErrorBody;
  /** In strict order: it waits, and its partition with it. */
  readonly blocking: boolean;
  readonly buffer: ArrayBuffer;
}
interface OutboxCalls {
  /** Waits until the record is settled, or `timeoutMs` has passed (then `pending`); null: without end. */
  receipt(topic: string, partition: number, localSequence: number, timeoutMs: number | null): Promise<ReceiptState>;
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
interface HeaderView {
  readonly key: string;
  readonly value: Uint8Array | null;
}
/** What comes out of a batch: bytes are views into it. */
interface RecordView {
  readonly offset: number;
  readonly timestamp: number;
  /** Kafka's record attributes: unused so far, kept as they are. */
  readonly attributes: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** Decoded when asked for. */
  readonly headers: readonly HeaderView[];
}
type ReceivedHeader = Uint8Array | null;
declare class ReceivedMessage {
  #private;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** As in KafkaJS; Kafka has no use for it yet. */
  readonly attributes: number;
  readonly key: Uint8Array | null;
  constructor(topic: string, partition: number, record: RecordView);
  /** Null: a tombstone. */
  get value(): Uint8Array | null;
  /** Of the last chunk of a message: it becomes the message. */
  become(value: Uint8Array, headers: readonly (readonly [string, ReceivedHeader | readonly ReceivedHeader[]])[]): void;
  /** As in KafkaJS: an array where a name comes more than once. */
  get headers(): Readonly<Record<string, ReceivedHeader | readonly ReceivedHeader[]>>;
  /** The value as text; null for a tombstone. */
  text(): string | null;
  /** The value as JSON; null for a tombstone. What it is, the caller knows: nothing checks it. */
  json<Value = unknown>(): Value;
}
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
declare const brand: unique symbol;
type Brand<T, Name extends string> = T & {
  readonly [brand]: Name;
};
/** A UUID in its usual text form, lower case. */
type TopicId = Brand<string, "TopicId">;
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
}
interface AppendCalls {
  /** All or nothing; one answer per part. */
  append(pack: Pack): Promise<PartAck[]>;
}
/** A consumer is open on one worker; records come back as whole batches in transferred buffers. */
interface TopicPartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
interface ConsumerOptions {
  /** Null: no group; nothing is committed. */
  readonly groupId: string | null;
  readonly topics: readonly {
    readonly name: string;
    readonly fromBeginning: boolean;
  }[];
}
interface PollOptions {
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
interface PolledRun {
  readonly topic: string;
  readonly partition: number;
  readonly buffer: ArrayBuffer;
  /** Skip records below `from`, stop at `to`. */
  readonly from: number;
  readonly to: number;
  readonly highWatermark: number;
}
interface ConsumerCalls {
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
   * The page is parked where the browser may restore it from (its back/forward cache), or is back. Parked, its tab neither
   * leads nor has a group's turn: it stands still, for how long nobody knows.
   */
  park(parked: boolean): Promise<void>;
  close(): Promise<void>;
}
interface TopicCalls {
  /** The count as known on the device; null: not known. `refresh` asks the edge first and creates the topic where it may. */
  partitionCount(topic: string, options: {
    readonly refresh: boolean;
  }): Promise<number | null>;
  /** Null: the edge does not answer, and the device does not know. Makes nothing. */
  topicExists(topic: string): Promise<boolean | null>;
  createTopic(name: string, partitionCount: number | null, config: TopicConfig): Promise<TopicMetadata>;
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
  readonly lastError: ErrorBody | null;
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
interface WorkerCalls extends AppendCalls, ConsumerCalls, TopicCalls, AdminCalls, OutboxCalls, DeviceCalls {}
/** Typed events. A listener that throws does not keep the others from hearing. */
type Listener<Event> = (event: Event) => void;
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
/** What is wrong with a key, a value or its headers. */
interface Issue {
  /** `items.0.price`; empty: the whole. */
  readonly path: string;
  readonly message: string;
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
type Described = string | Topic;
/** All of it but what it is of. */
type HowToSubscribe = Pick<Subscription, Exclude<keyof Subscription, "topic" | "topics">>;
type TypedSubscription<From extends Described> = HowToSubscribe & ({
  readonly topic: From;
  readonly topics?: never;
} | {
  readonly topics: readonly From[];
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
interface TypedConsumer<From extends Described> extends Omit<Consumer, "subscribe" | "run" | typeof Symbol.asyncIterator>, AsyncIterable<MessageOf<From>> {
  subscribe(subscription: TypedSubscription<From>): Promise<void>;
  run(config: TypedRunConfig<From>): Promise<void>;
}
interface ConsumerConfig {
  /** The tabs of one browser share a group's work by turns. Without it nothing is committed. */
  readonly groupId?: string;
  /** Of values that come in chunks: larger ones are told by `corrupt` and passed by. 64 MiB by default. */
  readonly maxMessageBytes?: number;
}
interface TopicPartitions {
  readonly topic: string;
  /** All, where absent. */
  readonly partitions?: readonly number[];
}
type Subscription = ({
  readonly topic: string;
  readonly topics?: never;
} | {
  readonly topics: readonly string[];
  readonly topic?: never;
}) & {
  readonly fromBeginning?: boolean;
};
/** One of the two. */
type OneHandler<Config extends RunConfig> = Config & ((Required<Pick<RunConfig, "eachMessage">> & {
  readonly eachBatch?: never;
}) | (Required<Pick<RunConfig, "eachBatch">> & {
  readonly eachMessage?: never;
}));
interface Consumer extends AsyncIterable<ReceivedMessage> {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Before `run`. */
  subscribe(subscription: Subscription): Promise<void>;
  /** Resolves when the handlers may be called; it does not wait for them. */
  run(config: OneHandler<RunConfig>): Promise<void>;
  stop(): Promise<void>;
  commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void>;
  seek(position: TopicPartitionOffset): void;
  pause(topics: readonly TopicPartitions[]): void;
  resume(topics: readonly TopicPartitions[]): void;
  paused(): TopicPartitions[];
  on<Name extends keyof ConsumerEvents>(event: Name, listener: Listener<ConsumerEvents[Name]>): () => void;
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
interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
interface ConsumerEvents {
  readonly connect: undefined;
  readonly disconnect: undefined;
  readonly stop: undefined;
  readonly fetch: {
    readonly partitions: number;
    readonly bytes: number;
  };
  readonly commit_offsets: {
    readonly offsets: readonly TopicPartitionOffset[];
  };
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
interface EachMessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: ReceivedMessage;
  /** Of KafkaJS: the worker keeps the consumer alive. */
  readonly heartbeat: () => Promise<void>;
  /** Pauses the partition; returns the way to resume it. */
  readonly pause: () => () => void;
}
interface Batch {
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
interface EachBatchPayload {
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
interface RunConfig {
  readonly eachMessage?: (payload: EachMessagePayload) => Promise<void> | void;
  readonly eachBatch?: (payload: EachBatchPayload) => Promise<void> | void;
  /** True by default: what was handled is committed with the next poll. */
  readonly autoCommit?: boolean;
  /** True by default: a batch counts as handled when its handler resolves. */
  readonly eachBatchAutoResolve?: boolean;
  /** 1 by default. */
  readonly partitionsConsumedConcurrently?: number;
}
interface Wait {
  /** In milliseconds; 30,000 by default. Past it the call rejects with `REQUEST_TIMED_OUT`: it may or may not have happened. */
  readonly timeout?: number;
  /** Ends the wait: the call rejects with the signal's reason, and may or may not have happened. */
  readonly signal?: AbortSignal;
}
interface GroupPositions {
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: readonly PartitionPosition[];
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
interface GroupOffsets {
  readonly topic: string;
  /** `offset` -1: nothing was committed. */
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: number;
    readonly metadata: null;
  }[];
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
    readonly partitions: readonly PartitionPosition[];
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
  /** Of a group of this device. Without `topics`: those in which it has committed. */
  fetchOffsets(options: Wait & {
    readonly groupId: string;
    readonly topics?: readonly string[];
  }): Promise<GroupOffsets[]>;
  /** Of a group of this device, none of whose consumers runs in any tab: else `NON_EMPTY_GROUP`. */
  setOffsets(options: Wait & GroupPositions): Promise<void>;
  /** To the end of the log, or with `earliest` to its start. As `setOffsets`. */
  resetOffsets(options: Wait & {
    readonly groupId: string;
    readonly topic: string;
    readonly earliest?: boolean;
  }): Promise<void>;
  /** Rejects with `UNSUPPORTED_OPERATION`, as the next two: groups of a device are known by their offsets alone. */
  listGroups(): Promise<never>;
  describeGroups(groupIds: readonly string[]): Promise<never>;
  deleteGroups(groupIds: readonly string[]): Promise<never>;
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
  /** Where the record stands now. */
  state(): Promise<ReceiptState>;
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
  }): Promise<DeadLetter[]>;
  /**
   * Sends them again, key, value, headers and timestamp as they were, at the end of their partitions; the letters are
   * gone with that, in one transaction each, and their old receipts lead to the new records. A blocking letter is
   * tried where it stands. A letter is sent again as a whole. Answers the receipts of their first records; what was no
   * letter any more is left out.
   */
  retry(letters: LetterChoice | readonly LetterChoice[]): Promise<Receipt[]>;
  /** Gives them up for good, how many there were; a blocking one is left out of its partition, which goes on. */
  discard(letters: LetterChoice | readonly LetterChoice[]): Promise<number>;
}
interface FlushOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; without it, as long as it takes. */
  readonly timeout?: number;
}
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
  on<Name extends keyof ProducerEvents>(event: Name, listener: Listener<ProducerEvents[Name]>): () => void;
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
/** `Strandline` of each entry is one of these: what takes a client takes any of them. */
declare class StrandlineClient {
  #private;
  /** Of the disk. */
  readonly storage: {
    /** Asks the browser not to evict this origin by itself. Firefox asks its user. False: it does not promise to. */
    persist(): Promise<boolean>;
    estimate(): Promise<StorageReport>;
  };
  /** Of sync with the edge. */
  readonly sync: {
    pause(): Promise<void>;
    resume(): Promise<void>;
    status(): Promise<OutboxStatus>;
    /**
     * Resolves when all that was stored on this device before the call, in any tab, is committed or a dead letter.
     * `NOT_SYNCED_YET` at its timeout, `ABORTED` by its signal; both change nothing of what waits.
     */
    flush(options?: FlushOptions): Promise<void>;
  };
  /** What the edge refused for good. */
  readonly deadLetters: DeadLetters;
  constructor(options: StrandlineOptions, makeLine: MakeLine);
  producer(options?: ProducerOptions): Producer;
  consumer(config?: ConsumerConfig): Consumer;
  /** Of typed topics: `consumer<typeof orders>({ groupId })`. */
  consumer<From extends string | Topic>(config?: ConsumerConfig): TypedConsumer<From>;
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
  logout({ discard }: {
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
interface UseTopicOptions {
  /** The latest so many records are kept; 100 by default. */
  readonly limit?: number;
  readonly fromBeginning?: boolean;
}
/** What `strandline.table(topic)` answers, as far as it is needed here. */
interface TableLike<Snapshot> {
  /** Rejects where the table cannot be read. */
  readonly ready?: Promise<void>;
  /** Returns the way to stop listening. */
  subscribe(listener: () => void): () => void;
  /** The same object until something changed. */
  snapshot(): Snapshot;
  close?(): Promise<void>;
}
/** What opens tables: a `Strandline`. */
interface TableOpener<Topic, Snapshot> {
  table(topic: Topic): TableLike<Snapshot>;
}
declare function StrandlineProvider(props: {
  readonly client: StrandlineClient;
  readonly children?: ReactNode;
}): ReactNode;
/** The client of the nearest `StrandlineProvider`. */
declare function useStrandline(): StrandlineClient;
/**
 * The latest records of a topic, in the order in which they came. Begins with those that come from now on, or with the
 * first. Throws, to the nearest error boundary, where the topic cannot be read.
 */
declare function useTopic(client: StrandlineClient, topic: string, { limit, fromBeginning }?: UseTopicOptions): readonly ReceivedMessage[];
/**
 * The snapshot of a table that you have opened, or of the topic's, which is opened while the component is shown. Null until it
 * is known. Throws, to the nearest error boundary, where the table cannot be read.
 */
declare function useTable<Snapshot>(table: TableLike<Snapshot>): Snapshot | null;
declare function useTable<Topic, Snapshot>(client: TableOpener<Topic, Snapshot>, topic: Topic): Snapshot | null;
/** Null until it is known. */
declare function useSyncStatus(client: StrandlineClient): OutboxStatus | null;
export { StrandlineProvider, TableLike, TableOpener, UseTopicOptions, useStrandline, useSyncStatus, useTable, useTopic };
//# sourceMappingURL=react.d.ts.map
/**
 * Every error that Strandline answers with. Codes and numbers up to 10,000 are Kafka's (`Errors.java`), ours
 * continue above. Retriability is a column of this table, never a guess: a retriable error can succeed when
 * the very same request is sent again, unchanged.
 */
export const ERRORS = {
  UNKNOWN_SERVER_ERROR: { errno: -1, retriable: true, sentence: "The server failed in a way it did not expect." },
  OFFSET_OUT_OF_RANGE: { errno: 1, retriable: false, sentence: "The offset is not within the log of this partition." },
  CORRUPT_MESSAGE: { errno: 2, retriable: false, sentence: "The record batch is damaged." },
  UNKNOWN_TOPIC_OR_PARTITION: { errno: 3, retriable: true, sentence: "The topic or the partition does not exist." },
  REQUEST_TIMED_OUT: {
    errno: 7,
    retriable: true,
    sentence: "The request did not finish in its time; it may or may not have happened.",
  },
  MESSAGE_TOO_LARGE: { errno: 10, retriable: false, sentence: "The record is larger than its limit." },
  OFFSET_METADATA_TOO_LARGE: { errno: 12, retriable: false, sentence: "The metadata of the offset is too long." },
  NETWORK_EXCEPTION: {
    errno: 13,
    retriable: true,
    sentence: "The edge could not be reached, or the connection broke.",
  },
  COORDINATOR_NOT_AVAILABLE: {
    errno: 15,
    retriable: true,
    sentence: "The coordinator of the group cannot be reached at the moment.",
  },
  INVALID_TOPIC_EXCEPTION: { errno: 17, retriable: false, sentence: "The topic name is not legal." },
  RECORD_LIST_TOO_LARGE: { errno: 18, retriable: false, sentence: "The run of batches is larger than its limit." },
  INVALID_REQUIRED_ACKS: { errno: 21, retriable: false, sentence: "acks must be 0, 1 or -1." },
  ILLEGAL_GENERATION: {
    errno: 22,
    retriable: false,
    sentence: "The consumer's turn in its group is over; another one has it.",
  },
  INVALID_GROUP_ID: { errno: 24, retriable: false, sentence: "The name of the group is not legal." },
  UNKNOWN_MEMBER_ID: {
    errno: 25,
    retriable: false,
    sentence: "The group has no such member: it joins again, under a new name.",
  },
  INVALID_SESSION_TIMEOUT: { errno: 26, retriable: false, sentence: "The session timeout is not within its bounds." },
  TOPIC_AUTHORIZATION_FAILED: {
    errno: 29,
    retriable: false,
    sentence: "The principal may not do this with this topic.",
  },
  GROUP_AUTHORIZATION_FAILED: {
    errno: 30,
    retriable: false,
    sentence: "The principal may not do this with this group.",
  },
  CLUSTER_AUTHORIZATION_FAILED: { errno: 31, retriable: false, sentence: "The principal may not do this." },
  INVALID_TIMESTAMP: { errno: 32, retriable: false, sentence: "The timestamp is not a time in milliseconds." },
  TOPIC_ALREADY_EXISTS: { errno: 36, retriable: false, sentence: "A topic of this name exists." },
  INVALID_PARTITIONS: { errno: 37, retriable: false, sentence: "The number of partitions is not legal." },
  INVALID_CONFIG: { errno: 40, retriable: false, sentence: "The configuration is not legal." },
  INVALID_REQUEST: { errno: 42, retriable: false, sentence: "The request is not well formed." },
  POLICY_VIOLATION: { errno: 44, retriable: false, sentence: "The request is beyond what is allowed here." },
  OUT_OF_ORDER_SEQUENCE_NUMBER: {
    errno: 45,
    retriable: false,
    sentence: "The sequence is ahead of what this partition holds of the producer.",
  },
  DUPLICATE_SEQUENCE_NUMBER: {
    errno: 46,
    retriable: false,
    sentence: "All of these sequences are behind what this partition holds of the producer.",
  },
  INVALID_PRODUCER_EPOCH: {
    errno: 47,
    retriable: false,
    sentence: "A newer epoch of this producer has written to the partition.",
  },
  INVALID_PRODUCER_ID_MAPPING: {
    errno: 49,
    retriable: false,
    sentence: "The producer key does not belong to the producer id.",
  },
  KAFKA_STORAGE_ERROR: {
    errno: 56,
    retriable: true,
    sentence: "The storage failed; the write may or may not have happened.",
  },
  SASL_AUTHENTICATION_FAILED: {
    errno: 58,
    retriable: false,
    sentence: "The credential does not prove who is calling.",
  },
  UNKNOWN_PRODUCER_ID: { errno: 59, retriable: false, sentence: "This partition knows nothing of the producer." },
  NON_EMPTY_GROUP: { errno: 68, retriable: false, sentence: "A consumer of the group runs." },
  GROUP_ID_NOT_FOUND: { errno: 69, retriable: false, sentence: "There is no such group." },
  UNSUPPORTED_COMPRESSION_TYPE: {
    errno: 76,
    retriable: false,
    sentence: "The records are compressed in a way that cannot be opened here.",
  },
  GROUP_MAX_SIZE_REACHED: { errno: 81, retriable: false, sentence: "The group has as many members as it may have." },
  FENCED_INSTANCE_ID: {
    errno: 82,
    retriable: false,
    sentence: "Another member has taken the place of this static member.",
  },
  INVALID_RECORD: { errno: 87, retriable: false, sentence: "A record does not follow the rules." },
  THROTTLING_QUOTA_EXCEEDED: { errno: 89, retriable: true, sentence: "The quota of the principal is used up for now." },
  UNKNOWN_TOPIC_ID: { errno: 100, retriable: true, sentence: "No topic has this id." },
  INCONSISTENT_TOPIC_ID: { errno: 103, retriable: true, sentence: "The topic was made again under another id." },
  FENCED_MEMBER_EPOCH: {
    errno: 110,
    retriable: false,
    sentence: "The member has lost what it owned: it drops it and joins again.",
  },
  UNRELEASED_INSTANCE_ID: {
    errno: 111,
    retriable: true,
    sentence: "A member of this instance id is in the group and has not left it.",
  },
  UNSUPPORTED_ASSIGNOR: { errno: 112, retriable: false, sentence: "The edge has no assignor of that name." },
  STALE_MEMBER_EPOCH: {
    errno: 113,
    retriable: false,
    sentence: "The member is behind its group: a heartbeat tells it its epoch.",
  },
  INVALID_REGULAR_EXPRESSION: { errno: 128, retriable: false, sentence: "The pattern is no regular expression." },
  /** Ours from here on. */
  SEQUENCE_CONFLICT: {
    errno: 10_001,
    retriable: false,
    sentence: "The producer's history on this partition is another one.",
  },
  TRUNCATED: {
    errno: 10_002,
    retriable: false,
    sentence: "The log no longer holds what was read or acknowledged before.",
  },
  PRINCIPAL_CHANGED: { errno: 10_003, retriable: false, sentence: "This device's log belongs to another principal." },
  NOT_CONFIGURED: {
    errno: 10_004,
    retriable: false,
    sentence: "The edge is not configured.",
  },
  NOT_FOUND: { errno: 10_005, retriable: false, sentence: "There is nothing at this address." },
  METHOD_NOT_ALLOWED: { errno: 10_006, retriable: false, sentence: "This address does not take that method." },
  FORBIDDEN_ORIGIN: {
    errno: 10_007,
    retriable: false,
    sentence: "This host or origin is not served without authentication.",
  },
  REQUEST_TOO_LARGE: { errno: 10_008, retriable: false, sentence: "The request has more bytes than are allowed." },
  VOID_LIMIT: {
    errno: 10_009,
    retriable: false,
    sentence: "The producer has given up more batches than are remembered.",
  },
  STORE_FAILED: { errno: 10_010, retriable: true, sentence: "The browser's database failed." },
  STORAGE_FULL: { errno: 10_011, retriable: true, sentence: "There is no room left; what is freed makes some." },
  WORKER_DIED: {
    errno: 10_012,
    retriable: true,
    sentence: "The worker of this tab has ended; what it had not acknowledged may or may not be stored.",
  },
  CLOSED: { errno: 10_013, retriable: false, sentence: "This client was closed." },
  NOT_SYNCED_YET: {
    errno: 10_014,
    retriable: true,
    sentence: "The record is safe on the device and will still be sent; the edge has not acknowledged it in time.",
  },
  INVALID_ARGUMENT: { errno: 10_015, retriable: false, sentence: "An argument is not legal." },
  RECEIPT_UNKNOWN: { errno: 10_016, retriable: false, sentence: "This device knows nothing of that record." },
  GIVEN_UP: {
    errno: 10_017,
    retriable: false,
    sentence: "The edge refused the record for good; it is among the dead letters.",
  },
  UNSUPPORTED_OPERATION: { errno: 10_018, retriable: false, sentence: "That cannot be done here." },
  NOT_ACCEPTABLE: {
    errno: 10_019,
    retriable: false,
    sentence: "There is no answer of a media type that is accepted.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    errno: 10_020,
    retriable: false,
    sentence: "Another request was made under this Idempotency-Key.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    errno: 10_021,
    retriable: false,
    sentence: "The body is of a type that is not taken here.",
  },
  STORE_OUTDATED: {
    errno: 10_022,
    retriable: false,
    sentence: "A newer version of this site has changed the device's database: reload the page.",
  },
  ABORTED: {
    errno: 10_023,
    retriable: false,
    sentence: "The caller's signal ended the wait.",
  },
  PART_NOT_LOADED: {
    errno: 10_024,
    retriable: true,
    sentence: "A part of the library could not be loaded; the next call tries again.",
  },
  ISSUER_UNAVAILABLE: {
    errno: 10_030,
    retriable: true,
    sentence: "The keys of the tokens' issuer cannot be had at the moment.",
  },
} as const;

interface ErrorRow {
  readonly errno: number;
  readonly retriable: boolean;
  readonly sentence: string;
}
/** The compiler's check of the table: as part of its declaration it would stand in the way of `isolatedDeclarations`. */
void (ERRORS satisfies Record<string, ErrorRow>);

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERRORS, code);
}

/** The only map from error codes to HTTP. Nothing internal (stack, SQL, path) leaves through here. */
import type { ErrorCode } from "../shared/error-table.ts";
import { SECURE_HEADERS } from "./secure-headers.ts";
import { StrandlineError } from "../shared/strandline-error.ts";
import { log, thrownFields } from "./log.ts";

const STATUS = {
  UNKNOWN_SERVER_ERROR: 500,
  OFFSET_OUT_OF_RANGE: 416,
  CORRUPT_MESSAGE: 422,
  UNKNOWN_TOPIC_OR_PARTITION: 404,
  REQUEST_TIMED_OUT: 504,
  MESSAGE_TOO_LARGE: 413,
  NETWORK_EXCEPTION: 502,
  INVALID_TOPIC_EXCEPTION: 400,
  RECORD_LIST_TOO_LARGE: 413,
  INVALID_REQUIRED_ACKS: 400,
  TOPIC_AUTHORIZATION_FAILED: 403,
  GROUP_AUTHORIZATION_FAILED: 403,
  CLUSTER_AUTHORIZATION_FAILED: 403,
  INVALID_TIMESTAMP: 422,
  TOPIC_ALREADY_EXISTS: 409,
  INVALID_PARTITIONS: 400,
  INVALID_CONFIG: 400,
  INVALID_REQUEST: 400,
  POLICY_VIOLATION: 409,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 409,
  DUPLICATE_SEQUENCE_NUMBER: 409,
  INVALID_PRODUCER_EPOCH: 409,
  INVALID_PRODUCER_ID_MAPPING: 403,
  KAFKA_STORAGE_ERROR: 503,
  SASL_AUTHENTICATION_FAILED: 401,
  UNKNOWN_PRODUCER_ID: 409,
  UNSUPPORTED_COMPRESSION_TYPE: 415,
  INVALID_RECORD: 422,
  THROTTLING_QUOTA_EXCEEDED: 429,
  UNKNOWN_TOPIC_ID: 404,
  INCONSISTENT_TOPIC_ID: 409,
  SEQUENCE_CONFLICT: 409,
  TRUNCATED: 409,
  PRINCIPAL_CHANGED: 403,
  NOT_CONFIGURED: 503,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  FORBIDDEN_ORIGIN: 403,
  REQUEST_TOO_LARGE: 413,
  VOID_LIMIT: 409,
  STORE_FAILED: 500,
  STORE_OUTDATED: 500,
  STORAGE_FULL: 507,
  WORKER_DIED: 500,
  ILLEGAL_GENERATION: 500,
  CLOSED: 500,
  NOT_SYNCED_YET: 500,
  INVALID_ARGUMENT: 400,
  RECEIPT_UNKNOWN: 404,
  GIVEN_UP: 409,
  UNSUPPORTED_OPERATION: 400,
  NOT_ACCEPTABLE: 406,
  UNSUPPORTED_MEDIA_TYPE: 415,
  ABORTED: 500,
  PART_NOT_LOADED: 500,
  ISSUER_UNAVAILABLE: 503,
  NON_EMPTY_GROUP: 409,
  OFFSET_METADATA_TOO_LARGE: 400,
  COORDINATOR_NOT_AVAILABLE: 503,
  INVALID_GROUP_ID: 400,
  UNKNOWN_MEMBER_ID: 409,
  INVALID_SESSION_TIMEOUT: 400,
  GROUP_ID_NOT_FOUND: 404,
  GROUP_MAX_SIZE_REACHED: 409,
  FENCED_INSTANCE_ID: 409,
  FENCED_MEMBER_EPOCH: 409,
  UNRELEASED_INSTANCE_ID: 409,
  UNSUPPORTED_ASSIGNOR: 400,
  STALE_MEMBER_EPOCH: 409,
  INVALID_REGULAR_EXPRESSION: 400,
  IDEMPOTENCY_KEY_REUSED: 422,
} as const satisfies Record<ErrorCode, number>;

export function statusOf(code: ErrorCode): number {
  return STATUS[code];
}

export function errorResponse(error: StrandlineError): Response {
  return Response.json({ error: error.toBody() }, { status: statusOf(error.code), headers: errorHeaders(error) });
}

/** Of an error in whatever shape. */
export function errorHeaders(error: StrandlineError): Record<string, string> {
  const { allow, retryAfterMs } = error.details;
  return {
    ...SECURE_HEADERS,
    vary: "Origin",
    "cache-control": "no-store",
    ...(typeof allow === "string" ? { allow } : {}),
    ...(typeof retryAfterMs === "number" ? { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) } : {}),
    ...(error.code === "SASL_AUTHENTICATION_FAILED" ? { "www-authenticate": challenge(error) } : {}),
  };
}

/** Who sent no credential is told which kind is asked for; who sent one, that it is no good. */
function challenge({ details }: StrandlineError): string {
  return details["check"] === "missing" ? "Bearer" : 'Bearer error="invalid_token"';
}

/** What was not expected is told to the log, and to the caller only that it was not expected. */
export function asStrandlineError(thrown: unknown): StrandlineError {
  if (thrown instanceof StrandlineError) return thrown;
  log.error("unexpected", thrownFields(thrown));
  return new StrandlineError("UNKNOWN_SERVER_ERROR", "");
}

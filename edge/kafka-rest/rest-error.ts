/** Errors as Kafka's REST proxies tell them: `{error_code, message}`, the first three digits of a code being the status. */
import type { ErrorCode } from "../../shared/error-table.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import { errorHeaders, statusOf } from "../http-error.ts";
import { REST_MEDIA_TYPE } from "./media-types.ts";

export interface RestError {
  readonly error_code: number;
  readonly message: string;
}

/** Those that have a code of their own; the others are told by the status they have everywhere. */
const CODES: Partial<Record<ErrorCode, number>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 40401,
  UNKNOWN_TOPIC_ID: 40401,
  NOT_ACCEPTABLE: 40601,
  SASL_AUTHENTICATION_FAILED: 40101,
  TOPIC_AUTHORIZATION_FAILED: 40301,
  GROUP_AUTHORIZATION_FAILED: 40301,
  CLUSTER_AUTHORIZATION_FAILED: 40301,
  FORBIDDEN_ORIGIN: 40301,
  REQUEST_TIMED_OUT: 40801,
  UNRELEASED_INSTANCE_ID: 40902,
  UNSUPPORTED_OPERATION: 40903,
  NON_EMPTY_GROUP: 40903,
  INVALID_CONFIG: 42204,
  INVALID_RECORD: 42203,
  THROTTLING_QUOTA_EXCEEDED: 42901,
  UNKNOWN_SERVER_ERROR: 50002,
  CORRUPT_MESSAGE: 50002,
  STORAGE_FULL: 50002,
  UNKNOWN_MEMBER_ID: 50002,
  FENCED_MEMBER_EPOCH: 50002,
  COORDINATOR_NOT_AVAILABLE: 50003,
  KAFKA_STORAGE_ERROR: 50003,
  NETWORK_EXCEPTION: 50003,
  NOT_CONFIGURED: 50301,
  ISSUER_UNAVAILABLE: 50301,
};
const PARTITION_NOT_FOUND = 40402;
const INSTANCE_NOT_FOUND = 40403;
const SUBSCRIBED_ALREADY = 40901;
const UNPROCESSABLE = 422;
const KEY_SCHEMA = 42201;
const VALUE_SCHEMA = 42202;

export function restErrorOf(error: StrandlineError): RestError {
  return { error_code: restCode(error.code, error.details), message: error.message };
}

/** By what the error names: a partition rather than its topic, a field rather than the whole body. */
export function restCode(code: ErrorCode, details: StrandlineError["details"]): number {
  const { field, partition, instance, subscribed } = details;
  if (code === "UNKNOWN_TOPIC_OR_PARTITION" && partition !== undefined) return PARTITION_NOT_FOUND;
  if (code === "NOT_FOUND" && instance !== undefined) return INSTANCE_NOT_FOUND;
  if (code === "UNSUPPORTED_OPERATION" && subscribed !== undefined) return SUBSCRIBED_ALREADY;
  if (code === "INVALID_REQUEST" && field !== undefined) return UNPROCESSABLE;
  if (code === "INVALID_RECORD" && field === "key.type") return KEY_SCHEMA;
  if (code === "INVALID_RECORD" && field === "value.type") return VALUE_SCHEMA;
  return CODES[code] ?? statusOf(code);
}

/** Every code that an error of ours may be told by. */
export function restCodes(code: ErrorCode): readonly number[] {
  const places = [{}, { partition: 0 }, { instance: "x" }, { subscribed: "x" }];
  const details = [...places, { field: "x" }, { field: "key.type" }, { field: "value.type" }];
  return [...new Set(details.map((one) => restCode(code, one)))];
}

export function restStatus(code: number): number {
  return code < 1_000 ? code : Math.floor(code / 100);
}

export function restErrorResponse(error: StrandlineError): Response {
  const body = restErrorOf(error);
  const headers = { ...errorHeaders(error), "content-type": REST_MEDIA_TYPE };
  return new Response(JSON.stringify(body), { status: restStatus(body.error_code), headers });
}

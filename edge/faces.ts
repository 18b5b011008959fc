/** The edge has two faces, told apart by the path alone: its own, and that of Kafka's REST proxies. */
import type { ErrorCode } from "../shared/error-table.ts";
import type { StrandlineError } from "../shared/strandline-error.ts";
import { ERROR_ANSWER, type NamedSchema } from "./answer-schemas.ts";
import { errorResponse, statusOf } from "./http-error.ts";
import { REST_MEDIA_TYPE } from "./kafka-rest/media-types.ts";
import { restCodes, restErrorResponse, restStatus } from "./kafka-rest/rest-error.ts";
import { REST_ERROR } from "./kafka-rest/answer-schemas.ts";

export interface Face {
  /** Of every error, also of those that no route was found for. */
  readonly errorResponse: (error: StrandlineError) => Response;
  readonly errorAnswer: NamedSchema;
  readonly errorMediaType: string;
  /** All that an error may be answered with. */
  readonly statusesOf: (code: ErrorCode) => readonly number[];
}

const OWN: Face = {
  errorResponse,
  errorAnswer: ERROR_ANSWER,
  errorMediaType: "application/json",
  statusesOf: (code) => [statusOf(code)],
};

const KAFKA_REST: Face = {
  errorResponse: restErrorResponse,
  errorAnswer: REST_ERROR,
  errorMediaType: REST_MEDIA_TYPE,
  statusesOf: (code) => [...new Set(restCodes(code).map(restStatus))],
};

export function faceAt(path: string): Face {
  return path === "/kafka-rest" || path.startsWith("/kafka-rest/") ? KAFKA_REST : OWN;
}

/**
 * `POST /v1/topics/{topic}/records`: records as JSON, as lines of JSON, or as CloudEvents; the record itself is the mirror
 * of what is read (`records.ts`).
 *
 * `application/json` is `{"records": [record…]}` or one record, `application/cloudevents+json` and
 * `application/cloudevents-batch+json` are events; they are answered with a `SendRecordsAnswer`. A record that came alone
 * and is refused is the error of the request. `application/x-ndjson` is a record a line, answered with a `LineReport` a
 * line, while the body still comes in.
 */
import type { ErrorBody } from "../strandline-error.ts";

export type SentRecord =
  /** As it stands in the log; null: under an `Idempotency-Key` that may be known to the log alone. */
  | {
      readonly partition: number;
      readonly offset: number | null;
      readonly timestamp: number | null;
      readonly error: null;
    }
  | { readonly partition: number | null; readonly offset: null; readonly timestamp: null; readonly error: ErrorBody };

/** One for each record, in their order. */
export interface SendRecordsAnswer {
  readonly records: readonly SentRecord[];
}

/** `line` counts from 1, empty lines too. Without a line: the stream ends there, and no line behind was taken. */
export type LineReport =
  | { readonly line: number; readonly partition: number; readonly offset: number }
  | { readonly line?: number; readonly error: ErrorBody };

/**
 * Produce of the REST proxy's v2: `{records: [{key?, value?, partition?, headers?, timestamp?}]}`, answered with an offset
 * or an error for each. Headers and timestamps are as Strimzi's bridge has them. Kept as they are sent: JSON is encoded
 * compactly, Base64 decoded.
 */
import type { RecordHeader } from "../../shared/record.ts";
import { demandFew, type OutgoingRecord } from "../intake/outgoing-record.ts";
import type { RecordOutcome } from "../operations/send-records.ts";
import { base64At, invalid, jsonAt, listAt, objectAt, textAt, wholeAt } from "./fields.ts";
import type { EmbeddedFormat } from "./media-types.ts";
import { restErrorOf } from "./rest-error.ts";

export interface ProduceV2Answer {
  readonly offsets: readonly {
    readonly partition: number | null;
    readonly offset: number | null;
    readonly error_code: number | null;
    readonly error: string | null;
  }[];
  /** There is no registry. */
  readonly key_schema_id: null;
  readonly value_schema_id: null;
}

/** What clients of the original send along; there is nothing here that would read it. */
const SCHEMA_FIELDS = ["key_schema", "key_schema_id", "value_schema", "value_schema_id"];

/** `partition`: of the path. Throws `INVALID_REQUEST` or `INVALID_RECORD` that name the field: then none is taken. */
export function recordsOfV2(body: unknown, format: EmbeddedFormat, partition: number | null): OutgoingRecord[] {
  const { records } = objectAt(body, "the body", ["records", ...SCHEMA_FIELDS]);
  const list = listAt(records, "records");
  if (list.length === 0) throw invalid("records", "is empty");
  demandFew(list);
  return list.map((held, index) => recordOf(held, `records.${index}`, { format, partition }));
}

function recordOf(
  held: unknown,
  field: string,
  asked: { readonly format: EmbeddedFormat; readonly partition: number | null },
): OutgoingRecord {
  const record = objectAt(held, field, ["key", "value", "partition", "headers", "timestamp"]);
  const read = asked.format === "json" ? jsonAt : base64At;
  const stated = wholeAt(record["partition"], `${field}.partition`);
  if (asked.partition !== null && stated !== null && stated !== asked.partition)
    throw invalid(`${field}.partition`, "is another than that of the path");
  return {
    key: read(record["key"], `${field}.key`),
    value: read(record["value"], `${field}.value`),
    headers: headersAt(record["headers"], `${field}.headers`, "key"),
    partition: asked.partition ?? stated,
    timestamp: wholeAt(record["timestamp"], `${field}.timestamp`),
  };
}

/** `named`: what the name of a header is called. */
export function headersAt(held: unknown, field: string, named: "key" | "name"): RecordHeader[] {
  if (held === undefined || held === null) return [];
  return listAt(held, field).map((one, index) => {
    const header = objectAt(one, `${field}.${index}`, [named, "value"]);
    return {
      key: textAt(header[named], `${field}.${index}.${named}`),
      value: base64At(header["value"], `${field}.${index}.value`),
    };
  });
}

export function answerOfV2(outcomes: readonly RecordOutcome[]): ProduceV2Answer {
  return { offsets: outcomes.map(offsetOf), key_schema_id: null, value_schema_id: null };
}

function offsetOf(outcome: RecordOutcome): ProduceV2Answer["offsets"][number] {
  if (outcome.error === null)
    return { partition: outcome.partition, offset: outcome.offset, error_code: null, error: null };
  const { error_code, message } = restErrorOf(outcome.error);
  return { partition: outcome.partition, offset: null, error_code, error: message };
}

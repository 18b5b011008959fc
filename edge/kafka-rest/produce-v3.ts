/**
 * Produce of the REST proxy's v3: a stream of JSON objects `{partition_id?, headers?, key?, value?, timestamp?}`, one after
 * the other, and a report for each; or a batch of them, each under an id of the sender's.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf, utf8Length } from "../../shared/utf8.ts";
import { JsonSplitter } from "../intake/json-splitter.ts";
import { demandFew, type OutgoingRecord } from "../intake/outgoing-record.ts";
import type { StreamGrammar } from "../operations/record-stream.ts";
import type { RecordOutcome } from "../operations/send-records.ts";
import { base64At, invalid, jsonAt, listAt, objectAt, textAt, wholeAt } from "./fields.ts";
import { headersAt } from "./produce-v2.ts";
import { restErrorOf, type RestError } from "./rest-error.ts";

type DataType = "BINARY" | "JSON" | "STRING";

export interface RecordV3 extends OutgoingRecord {
  /** Null: it has none. */
  readonly keyType: DataType | null;
  readonly valueType: DataType | null;
}

/** What is reported of a record that is stored. `timestamp`: as it stands in the log, in the words of ISO 8601. */
export interface ReportV3 {
  readonly error_code: 200;
  readonly cluster_id: string;
  readonly topic_name: string;
  readonly partition_id: number;
  readonly offset: number;
  /** Absent: known to the log alone. */
  readonly timestamp?: string;
  readonly key?: { readonly type: DataType; readonly size: number };
  readonly value?: { readonly type: DataType; readonly size: number };
}

export interface BatchEntryV3 {
  readonly id: string;
  /** What is wrong with it leaves the others as they are. */
  readonly record: RecordV3 | StrandlineError;
}

export interface BatchAnswerV3 {
  readonly successes: readonly (ReportV3 & { readonly id: string })[];
  readonly failures: readonly (RestError & { readonly id: string })[];
}

interface Place {
  readonly cluster: string;
  readonly topic: string;
}

const FIELDS = ["partition_id", "headers", "key", "value", "timestamp", "original_size"];

/** Throws `INVALID_REQUEST` or `INVALID_RECORD` that name the field. */
export function recordOfV3(held: unknown, more: readonly string[] = []): RecordV3 {
  const record = objectAt(held, "the record", [...FIELDS, ...more]);
  const key = dataAt(record["key"], "key");
  const value = dataAt(record["value"], "value");
  return {
    key: key?.data ?? null,
    keyType: key?.type ?? null,
    value: value?.data ?? null,
    valueType: value?.type ?? null,
    headers: headersAt(record["headers"], "headers", "name"),
    partition: wholeAt(record["partition_id"], "partition_id"),
    timestamp: timestampAt(record["timestamp"]),
  };
}

interface Data {
  readonly type: DataType;
  readonly data: OutgoingRecord["key"];
}

function dataAt(held: unknown, field: "key" | "value"): Data | null {
  if (held === undefined || held === null) return null;
  const object = objectAt(held, field, ["type", "data", ...SCHEMA_FIELDS]);
  const { type, data } = object;
  const named = `${field}.data`;
  switch (type) {
    case "BINARY":
      return { type, data: base64At(data, named) };
    case "JSON":
      return { type, data: jsonAt(data, named) };
    case "STRING":
      return { type, data: data === null || data === undefined ? null : textAt(data, named) };
  }
  const said = `${field}.type is BINARY, JSON or STRING: there is no registry of schemas`;
  throw new StrandlineError("INVALID_RECORD", said, { field: `${field}.type` });
}

/** Of records whose type is in a registry. */
const SCHEMA_FIELDS = ["subject", "subject_name_strategy", "schema_id", "schema_version", "schema"];

/** ISO 8601 as v3 has it, or milliseconds. */
function timestampAt(held: unknown): number | null {
  if (typeof held !== "string") return wholeAt(held, "timestamp");
  const ms = /^\d{4}-\d\d-\d\dT/.test(held) ? Date.parse(held) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid("timestamp", "is no time of ISO 8601");
  return ms;
}

export function grammarOfV3(place: Place): StreamGrammar<RecordV3> {
  return {
    splitter: new JsonSplitter(),
    parse: (text) => {
      let held: unknown;
      try {
        held = JSON.parse(text);
      } catch {
        throw new StrandlineError("INVALID_REQUEST", "an object is not JSON");
      }
      return recordOfV3(held);
    },
    report: (_number, outcome, record) =>
      `${JSON.stringify(outcome.error === null ? reportOf(place, outcome, record) : restErrorOf(outcome.error))}\n`,
    broken: (error) => `${JSON.stringify(restErrorOf(error))}\n`,
  };
}

function reportOf(
  { cluster, topic }: Place,
  { partition, offset, timestamp }: RecordOutcome & { readonly error: null },
  record: RecordV3 | null,
): ReportV3 {
  const key = sizeOf(record?.keyType, record?.key);
  const value = sizeOf(record?.valueType, record?.value);
  return {
    error_code: 200,
    cluster_id: cluster,
    topic_name: topic,
    partition_id: partition,
    offset,
    ...(timestamp === null ? {} : { timestamp: new Date(timestamp).toISOString() }),
    ...(key === null ? {} : { key }),
    ...(value === null ? {} : { value }),
  };
}

function sizeOf(
  type: DataType | null | undefined,
  data: OutgoingRecord["key"] | undefined,
): { readonly type: DataType; readonly size: number } | null {
  if (type === null || type === undefined) return null;
  const size = data === null || data === undefined ? 0 : typeof data === "string" ? utf8Length(data) : data.byteLength;
  return { type, size };
}

/** Throws `INVALID_REQUEST` where the batch itself cannot be read, or an id stands in it twice. */
export function entriesOfV3(body: unknown): BatchEntryV3[] {
  const { entries } = objectAt(body, "the body", ["entries"]);
  const list = listAt(entries, "entries");
  demandFew(list);
  const ids = new Set<string>();
  return list.map((held, index) => {
    const field = `entries.${index}.id`;
    const id = typeof held === "object" && held !== null && "id" in held ? textAt(held.id, field) : null;
    if (id === null || id === "" || bytesOf(id).length > 80) throw invalid(field, "has 1 to 80 characters");
    if (ids.has(id)) throw invalid(field, "stands in the batch once");
    ids.add(id);
    try {
      return { id, record: recordOfV3(held, ["id"]) };
    } catch (thrown) {
      if (thrown instanceof StrandlineError) return { id, record: thrown };
      throw thrown;
    }
  });
}

/** `outcomes`: of the entries that could be read, in their order. */
export function batchAnswerOfV3(
  place: Place,
  entries: readonly BatchEntryV3[],
  outcomes: readonly RecordOutcome[],
): BatchAnswerV3 {
  const successes: (ReportV3 & { readonly id: string })[] = [];
  const failures: (RestError & { readonly id: string })[] = [];
  let next = 0;
  for (const { id, record } of entries) {
    if (record instanceof StrandlineError) {
      failures.push({ id, ...restErrorOf(record) });
      continue;
    }
    const outcome = outcomes[next++];
    if (outcome === undefined) continue;
    if (outcome.error === null) successes.push({ id, ...reportOf(place, outcome, record) });
    else failures.push({ id, ...restErrorOf(outcome.error) });
  }
  return { successes, failures };
}

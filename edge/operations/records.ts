/** Records for people and `curl`: from one offset, as JSON. Batches as bytes are what fetch answers. */
import type { RecordJson, RecordsAnswer } from "../../shared/api/records.ts";
import { tryOpenBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import { batches, records, type BatchDamage } from "../../shared/record-batch-decode.ts";
import type { RecordView } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { base64Of } from "../intake/base64.ts";
import { take } from "../outcome.ts";
import type { ReadAnswer } from "../partition/partition-port.ts";
import { partitionByName, type EdgePorts } from "./ports.ts";
import { startOffset } from "./start-offset.ts";

export interface RecordsQuery {
  readonly offset: number | "earliest" | "latest";
  readonly maxBytes: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
}

/** From `offset` on. */
export type RunRead = ReadAnswer & { readonly topicId: string; readonly offset: number };

/** Throws `OFFSET_OUT_OF_RANGE` with the bounds, `CORRUPT_MESSAGE` with what is behind the damage. */
export async function readRun(
  ports: EdgePorts,
  name: string,
  partition: number,
  query: RecordsQuery,
): Promise<RunRead> {
  const topic = await partitionByName(ports, name, partition, "records");
  const port = ports.partition(topic, partition);
  const bytesMax = Math.min(query.maxBytes, LIMITS.fetchBytesMax);
  const bytesMin = Math.min(query.minBytes, bytesMax);
  const offset = await startOffset(port, query.offset);
  const request = { offset, bytesMax, atLeastOne: true, previousCrc: null, leaderEpoch: null, before: null };
  const until = ports.clock.now() + query.maxWaitMs;
  const sessionId = ports.newSessionId();
  for (;;) {
    const answer = take(await port.read(request));
    if (answer.error !== null) throw refusal(offset, answer);
    const waitMs = until - ports.clock.now();
    const filled = answer.nextOffset < answer.highWatermark;
    if (answer.bytes.byteLength >= bytesMin || filled || waitMs <= 0)
      return { ...answer, topicId: topic.topicId, offset };
    const missing = bytesMin - answer.bytes.byteLength;
    await port.waitForAppend({ offset: answer.highWatermark, bytesMin: missing, sessionId, waitMs });
  }
}

function refusal(offset: number, answer: ReadAnswer): StrandlineError {
  const { error, logStartOffset, highWatermark, nextOffset } = answer;
  const bounds = { offset, logStartOffset, highWatermark };
  if (error === "CORRUPT_MESSAGE") {
    const said = `offset ${offset}, damaged at rest up to ${nextOffset}`;
    return new StrandlineError(error, said, { ...bounds, nextOffset });
  }
  const said = `offset ${offset}, the log has ${logStartOffset} to ${highWatermark}`;
  return new StrandlineError(error ?? "UNKNOWN_SERVER_ERROR", said, bounds);
}

/**
 * As many batches as are opened within the cap, the first always: a run of small gzip batches may hold a thousand times
 * its size. Throws `UNSUPPORTED_COMPRESSION_TYPE` where records cannot be looked into.
 */
export async function recordsAsJson(
  answer: Pick<RunRead, "offset" | "bytes" | "nextOffset" | "logStartOffset" | "highWatermark">,
): Promise<RecordsAnswer> {
  const { offset } = answer;
  const found: RecordJson[] = [];
  let nextOffset = offset;
  let openedBytes = 0;
  let cut = false;
  for (const batch of batches(answer.bytes)) {
    const reading = await tryOpenBatch(batch);
    const behind = batch.baseOffset + batch.lastOffsetDelta + 1;
    // What came before it is answered first; the next read meets it, and is told how to get past it.
    if (!reading.ok && nextOffset === offset) throw unreadable(reading.damage, { offset: batch.baseOffset, behind });
    openedBytes += reading.ok ? reading.batch.end - reading.batch.start : 0;
    if (!reading.ok || (openedBytes > LIMITS.inflatedBytesMax && nextOffset > offset)) {
      cut = true;
      break;
    }
    const opened = reading.batch;
    for (const record of records(opened)) if (record.offset >= offset) found.push(recordAsJson(record));
    nextOffset = behind;
  }
  return {
    records: found,
    nextOffset: cut ? nextOffset : answer.nextOffset,
    logStartOffset: answer.logStartOffset,
    highWatermark: answer.highWatermark,
  };
}

function unreadable(
  { code, reason }: BatchDamage,
  { offset, behind }: { readonly offset: number; readonly behind: number },
): StrandlineError {
  return new StrandlineError(code, `offset ${offset}: ${reason}`, { offset, nextOffset: behind });
}

export function recordAsJson(record: RecordView): RecordJson {
  const key = bytesAsJson(record.key);
  const value = bytesAsJson(record.value);
  return {
    offset: record.offset,
    timestamp: record.timestamp,
    ...("base64" in key ? { keyBase64: key.base64 } : { key: key.text }),
    ...("base64" in value ? { valueBase64: value.base64 } : { value: value.text }),
    headers: record.headers.map((header) => {
      const held = bytesAsJson(header.value);
      return "base64" in held ? { key: header.key, valueBase64: held.base64 } : { key: header.key, value: held.text };
    }),
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bytesAsJson(bytes: Uint8Array | null): { readonly text: string | null } | { readonly base64: string } {
  if (bytes === null) return { text: null };
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { base64: base64Of(bytes) };
  }
}

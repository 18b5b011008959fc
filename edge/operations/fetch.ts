/**
 * Fetch: many partitions, one wait.
 *
 * Behaviour: what is there is answered at once where it reaches `minBytes`; otherwise all partitions are waited for
 * and the first that grows ends the wait. The first batch comes whole however small `maxBytes` is. Partitions are
 * independent: an error of one is its own.
 */
import type { FetchHead, FetchPartition, FetchPartitionAnswer, FetchRequest } from "../../shared/api/fetch.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { asStrandlineError } from "../http-error.ts";
import { take } from "../outcome.ts";
import type { ReadAnswer } from "../partition/partition-port.ts";
import { partitionById, type EdgePorts } from "./ports.ts";

interface Part {
  readonly answer: Omit<FetchPartitionAnswer, "bytes">;
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array();

export async function fetchPartitions(ports: EdgePorts, request: FetchRequest): Promise<Uint8Array<ArrayBuffer>> {
  let parts = await readAll(ports, request);
  const settled = parts.some((part) => part.answer.error !== null) || bytesOf(parts) >= Math.max(request.minBytes, 0);
  if (!settled && request.maxWaitMs > 0) {
    await waitForAny(ports, request, parts);
    parts = await readAll(ports, request);
  }
  const within = cap(parts, Math.min(request.maxBytes, LIMITS.fetchBytesMax));
  const head: FetchHead = { partitions: within.map(({ answer, bytes }) => ({ ...answer, bytes: bytes.byteLength })) };
  return writeEnvelope(
    head,
    within.map((part) => part.bytes),
  );
}

async function readAll(ports: EdgePorts, request: FetchRequest): Promise<Part[]> {
  return await Promise.all(request.partitions.map(async (one) => await readOne(ports, one, request.maxBytes)));
}

async function readOne(ports: EdgePorts, one: FetchPartition, maxBytes: number): Promise<Part> {
  try {
    await partitionById(ports, one.topicId, one.partition);
    const bytesMax = Math.min(one.maxBytes, maxBytes, LIMITS.fetchBytesMax);
    const { offset, previousCrc } = one;
    const read = take(await ports.partition(one.topicId, one.partition).read({ offset, previousCrc, bytesMax }));
    return { answer: answerOf(one, read), bytes: read.bytes };
  } catch (thrown) {
    const error = thrown instanceof StrandlineError ? thrown : unreachable(thrown);
    const { topicId, partition } = one;
    return {
      answer: { topicId, partition, error: error.toBody(), leaderEpoch: null, logStartOffset: 0, highWatermark: 0 },
      bytes: NOTHING,
    };
  }
}

function answerOf({ topicId, partition, offset }: FetchPartition, read: ReadAnswer): Part["answer"] {
  const { leaderEpoch, logStartOffset, highWatermark } = read;
  const bounds = { topicId, partition, leaderEpoch, logStartOffset, highWatermark };
  if (read.error === null) return { ...bounds, error: null };
  const details = {
    offset,
    logStartOffset,
    highWatermark,
    ...(read.divergence === null ? {} : { divergence: read.divergence }),
  };
  const said = `offset ${offset}, the log has ${logStartOffset} to ${highWatermark}`;
  return { ...bounds, error: new StrandlineError(read.error, said, details).toBody() };
}

/** Ends with the first partition that has grown, or the time. */
async function waitForAny(ports: EdgePorts, request: FetchRequest, parts: readonly Part[]): Promise<void> {
  const sessionId = request.sessionId ?? ports.newSessionId();
  const waits = request.partitions.map(async (one, index) => {
    const offset = Math.max(one.offset, parts[index]?.answer.highWatermark ?? 0);
    await ports.partition(one.topicId, one.partition).waitForAppend({ offset, sessionId, waitMs: request.maxWaitMs });
  });
  // A wait that breaks ends it too: reading again tells what became of that partition.
  await Promise.race(waits).catch(() => undefined);
  for (const wait of waits) wait.catch(() => undefined);
}

/** In the order of the request; a reader that wants fairness rotates it, as Kafka's does. */
function cap(parts: readonly Part[], bytesMax: number): Part[] {
  let left = bytesMax;
  let empty = true;
  return parts.map((part) => {
    const fits = part.bytes.byteLength <= left || empty;
    if (part.bytes.byteLength === 0 || !fits) return { ...part, bytes: NOTHING };
    left -= part.bytes.byteLength;
    empty = false;
    return part;
  });
}

function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.bytes.byteLength, 0);
}

function unreachable(thrown: unknown): StrandlineError {
  asStrandlineError(thrown);
  return new StrandlineError("KAFKA_STORAGE_ERROR", "the partition could not be asked");
}

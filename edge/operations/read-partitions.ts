/**
 * Reads of many partitions within one budget of bytes. What the objects hand over is bounded by it too, and not only
 * what is answered: a reader that is behind on twenty partitions must not fill the Worker's memory with their tails.
 *
 * Behaviour: each partition is first read up to an even share, all at once; what is left of the budget goes to those
 * that have more, in the order of the request. The first batch of the first partition that has any comes whole,
 * however large it is, or a reader behind a large batch would never get on.
 */
import type { FetchPartition, FetchPartitionAnswer, FetchRequest } from "../../shared/api/fetch.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { asStrandlineError } from "../http-error.ts";
import { take } from "../outcome.ts";
import type { ReadAnswer } from "../partition/partition-port.ts";
import type { ReadLimits } from "./key-order.ts";
import { partitionById, type EdgePorts } from "./ports.ts";

export interface Part {
  readonly answer: Omit<FetchPartitionAnswer, "bytes" | "nextOffset">;
  /** Whole batches, in order. */
  readonly runs: readonly Uint8Array[];
  readonly byteLength: number;
  /** The first offset behind the runs. */
  readonly nextOffset: number;
}

interface Room {
  readonly bytesMax: number;
  readonly atLeastOne: boolean;
  readonly limit: ReadLimits[number];
}

/** Small batches of many partitions come in one round, even where an even share is less. */
const SHARE_BYTES_MIN = 16_384;

export function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}

export function budgetOf({ maxBytes }: FetchRequest): number {
  return Math.min(maxBytes, LIMITS.fetchBytesMax);
}

/** Whether the log has more than was read, and may be read. */
export function goesOn({ answer, nextOffset }: Part, limit: ReadLimits[number]): boolean {
  const end = typeof limit === "number" ? Math.min(limit, answer.highWatermark) : answer.highWatermark;
  return answer.error === null && nextOffset < end;
}

/** `limits`: for each partition of the request; null: none. */
export async function readPartitions(
  ports: EdgePorts,
  request: FetchRequest,
  limits: ReadLimits | null,
): Promise<Part[]> {
  const { partitions } = request;
  const budget = budgetOf(request);
  const share = Math.max(Math.floor(budget / partitions.length), Math.min(SHARE_BYTES_MIN, budget));
  const shares = partitions.map(
    async (one, index) =>
      await readPart(ports, one, {
        bytesMax: Math.min(one.maxBytes, share),
        atLeastOne: index === 0,
        limit: limits?.[index] ?? null,
      }),
  );
  const parts = await spendRest(ports, { partitions, parts: await Promise.all(shares), budget, share, limits });
  return within(partitions, parts, budget);
}

async function spendRest(
  ports: EdgePorts,
  read: {
    readonly partitions: readonly FetchPartition[];
    readonly parts: readonly Part[];
    readonly budget: number;
    readonly share: number;
    readonly limits: ReadLimits | null;
  },
): Promise<Part[]> {
  const parts = [...read.parts];
  let left = read.budget - bytesOf(parts);
  let found = false;
  for (const [index, one] of read.partitions.entries()) {
    const part = parts[index];
    if (part === undefined) continue;
    const bytesMax = Math.min(one.maxBytes - part.byteLength, left);
    const atLeastOne = !found && part.byteLength === 0;
    const limit = read.limits?.[index] ?? null;
    // What did not fit the room it had does not fit less.
    const hasMoreRoom = bytesMax > Math.min(one.maxBytes, read.share) - part.byteLength;
    if (goesOn(part, limit) && (hasMoreRoom || atLeastOne)) {
      const more = await readPart(ports, behind(one, part), { bytesMax, atLeastOne, limit });
      left -= more.byteLength;
      parts[index] = joined(part, more);
      // The next batch is larger than what is left, as those of the others may be: the next request is theirs.
      if (more.byteLength === 0) break;
    }
    found ||= (parts[index]?.byteLength ?? 0) > 0;
  }
  return parts;
}

function behind(one: FetchPartition, part: Part): FetchPartition {
  return { ...one, offset: part.nextOffset, previousCrc: part.byteLength === 0 ? one.previousCrc : null };
}

/** A partition that has failed in between has still answered once. */
function joined(part: Part, more: Part): Part {
  if (more.answer.error !== null) return part;
  return { ...more, runs: [...part.runs, ...more.runs], byteLength: part.byteLength + more.byteLength };
}

async function readPart(ports: EdgePorts, one: FetchPartition, { limit, ...room }: Room): Promise<Part> {
  const { topicId, partition, offset, previousCrc, leaderEpoch } = one;
  try {
    if (typeof limit === "object" && limit !== null) throw StrandlineError.fromBody(limit);
    const topic = await partitionById(ports, topicId, partition, "fetch");
    const before = limit;
    const read = take(
      await ports.partition(topic, partition).read({ offset, previousCrc, leaderEpoch, before, ...room }),
    );
    const { byteLength } = read.bytes;
    const runs = byteLength === 0 ? [] : [read.bytes];
    return { answer: answerOf(one, read), runs, byteLength, nextOffset: read.nextOffset };
  } catch (thrown) {
    const error = (thrown instanceof StrandlineError ? thrown : unreachable(thrown)).toBody();
    const nowhere = { leaderEpoch: null, logStartOffset: 0, highWatermark: 0, lastStableOffset: 0 };
    const answer = { topicId, partition, error, ...nowhere };
    return { answer, runs: [], byteLength: 0, nextOffset: offset };
  }
}

function answerOf({ topicId, partition, offset }: FetchPartition, read: ReadAnswer): Part["answer"] {
  const { leaderEpoch, logStartOffset, highWatermark } = read;
  const lastStableOffset = highWatermark;
  const bounds = { topicId, partition, leaderEpoch, logStartOffset, highWatermark, lastStableOffset };
  if (read.error === null) return { ...bounds, error: null };
  const details = {
    offset,
    logStartOffset,
    highWatermark,
    ...(read.divergence === null ? {} : { divergence: read.divergence }),
    ...(read.error === "CORRUPT_MESSAGE" ? { nextOffset: read.nextOffset } : {}),
  };
  const said =
    read.error === "CORRUPT_MESSAGE"
      ? `offset ${offset}, damaged at rest up to ${read.nextOffset}`
      : `offset ${offset}, the log has ${logStartOffset} to ${highWatermark}`;
  return { ...bounds, error: new StrandlineError(read.error, said, details).toBody() };
}

/** In the order of the request; a reader that wants fairness rotates it, as Kafka's does. */
function within(partitions: readonly FetchPartition[], parts: readonly Part[], budget: number): Part[] {
  let left = budget;
  let empty = true;
  return parts.map((part, index) => {
    if (part.byteLength === 0) return part;
    const { offset } = partitions[index] ?? { offset: part.nextOffset };
    if (part.byteLength > left && !empty) return { ...part, runs: [], byteLength: 0, nextOffset: offset };
    left -= part.byteLength;
    empty = false;
    return part;
  });
}

function unreachable(thrown: unknown): StrandlineError {
  asStrandlineError(thrown);
  return new StrandlineError("KAFKA_STORAGE_ERROR", "the partition could not be asked");
}

/**
 * Fetch: many partitions, one wait.
 *
 * Behaviour: what is there is answered at once where it reaches `minBytes` or fills the answer; otherwise all
 * partitions are waited for, until they have grown enough together or the time is over. Partitions are independent: an
 * error of one is its own, and told at once.
 */
import type { FetchHead, FetchRequest } from "../../shared/api/fetch.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import type { WaitEnd, WaitRequest } from "../partition/partition-port.ts";
import { heldBack, type ReadLimits } from "./key-order.ts";
import { partitionById, type EdgePorts } from "./ports.ts";
import { budgetOf, bytesOf, goesOn, readPartitions, type Part } from "./read-partitions.ts";

/** Throws `THROTTLING_QUOTA_EXCEEDED` where the request comes too soon. */
export async function fetchPartitions(ports: EdgePorts, request: FetchRequest): Promise<Uint8Array<ArrayBuffer>> {
  ports.quota.admit("consumer_byte_rate");
  let until = ports.clock.now() + request.maxWaitMs;
  // One for all waits of the request: each replaces the one before it.
  // Of the caller's own: a wait is replaced by the next of its session, and nobody else's next may do that.
  const sessionId =
    request.sessionId === null ? ports.newSessionId() : JSON.stringify([ports.caller.principal, request.sessionId]);
  for (;;) {
    // Asked again after each wait: a growth may have come in between.
    const limits = request.keyOrder === true ? await heldBack(ports, request.partitions) : null;
    const parts = await readPartitions(ports, request, limits);
    const waitMs = until - ports.clock.now();
    if (waitMs <= 0 || isEnough(parts, request, limits)) return answerOf(ports, parts);
    // When all partitions together have grown by what is missing, one of them has by its share.
    const missing = Math.min(request.minBytes, budgetOf(request)) - bytesOf(parts);
    const bytesMin = Math.ceil(missing / request.partitions.length);
    const ended = await waitForAny(ports, request, parts, { sessionId, bytesMin, waitMs });
    if (ended === "replaced") until = 0;
  }
}

function answerOf(ports: EdgePorts, parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  for (const { answer } of parts) if (answer.error !== null) ports.refused(answer.error.code);
  const head: FetchHead = {
    throttleTimeMs: ports.quota.throttleMs,
    partitions: parts.map(({ answer, nextOffset, byteLength }) => ({ ...answer, nextOffset, bytes: byteLength })),
  };
  return writeEnvelope(
    head,
    parts.flatMap(({ runs }) => runs),
  );
}

/** A log that goes on behind what was read has filled the answer: waiting brings nothing that would fit. */
function isEnough(parts: readonly Part[], request: FetchRequest, limits: ReadLimits | null): boolean {
  if (parts.some((part, index) => part.answer.error !== null || goesOn(part, limits?.[index] ?? null))) return true;
  return bytesOf(parts) >= Math.min(request.minBytes, budgetOf(request));
}

/** Ends with the first partition that has grown, the time, or the next request of the session. */
export async function waitForAny(
  ports: EdgePorts,
  request: FetchRequest,
  parts: readonly Part[],
  wait: Omit<WaitRequest, "offset">,
): Promise<WaitEnd> {
  const waits = request.partitions.map(async (one, index) => {
    const offset = Math.max(one.offset, parts[index]?.answer.highWatermark ?? 0);
    const topic = await partitionById(ports, one.topicId, one.partition, "fetch");
    return await ports.partition(topic, one.partition).waitForAppend({ ...wait, offset });
  });
  for (const wait of waits) wait.catch(() => undefined);
  // A wait that breaks ends it too: reading again tells what became of that partition.
  return await Promise.race(waits).catch(() => "replaced" as const);
}

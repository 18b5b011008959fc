/**
 * Fetch: many partitions, one wait.
 *
 * Behaviour: what is there is answered at once where it reaches `minBytes` or fills the answer; otherwise all
 * partitions are waited for and the first that grows ends the wait. Partitions are independent: an error of one is
 * its own, and told at once.
 */
import type { FetchHead, FetchRequest } from "../../shared/api/fetch.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { partitionById, type EdgePorts } from "./ports.ts";
import { budgetOf, bytesOf, goesOn, readPartitions, type Part } from "./read-partitions.ts";

export async function fetchPartitions(ports: EdgePorts, request: FetchRequest): Promise<Uint8Array<ArrayBuffer>> {
  let parts = await readPartitions(ports, request);
  if (!isEnough(parts, request) && request.maxWaitMs > 0) {
    await waitForAny(ports, request, parts);
    parts = await readPartitions(ports, request);
  }
  const head: FetchHead = {
    partitions: parts.map(({ answer, nextOffset, byteLength }) => ({ ...answer, nextOffset, bytes: byteLength })),
  };
  return writeEnvelope(
    head,
    parts.flatMap(({ runs }) => runs),
  );
}

/** A log that goes on behind what was read has filled the answer: waiting brings nothing that would fit. */
function isEnough(parts: readonly Part[], request: FetchRequest): boolean {
  if (parts.some((part) => part.answer.error !== null || goesOn(part))) return true;
  return bytesOf(parts) >= Math.min(request.minBytes, budgetOf(request));
}

/** Ends with the first partition that has grown, or the time. */
async function waitForAny(ports: EdgePorts, request: FetchRequest, parts: readonly Part[]): Promise<void> {
  const sessionId = request.sessionId ?? ports.newSessionId();
  const waits = request.partitions.map(async (one, index) => {
    const offset = Math.max(one.offset, parts[index]?.answer.highWatermark ?? 0);
    const topic = await partitionById(ports, one.topicId, one.partition);
    await ports.partition(topic, one.partition).waitForAppend({ offset, sessionId, waitMs: request.maxWaitMs });
  });
  // A wait that breaks ends it too: reading again tells what became of that partition.
  await Promise.race(waits).catch(() => undefined);
  for (const wait of waits) wait.catch(() => undefined);
}

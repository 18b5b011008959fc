import { NO_CHAIN, type Crc } from "../../shared/brands.ts";
import { nextChain } from "../../shared/chain.ts";
import { batchByteLength, batchCrc } from "../../shared/record-batch.ts";
import type { RunRead } from "../operations/records.ts";

/**
 * Strong: the same tag is the same bytes. What is at an offset changes with compaction, which moves no bound, so the
 * CRCs of the batches are part of it; the rest is what stands in the answer besides them.
 */
export function entityTag(read: RunRead, representation: "json" | "envelope"): string {
  const { topicId, leaderEpoch, offset, nextOffset, logStartOffset, highWatermark, bytes } = read;
  let chain = NO_CHAIN;
  for (let at = 0; at < bytes.length; at += batchByteLength(bytes, at))
    chain = nextChain(chain, batchCrc(bytes, at) as Crc);
  const range = [offset, nextOffset, logStartOffset, highWatermark].join("-");
  return `"${topicId}.${leaderEpoch.counter}-${leaderEpoch.random}.${range}.${chain}.${representation}"`;
}

/** Whether an `If-None-Match` names the tag; compared weakly (RFC 9110, 13.1.2). */
export function isNamed(etag: string, ifNoneMatch: string | null): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch
    .split(",")
    .map((one) => one.trim())
    .some((one) => one === "*" || one.replace(/^W\//, "") === etag);
}

/**
 * A key is erased: its tombstone is appended, and where the topic is compacted an order is written down with it, in one
 * transaction, that takes the values out. Where it is not, retention says when they go.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { mayHoldBehind } from "./compaction/key-behind.ts";
import { RETENTION_LATE_MS_MAX } from "./maintenance.ts";
import type { OpenPartition } from "./open-partition.ts";
import type { Appended } from "./partition-log.ts";
import type { ErasedKey, EraseRequest } from "./partition-port.ts";

/** The tombstone where it was written now. Throws what an append is refused with. */
export function beginErasure(
  { log, extent, erasures, store }: OpenPartition,
  { key, tombstone }: EraseRequest,
): { readonly erased: ErasedKey; readonly appended: Appended["appended"] } {
  const { logStartOffset, highWatermark } = extent.bounds();
  const nothing = { state: "gone", tombstoneOffset: null, goneAt: null, unopened: false } as const;
  if (logStartOffset === highWatermark) return { erased: nothing, appended: null };
  const { cleanup, retentionMs } = extent.settings;
  const underWay = cleanup.compact ? erasures.pendingOf(key) : null;
  // What came behind its tombstone is not in that order: it takes another.
  if (underWay !== null && !mayHoldBehind(store, underWay.offset, key))
    return { erased: pending(underWay.offset), appended: null };
  return store.transaction(() => {
    const { answer, appended } = log.append(tombstone, { fromReserve: true });
    if (answer.error !== null) throw new StrandlineError(answer.error.code, answer.error.said);
    const tombstoneOffset = answer.baseOffset ?? highWatermark;
    if (cleanup.compact) {
      erasures.order({ offset: tombstoneOffset, key });
      return { erased: pending(tombstoneOffset), appended };
    }
    const goneAt = retentionMs === null ? null : extent.end.appendedAt + retentionMs + RETENTION_LATE_MS_MAX;
    return { erased: { state: "retained", tombstoneOffset, goneAt, unopened: false }, appended };
  });
}

/** How far it is after the passes, or after the wait. */
export async function erasedWithin(
  { erasures }: OpenPartition,
  begun: ErasedKey,
  wait: { readonly passes: Promise<void>; readonly waitMs: number; readonly clock: Clock },
): Promise<ErasedKey> {
  const timer = new AbortController();
  await Promise.race([wait.passes, wait.clock.sleep(wait.waitMs, timer.signal)]);
  timer.abort();
  const unopened = begun.tombstoneOffset === null ? null : erasures.unopenedOf(begun.tombstoneOffset);
  return unopened === null ? begun : { ...begun, state: "gone", goneAt: wait.clock.now(), unopened };
}

function pending(tombstoneOffset: number): ErasedKey {
  return { state: "pending", tombstoneOffset, goneAt: null, unopened: false };
}

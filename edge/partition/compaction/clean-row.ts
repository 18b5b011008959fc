/** What a pass makes of one row. Decides; writes nothing. */
import { LIMITS } from "../../../shared/limits.ts";
import type { RecordBatch } from "../../../shared/record-batch-decode.ts";
import type { RecordCursor } from "../../../shared/record-cursor.ts";
import { writeReceived } from "../received-batches.ts";
import type { OffsetMap } from "./offset-map.ts";
import { batchesOfRow, openedBatches, type RowBatch } from "../../../shared/opened-batches.ts";
import { rewriteBatch, type RewrittenBatch } from "../../../shared/rewrite-batch.ts";

export interface CleaningRules {
  readonly map: OffsetMap;
  /** The row's tombstones have stood for their time. */
  readonly tombstonesDue: boolean;
  /** Some batch before the row could not be cleaned: an older record of any key may stand in it. */
  readonly behindSealed: boolean;
}

export interface CleanedRow {
  /** Null: as they were. Empty: no batch is left. */
  readonly bytes: Uint8Array | null;
  /** Some tombstone is left. */
  readonly holdsTombstones: boolean;
  /** `behindSealed` for the row behind this one. */
  readonly sealed: boolean;
  /** What had to be looked at, once it was inflated. */
  readonly openedBytes: number;
}

/**
 * A record goes where the map knows a later one of its key. A tombstone that is the latest goes as well once it is due, if
 * the same pass has cleaned all before it with a map that holds it: then nothing is left that it would have to undo.
 */
export async function cleanRow(bytes: Uint8Array | null, rules: CleaningRules): Promise<CleanedRow | "damaged"> {
  const stored = bytes === null ? null : batchesOfRow(bytes);
  if (bytes === null || stored === null) return "damaged";
  let openedBytes = 0;
  let changed = false;
  let holdsTombstones = false;
  let sealed = rules.behindSealed;
  let growthLeft = Math.max(LIMITS.runBytesMax - bytes.length, 0);
  const parts: Uint8Array[] = [];

  const keeps = (cursor: RecordCursor): boolean => {
    const key = cursor.view(cursor.keyStart, cursor.keyEnd);
    if (key === null) return true;
    const isTombstone = cursor.valueStart < 0;
    const latest = rules.map.latest(key);
    if (latest > cursor.offset) return false;
    if (isTombstone && latest === cursor.offset && rules.tombstonesDue && !sealed) return false;
    holdsTombstones ||= isTombstone;
    return true;
  };

  for await (const batch of openedBatches(stored)) {
    const original = bytes.subarray(batch.stored.start, batch.stored.end);
    if (batch.kind === "records") openedBytes += batch.opened.end - batch.opened.start;
    const rewritten = await rewrittenOf(batch, keeps);
    const growth = rewritten instanceof Uint8Array ? Math.max(rewritten.length - original.length, 0) : 0;
    // A producer's gzip can be denser than ours. Where the row would outgrow what a run may be, the batch stays.
    if (rewritten === "sealed" || growth > growthLeft) sealed = true;
    if (rewritten === "sealed" || rewritten === "unchanged" || growth > growthLeft) {
      parts.push(original);
      continue;
    }
    changed = true;
    growthLeft -= growth;
    if (rewritten !== "empty") parts.push(rewritten);
  }
  return { bytes: changed ? joined(parts) : null, holdsTombstones, sealed, openedBytes };
}

/** The batches of a row that still has all that was received. */
export function receivedOf(bytes: Uint8Array): Uint8Array {
  return writeReceived((batchesOfRow(bytes) ?? []).map(({ count, crc }: RecordBatch) => ({ count, crc })));
}

async function rewrittenOf(
  batch: RowBatch,
  keeps: (cursor: RecordCursor) => boolean,
): Promise<RewrittenBatch | "sealed"> {
  switch (batch.kind) {
    case "records":
      return await rewriteBatch(batch, keeps);
    case "control":
      return "unchanged";
    case "sealed":
      return "sealed";
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

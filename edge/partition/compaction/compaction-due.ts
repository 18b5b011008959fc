/** Whether a pass is worth its rows. Bytes are of all but the last row, which is never cleaned. */
import type { RunColumns } from "../log-rows.ts";
import { COMPACTION_LIMITS } from "./compaction-limits.ts";
import type { Cleaned, CompactionRows } from "./compaction-rows.ts";

export interface Dirtiness {
  readonly cleanBytes: number;
  readonly dirtyBytes: number;
  readonly tombstonesSince: number | null;
}

export interface DueTimes {
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

/** Dirty bytes are half of all, or tombstones have stood for their time. */
export function compactionDue({ cleanBytes, dirtyBytes, tombstonesSince }: Dirtiness, times: DueTimes): boolean {
  if (dirtyBytes > 0 && dirtyBytes >= COMPACTION_LIMITS.dirtyRatioMin * (cleanBytes + dirtyBytes)) return true;
  return tombstonesDue(tombstonesSince, times);
}

export function tombstonesDue(since: number | null, { nowMs, deleteRetentionMs }: DueTimes): boolean {
  return since !== null && nowMs >= since + deleteRetentionMs;
}

/** From the columns of three rows: what is dirty has the size it was appended with. */
export function dirtiness(rows: CompactionRows, log: { startOffset: number; cleaned: Cleaned }): Dirtiness {
  const { cleanedTo, cleanBytes, tombstonesSince } = log.cleaned;
  const tail = rows.lastRun();
  const first = rowAtOrBehind(rows, log.startOffset);
  if (tail === null || first === null) return { cleanBytes: 0, dirtyBytes: 0, tombstonesSince };
  const dirty = rowAtOrBehind(rows, Math.max(cleanedTo, log.startOffset)) ?? tail;
  const dirtyBytes = tail.sizeBefore - dirty.sizeBefore;
  // Retention may have dropped cleaned rows since they were counted: what was appended there is the most that is left.
  return { cleanBytes: Math.min(cleanBytes, dirty.sizeBefore - first.sizeBefore), dirtyBytes, tombstonesSince };
}

/** The row that contains the offset, or the next one where that is gone. */
export function rowAtOrBehind(rows: CompactionRows, offset: number): RunColumns | null {
  const around = rows.runAround(offset);
  if (around !== null && around.lastOffset >= offset) return around;
  return rows.runsBehind(offset, 1)[0] ?? null;
}

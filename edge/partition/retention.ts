/** Which rows of a log are due to go, as Kafka's `deleteOldSegments` decides it, with a row in the place of a segment. */
import type { PartitionSettings } from "../topic-config.ts";
import type { RunColumns } from "./log-rows.ts";

/** The rows, so far as retention needs them. */
export interface RetentionRows {
  runsBehind(offset: number, limit: number): RunColumns[];
  sumOfSizes(): number;
}

export interface RetentionQuestion {
  readonly settings: PartitionSettings;
  readonly nowMs: number;
  readonly startOffset: number;
  readonly nextOffset: number;
  /** Bytes of the rows, unless compaction has changed some. */
  readonly sizeBytes: number;
}

/** Rows looked at in one turn: a log that was not looked after for a year must not stop its partition for seconds. */
const ROWS_PER_TURN = 512;

export interface RetentionVerdict {
  /** The log start that is due; rows that end below it go. */
  readonly startOffset: number;
  /** More may be due behind it. */
  readonly more: boolean;
}

/** Null: nothing is due. */
export function dueRetention(rows: RetentionRows, question: RetentionQuestion): RetentionVerdict | null {
  const { settings, nowMs, startOffset } = question;
  if (!settings.cleanup.delete) return null;
  const { retentionMs, retentionBytes } = settings;
  if (retentionMs === null && retentionBytes === null) return null;
  let over = retentionBytes === null ? 0 : bytesHeld(rows, question) - retentionBytes;
  const isDue = (run: RunColumns): boolean => {
    // From the edge's clock: what comes in after a month offline is as young as anything.
    const tooOld = retentionMs !== null && run.appendedAt + retentionMs <= nowMs;
    const tooMuch = over >= run.size && over > 0;
    over -= run.size;
    return tooOld || tooMuch;
  };
  // Asked often and due rarely: the oldest row alone says so.
  const [oldest] = rows.runsBehind(0, 1);
  if (oldest === undefined || !isDue(oldest)) return null;
  let due = oldest.lastOffset + 1;
  const others = rows.runsBehind(due, ROWS_PER_TURN);
  for (const run of others) {
    if (!isDue(run)) return { startOffset: due, more: false };
    due = run.lastOffset + 1;
  }
  return { startOffset: Math.max(due, startOffset), more: others.length === ROWS_PER_TURN };
}

function bytesHeld(rows: RetentionRows, { settings, sizeBytes }: RetentionQuestion): number {
  return settings.cleanup.compact ? rows.sumOfSizes() : sizeBytes;
}

/** When the oldest row will be due by its age; null: never. */
export function nextRetentionAt(rows: RetentionRows, settings: PartitionSettings): number | null {
  if (!settings.cleanup.delete || settings.retentionMs === null) return null;
  const [oldest] = rows.runsBehind(0, 1);
  return oldest === undefined ? null : oldest.appendedAt + settings.retentionMs;
}

/**
 * Compaction by key of one partition (Kafka's log cleaner). A pass learns the latest offset of each key in the dirty part
 * of the log until its map is full, then goes from the log's start to where the map ends and leaves out what the map
 * supersedes. Offsets never change; the last row is never touched.
 *
 * A pass lives in memory alone: when the object is evicted the next one begins again and finds less to do. It owns no
 * timers: `step` does a slice of bounded size, between which the partition appends.
 */
import { assert } from "../../../shared/assert.ts";
import type { RunColumns } from "../log-rows.ts";
import { isWhereItSays } from "../row-check.ts";
import { cleanRow, receivedOf, type CleanedRow } from "./clean-row.ts";
import { compactionDue, dirtiness, rowAtOrBehind, tombstonesDue } from "./compaction-due.ts";
import { COMPACTION_LIMITS, type CompactionLimits } from "./compaction-limits.ts";
import type { CompactionLog, CompactionRows } from "./compaction-rows.ts";
import { NO_ERASURES, type ErasureOrders } from "./erasures.ts";
import { mapRow, type MappedRow } from "./map-row.ts";
import { erasingPass, newPass, type Pass } from "./pass.ts";

export interface CompactionStep {
  readonly nowMs: number;
  /** How long a tombstone stays in a row that has been cleaned. */
  readonly deleteRetentionMs: number;
  /** How long a row that is empty still says what its producer sent; one of no producer goes at once. */
  readonly producerStateRetentionMs: number;
  /** The producers' snapshots on disk hold all below this offset. */
  readonly snapshotsCover: number;
  /** Also while little is dirty. */
  readonly force?: boolean;
}

export interface CompactionOptions {
  readonly orders?: ErasureOrders;
  readonly limits?: CompactionLimits;
}

const EMPTY = new Uint8Array();

/** What a slice does with a row. `fullAt`: the phase ends early, at this offset. Null: the row is gone. */
type RowVisit = (row: RunColumns) => Promise<MappedRow | null>;
type RowFilter = (row: RunColumns) => boolean;

export class Compaction {
  readonly #rows: CompactionRows;
  readonly #log: CompactionLog;
  readonly #orders: ErasureOrders;
  readonly #limits: CompactionLimits;
  #pass: Pass | null = null;
  #running = false;
  #isStopped = false;

  constructor(
    rows: CompactionRows,
    log: CompactionLog,
    { orders = NO_ERASURES, limits = COMPACTION_LIMITS }: CompactionOptions = {},
  ) {
    this.#rows = rows;
    this.#log = log;
    this.#orders = orders;
    this.#limits = limits;
  }

  /** What is under way throws instead of writing: the log went on without it. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A pass is under way, or one would begin. Reads the columns of a few rows. */
  due(times: Pick<CompactionStep, "nowMs" | "deleteRetentionMs">): boolean {
    return this.#pass !== null || this.#orders.pending().length > 0 || compactionDue(this.#dirtiness(), times);
  }

  /**
   * One slice. `done`: nothing is left to do for now. One call at a time. What storage throws passes through; the next
   * call takes the slice up where it failed.
   */
  async step(step: CompactionStep): Promise<"more" | "done"> {
    assert(!this.#running, "one step of compaction at a time");
    this.#running = true;
    try {
      this.#pass ??= this.#begin(step);
      if (this.#pass === null) return "done";
      await this.#slice(this.#pass, step);
      return this.#pass !== null || this.#wants(step) ? "more" : "done";
    } finally {
      this.#running = false;
    }
  }

  #wants(step: CompactionStep): boolean {
    if (this.#orders.pending().length > 0) return true;
    const found = this.#dirtiness();
    return compactionDue(found, step) || (step.force === true && found.dirtyBytes > 0);
  }

  #dirtiness(): ReturnType<typeof dirtiness> {
    return dirtiness(this.#rows, { startOffset: this.#log.startOffset(), cleaned: this.#log.cleaned() });
  }

  #begin(step: CompactionStep): Pass | null {
    const tail = this.#rows.lastRun();
    if (tail === null) this.#nothingLeft();
    if (tail === null || !this.#wants(step)) return null;
    const parts = { startOffset: this.#log.startOffset(), nowMs: step.nowMs, limits: this.#limits };
    const erasing = erasingPass(this.#orders.pending(), parts);
    if (erasing !== null) return erasing;
    const { cleanedTo } = this.#log.cleaned();
    return newPass(Math.min(Math.max(cleanedTo, parts.startOffset), tail.baseOffset), tail.baseOffset, parts);
  }

  /** Nor of any key that was to be erased: its order would be due for ever. */
  #nothingLeft(): void {
    this.#demandGoing();
    const pending = this.#orders.pending();
    if (pending.length > 0) this.#orders.done(pending, false);
  }

  async #slice(pass: Pass, step: CompactionStep): Promise<void> {
    switch (pass.phase) {
      case "mapping":
        return await this.#map(pass, step);
      case "mapping tombstones":
        return await this.#mapTombstones(pass, step);
      case "cleaning":
        return await this.#clean(pass, step);
    }
  }

  async #map(pass: Pass, { deleteRetentionMs }: CompactionStep): Promise<void> {
    const part = { from: pass.dirtyFrom, tombstonesAlone: false };
    const end = await this.#visit(pass, pass.tail, async (row) => {
      const bytes = this.#soundBytes(row);
      return bytes === null ? null : await mapRow(bytes, pass.map, part);
    });
    if (end === null) return;
    pass.mapEnd = end;
    const { tombstonesSince } = this.#log.cleaned();
    const anyDue = tombstonesDue(tombstonesSince, { nowMs: pass.startedAt, deleteRetentionMs });
    pass.phase = anyDue ? "mapping tombstones" : "cleaning";
    pass.next = this.#log.startOffset();
  }

  /** What stands for its time is put into the map as well, so that this pass itself clears the way before it goes. */
  async #mapTombstones(pass: Pass, { deleteRetentionMs }: CompactionStep): Promise<void> {
    const part = { from: 0, tombstonesAlone: true };
    const times = { nowMs: pass.startedAt, deleteRetentionMs };
    const visit: RowVisit = async (row) => {
      const bytes = this.#soundBytes(row);
      return bytes === null ? null : await mapRow(bytes, pass.map, part);
    };
    const end = await this.#visit(pass, pass.dirtyFrom, visit, (row) => tombstonesDue(row.tombstonesSince, times));
    if (end === null) return;
    pass.phase = "cleaning";
    pass.next = this.#log.startOffset();
  }

  async #clean(pass: Pass, step: CompactionStep): Promise<void> {
    const end = await this.#visit(pass, pass.mapEnd, async (row) => {
      const openedBytes = await this.#cleanRow(pass, row, step);
      return { fullAt: null, openedBytes };
    });
    if (end === null) return;
    const { mapEnd, cleanBytes, tombstonesSince, erasures } = pass;
    this.#demandGoing();
    if (erasures === null) this.#log.writeCleaned({ cleanedTo: mapEnd, cleanBytes, tombstonesSince });
    else this.#orders.done(erasures, pass.behindSealed);
    this.#pass = null;
  }

  /** Up to a slice's worth of rows that begin before `end`. Answers where the phase ended, or null: it goes on. */
  async #visit(pass: Pass, end: number, visit: RowVisit, filter: RowFilter = () => true): Promise<number | null> {
    const { sliceRowsMax, sliceBytesMax } = this.#limits;
    const first = rowAtOrBehind(this.#rows, pass.next);
    const rows = first === null ? [] : this.#rows.runsBehind(first.baseOffset, sliceRowsMax);
    let bytes = 0;
    for (const row of rows) {
      if (row.baseOffset >= end) return end;
      if (filter(row)) {
        if (bytes > 0 && bytes + row.size > sliceBytesMax) return null;
        const visited = await visit(row);
        if (visited !== null && visited.fullAt !== null) return visited.fullAt;
        bytes += Math.max(row.size, visited?.openedBytes ?? 0);
      }
      pass.next = row.lastOffset + 1;
    }
    return rows.length < sliceRowsMax ? end : null;
  }

  /** Bytes that were looked at, once they were inflated. */
  async #cleanRow(pass: Pass, row: RunColumns, step: CompactionStep): Promise<number> {
    const { deleteRetentionMs } = step;
    const bytes = row.size === 0 ? EMPTY : this.#rows.runBytes(row.baseOffset);
    if (bytes === null) return 0;
    const cleaned = await cleanRow(this.#isWhereItSays(row, bytes) ? bytes : null, {
      map: pass.map,
      tombstonesDue:
        pass.erasures === null && tombstonesDue(row.tombstonesSince, { nowMs: pass.startedAt, deleteRetentionMs }),
      behindSealed: pass.behindSealed,
    });
    pass.behindSealed = cleaned === "damaged" || cleaned.sealed;
    const left = (cleaned === "damaged" ? null : cleaned.bytes) ?? bytes;
    // Tombstones stand for their time once all keys before them were cleaned, which a pass over some does not do.
    const isAsBefore = cleaned === "damaged" || pass.erasures !== null;
    const since = isAsBefore ? row.tombstonesSince : sinceOf(row, { cleaned, mapEnd: pass.mapEnd, step });
    const isEmpty = cleaned !== "damaged" && left.length === 0;
    const isGone = isEmpty && isForgettable(row, step);
    const isKept = this.#rows.transaction(() => this.#write(row, isGone ? null : { bytes, left, since }));
    const openedBytes = cleaned === "damaged" ? 0 : cleaned.openedBytes;
    if (!isKept) return openedBytes;
    pass.cleanBytes += left.length + this.#limits.rowOverheadBytes;
    if (since !== null && !pass.behindSealed) pass.tombstonesSince = Math.min(pass.tombstonesSince ?? since, since);
    return openedBytes;
  }

  #demandGoing(): void {
    assert(!this.#isStopped, "compaction goes on");
  }

  /** Null: the row is gone, or its offsets are damaged: they would supersede what they are not those of. */
  #soundBytes(row: RunColumns): Uint8Array | null {
    const bytes = this.#rows.runBytes(row.baseOffset);
    return bytes === null || !this.#isWhereItSays(row, bytes) ? null : bytes;
  }

  #isWhereItSays(row: RunColumns, bytes: Uint8Array): boolean {
    return isWhereItSays({ ...row, received: this.#rows.received(row.baseOffset) }, bytes);
  }

  /** `change` null: the row goes. False: it is gone, dropped by retention since it was read or by this. */
  #write(
    row: RunColumns,
    change: { readonly bytes: Uint8Array; readonly left: Uint8Array; readonly since: number | null } | null,
  ): boolean {
    const { baseOffset } = row;
    this.#demandGoing();
    if (this.#rows.runAround(baseOffset)?.baseOffset !== baseOffset) return false;
    if (change === null) {
      this.#rows.deleteRun(baseOffset);
      return false;
    }
    const { bytes, left, since } = change;
    if (left !== bytes || since !== row.tombstonesSince) {
      const received = this.#rows.received(baseOffset) ?? receivedOf(bytes);
      this.#rows.rewriteRun(baseOffset, { received, tombstonesSince: since, bytes: left });
    }
    return true;
  }
}

/** Since when the tombstones of the row stand. A row that the map covers in part only has others still to come. */
function sinceOf(
  row: RunColumns,
  { cleaned, mapEnd, step }: { readonly cleaned: CleanedRow; readonly mapEnd: number; readonly step: CompactionStep },
): number | null {
  if (!cleaned.holdsTombstones) return null;
  return row.tombstonesSince ?? (row.lastOffset < mapEnd ? step.nowMs : null);
}

/**
 * Nobody can ask for what its producer sent: it has none, or that was long ago and a snapshot says where the producer
 * stands.
 */
function isForgettable(
  { appendedAt, lastOffset, firstSequence }: RunColumns,
  { nowMs, producerStateRetentionMs, snapshotsCover }: CompactionStep,
): boolean {
  if (firstSequence === null) return true;
  return lastOffset < snapshotsCover && nowMs >= appendedAt + producerStateRetentionMs;
}

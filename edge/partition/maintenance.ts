/**
 * What a partition does by itself: retention and compaction, in turns that let appends in between. Alarms are armed
 * lazily, since each is billed as a row, and never trusted: what is due is looked at again whenever the object wakes,
 * because an alarm may be lost with the process that held it, and one that fails seven times never comes again.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { LogExtent } from "./log-extent.ts";
import type { LogStore } from "./log-store.ts";
import type { Cover, ProducerStates } from "./producer-states.ts";
import { dueRetention, nextRetentionAt } from "./retention.ts";

/** The one alarm of an object. */
export interface AlarmPort {
  get(): Promise<number | null>;
  set(atMs: number): Promise<void>;
}

/** Work that goes on by itself, a slice at a time. */
export interface BackgroundWork {
  /** Whether there is enough of it to begin. */
  due(): boolean;
  step(): Promise<"more" | "done">;
  /** When it will be due by time alone; null: it will not. */
  nextAtMs(): number | null;
  /** Writes nothing from here on. */
  stop(): void;
}

export interface MaintenanceParts {
  readonly store: LogStore;
  readonly extent: LogExtent;
  readonly producers: ProducerStates;
  readonly clock: Clock;
  readonly alarm: AlarmPort;
  readonly works: readonly BackgroundWork[];
  /** What went wrong; the work goes on at the next alarm. */
  readonly failed: (error: unknown) => void;
}

/** Kafka looks every five minutes (`log.retention.check.interval.ms`). */
const INTERVAL_MS = 300_000;
/** Rows that are due are gone so much later at the latest: an alarm that comes within the interval is not moved. */
export const RETENTION_LATE_MS_MAX: number = 2 * INTERVAL_MS;
/** Between two looks at the size of the log. */
const BYTES_BETWEEN_LOOKS = 262_144;

export class Maintenance {
  readonly #parts: MaintenanceParts;
  /** Undefined: not asked yet. Null: none is set. */
  #alarmAt: number | null | undefined = undefined;
  #running: Promise<void> | null = null;
  #bytesLookedAt = 0;
  #isStopped = false;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  /** For good: memory is no longer true, and another one goes on from what storage holds. */
  stop(): void {
    this.#isStopped = true;
    for (const work of this.#parts.works) work.stop();
  }

  /** After the object woke: what came due while nobody was there is done now. */
  async woke(): Promise<void> {
    this.#alarmAt = await this.#parts.alarm.get();
    if (this.#isDue()) await this.run();
    else await this.#arm();
  }

  /** After an append. Cheap: most of the time there is nothing to do. */
  appended(): Promise<void> | null {
    if (this.#alarmAt === undefined || this.#running !== null) return null;
    const { sizeBefore } = this.#parts.extent.end;
    if (sizeBefore - this.#bytesLookedAt >= BYTES_BETWEEN_LOOKS) {
      this.#bytesLookedAt = sizeBefore;
      if (this.#isDue()) return this.run();
    }
    return this.#alarmAt === null && this.#nextAt() !== null ? this.#arm() : null;
  }

  /** The alarm has fired: it is no longer set. */
  async alarmed(): Promise<void> {
    this.#alarmAt = null;
    await this.run();
  }

  /** Does what somebody was promised, also where this process ends before it is done and nobody calls again. */
  async ordered(): Promise<void> {
    await this.#arm();
    // One that runs already may have begun before the order was there.
    await this.run();
    await this.run();
  }

  /** Does what is due. Calls that come while it runs end with it. */
  run(): Promise<void> {
    this.#running ??= this.#untilDone().finally(() => (this.#running = null));
    return this.#running;
  }

  async #untilDone(): Promise<void> {
    try {
      while (!this.#isStopped && this.#retain()) await this.#parts.clock.sleep(0);
      for (const work of this.#parts.works) {
        while (!this.#isStopped && work.due() && (await work.step()) === "more") await this.#parts.clock.sleep(0);
      }
    } catch (error) {
      if (!this.#isStopped) this.#parts.failed(error);
    }
    if (!this.#isStopped) await this.#arm();
  }

  /** One turn of retention. True: more is due. */
  #retain(): boolean {
    const verdict = this.#dueRetention();
    if (verdict === null) return false;
    const { store } = this.#parts;
    const oldest = store.firstRun()?.baseOffset;
    moveStart(this.#parts, verdict.startOffset);
    // Rows that may not go yet (see `moveStart`) are tried again another time.
    return verdict.more && store.firstRun()?.baseOffset !== oldest;
  }

  #dueRetention(): ReturnType<typeof dueRetention> {
    const { store, extent, clock } = this.#parts;
    return dueRetention(store, {
      settings: extent.settings,
      nowMs: clock.now(),
      startOffset: extent.startOffset,
      nextOffset: extent.end.nextOffset,
      sizeBytes: extent.sizeBytes(),
    });
  }

  #isDue(): boolean {
    return this.#dueRetention() !== null || this.#parts.works.some((work) => work.due());
  }

  #nextAt(): number | null {
    const { store, extent, works } = this.#parts;
    const times = [nextRetentionAt(store, extent.settings), ...works.map((work) => work.nextAtMs())];
    const known = times.filter((time) => time !== null);
    return known.length === 0 ? null : Math.min(...known);
  }

  /** Where none is set that comes early enough. */
  async #arm(): Promise<void> {
    const next = this.#nextAt();
    if (next === null) return;
    const at = Math.max(next, this.#parts.clock.now() + INTERVAL_MS);
    if (this.#isArmedBefore(at + INTERVAL_MS)) return;
    this.#alarmAt = at;
    try {
      await this.#parts.alarm.set(at);
    } catch (error) {
      this.#alarmAt = null;
      throw error;
    }
  }

  /** One that is overdue by so much was lost: it never fires. */
  #isArmedBefore(atMs: number): boolean {
    const at = this.#alarmAt ?? null;
    return at !== null && at <= atMs && at > this.#parts.clock.now() - INTERVAL_MS;
  }
}

/**
 * The log start moves up to the offset. What producers' states are known by goes into snapshots first, in the same
 * transaction; rows that cannot go for want of room in a snapshot stay on the disk, unseen.
 */
export function moveStart(
  { extent, producers }: Pick<MaintenanceParts, "extent" | "producers">,
  startOffset: number,
): void {
  const covers: Cover[] = [];
  extent.moveStart(startOffset, () => {
    const cover = producers.coverUpTo(startOffset);
    covers.push(cover);
    return cover.deletableBelow;
  });
  for (const cover of covers) producers.commitCover(cover);
}

/** Kafka's DeleteRecords; -1: all of it. True: the log begins further up now. Throws `OFFSET_OUT_OF_RANGE` beyond its end. */
export function deleteBelow(parts: Pick<MaintenanceParts, "extent" | "producers">, before: number): boolean {
  const { logStartOffset, highWatermark } = parts.extent.bounds();
  const startOffset = before === -1 ? highWatermark : before;
  if (startOffset > highWatermark)
    throw new StrandlineError("OFFSET_OUT_OF_RANGE", `offset ${before}, the log ends at ${highWatermark}`, {
      offset: before,
      logStartOffset,
      highWatermark,
    });
  if (startOffset <= logStartOffset) return false;
  moveStart(parts, startOffset);
  return true;
}

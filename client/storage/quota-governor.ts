/**
 * Looks after the origin's quota. Under pressure it drops acknowledged data in the background; where storage is nearly
 * full it holds appends back until something is freed, by itself or by sync, and refuses one only when nothing is. What
 * was not synced is never touched.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { WorkerEvent } from "../calls/worker-event.ts";
import type { Room } from "../log/local-log.ts";
import type { StorageEstimate } from "../ports.ts";
import {
  bytesBeforePressure,
  excessBytes,
  mayFit,
  nextLevel,
  type StorageLevel,
  type StorageUsage,
} from "./storage-level.ts";

export interface GovernorPorts {
  readonly storage: StorageEstimate;
  readonly clock: Clock;
  /** Drops acknowledged data; how many bytes went. */
  readonly evict: (bytes: number, signal: AbortSignal) => Promise<number>;
  readonly tell: (event: Extract<WorkerEvent, { readonly type: "storage.pressure" }>) => void;
}

/** An append is answered within 30 s: the page gives it up then. */
const HOLD_MS_MAX = 5_000;
const LOOK_AGAIN_MS = 250;
/** After a refusal nothing tells that the quota was raised but another try. */
const TRY_MS = 1_000;
/** The browser's own bookkeeping comes and goes; only more than this above what was refused says that the quota is another one. */
const CEILING_SLACK = 1.02;
/** Without an idea of the quota, and where it is large, so many bytes are written between two looks. */
const BUDGET = { bytesMin: 1024 * 1024, bytesMax: 64 * 1024 * 1024 };

export class QuotaGovernor implements Room {
  readonly #ports: GovernorPorts;
  readonly #closing = new AbortController();
  #level: StorageLevel = "ok";
  #usage: StorageUsage | null = null;
  /** Null: nobody has looked yet. */
  #budgetBytes: number = BUDGET.bytesMin;
  #looking: Promise<StorageUsage | null> | null = null;
  #evicting: Promise<void> | null = null;
  #evictedBytes = 0;
  /** An append was refused: the next ones are not held, until there is room again. */
  #full = false;
  #lookedAt = -Infinity;
  /**
   * What was used when the browser refused a write. Chromium tells sites that ten more gigabytes are free whatever is, so
   * this is all that is known of its quota; it holds until more than that is used.
   */
  #ceiling: { readonly usageBytes: number; readonly at: number } | null = null;

  constructor(ports: GovernorPorts) {
    this.#ports = ports;
  }

  get level(): StorageLevel {
    return this.#level;
  }

  close(): void {
    this.#closing.abort();
  }

  admit(bytes: number): Promise<void> | null {
    this.#budgetBytes -= bytes;
    if (this.#level === "critical" || this.#full) return this.#hold(bytes);
    if (this.#budgetBytes > 0) return null;
    // A look takes some milliseconds; one that is due because of small appends holds none of them up.
    if (bytes > BUDGET.bytesMin) return this.#hold(bytes);
    void this.look();
    return null;
  }

  async free(): Promise<boolean> {
    const before = this.#evictedBytes;
    const told = await this.#ports.storage.estimate();
    if (told !== null) this.#ceiling = { usageBytes: told.usageBytes, at: this.#ports.clock.now() };
    const usage = await this.#lookAfresh();
    const wanted = usage === null ? BUDGET.bytesMin : Math.max(excessBytes(usage), BUDGET.bytesMin);
    await this.#evict(wanted);
    return this.#evictedBytes > before;
  }

  async refusal(): Promise<StrandlineError> {
    if (this.#ceiling !== null) this.#ceiling = { ...this.#ceiling, at: this.#ports.clock.now() };
    return await this.#refused();
  }

  async #refused(): Promise<StrandlineError> {
    this.#full = true;
    const usage = await this.look();
    const numbers = usage === null ? {} : { usageBytes: usage.usageBytes, quotaBytes: usage.quotaBytes };
    const said = usage === null ? "" : `: ${usage.usageBytes} of ${usage.quotaBytes} bytes are used`;
    return new StrandlineError(
      "STORAGE_FULL",
      `the browser's quota for this origin is used up, and nothing is left that may be dropped${said}`,
      numbers,
    );
  }

  /** What another tab has found. */
  adopt(level: StorageLevel): void {
    this.#level = level;
  }

  /** Asks the browser; makes room in the background where it has become scarce. */
  look(): Promise<StorageUsage | null> {
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #lookAfresh(): Promise<StorageUsage | null> {
    await this.#looking;
    return await this.look();
  }

  async #look(): Promise<StorageUsage | null> {
    const usage = this.#below(await this.#ports.storage.estimate());
    this.#lookedAt = this.#ports.clock.now();
    this.#usage = usage;
    if (usage === null) {
      this.#budgetBytes = BUDGET.bytesMax;
      return null;
    }
    this.#budgetBytes = Math.min(BUDGET.bytesMax, Math.max(BUDGET.bytesMin, bytesBeforePressure(usage) / 2));
    const level = nextLevel(this.#level, usage);
    const changed = level !== this.#level;
    this.#level = level;
    if (changed) this.#ports.tell({ type: "storage.pressure", level, ...usage });
    if (level !== "ok") void this.#evict(excessBytes(usage)).catch(() => undefined);
    return usage;
  }

  #below(told: StorageUsage | null): StorageUsage | null {
    if (told === null || this.#ceiling === null) return told;
    if (told.usageBytes > this.#ceiling.usageBytes * CEILING_SLACK) {
      this.#ceiling = null;
      this.#full = false;
    }
    return { ...told, quotaBytes: Math.min(told.quotaBytes, this.#ceiling?.usageBytes ?? Infinity) };
  }

  /** Whether to ask the browser by trying: it says no more of its quota than what it refuses. */
  #mayTry(): boolean {
    return this.#ceiling !== null && this.#ports.clock.now() - this.#ceiling.at >= TRY_MS;
  }

  async #hold(bytes: number): Promise<void> {
    const { clock } = this.#ports;
    const until = clock.now() + (this.#full ? 0 : HOLD_MS_MAX);
    // Who was refused asks again at once, and so would all others.
    let usage = clock.now() - this.#lookedAt < LOOK_AGAIN_MS ? this.#usage : await this.look();
    let evictedBytes = this.#evictedBytes;
    while (usage !== null && !this.#closing.signal.aborted) {
      const fits = mayFit(usage, bytes);
      if (this.#mayTry() || (fits && this.#level !== "critical")) break;
      await this.#evict(excessBytes(usage) + bytes);
      if (this.#evictedBytes === evictedBytes) {
        if (fits) break;
        if (clock.now() >= until) throw await this.#refused();
        await clock.sleep(LOOK_AGAIN_MS, this.#closing.signal);
      }
      evictedBytes = this.#evictedBytes;
      usage = await this.look();
    }
    // It is held again once the browser has taken what is tried now.
    if (this.#ceiling === null) this.#full = false;
  }

  /** One at a time; what it freed is counted. */
  async #evict(bytes: number): Promise<void> {
    this.#evicting ??= this.#ports
      .evict(bytes, this.#closing.signal)
      .then((evicted) => void (this.#evictedBytes += evicted))
      .finally(() => (this.#evicting = null));
    await this.#evicting;
  }
}

/**
 * Time as the group watched it: sessions are measured by it alone, never by what a clock says that may have jumped or
 * gone on while nobody looked. Going back counts nothing; a gap far beyond the look that was due is no time at all.
 */

/** An alarm can be late by that much. */
const LATE_MS_MAX = 15_000;

export class WatchedTime {
  #lastMs: number | null = null;
  #lookMs: number | null = null;
  #watchedMs = 0;

  get watchedMs(): number {
    return this.#watchedMs;
  }

  /** When the next look is due, by the clock. */
  get lookMs(): number | null {
    return this.#lookMs;
  }

  /** False: nobody watched since the last time, or the clock was set forward: nobody's silence since then counts. */
  pass(nowMs: number): boolean {
    const last = this.#lastMs ?? nowMs;
    this.#lastMs = nowMs;
    if (nowMs < last) {
      this.#lookMs = null;
      return true;
    }
    if (this.#lookMs !== null && nowMs > this.#lookMs + LATE_MS_MAX) return false;
    this.#watchedMs += nowMs - last;
    return true;
  }

  /** Moves only where it is due, was to be later than `withinMs` from now, or was never set. */
  look(nowMs: number, withinMs: number): void {
    if (this.#lookMs === null || nowMs >= this.#lookMs || this.#lookMs > nowMs + withinMs)
      this.#lookMs = nowMs + withinMs;
  }
}

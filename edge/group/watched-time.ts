/**
 * Time as the group watched it: sessions are measured by it alone, never by what a clock says that may have jumped or
 * gone on while nobody looked. Going back counts nothing; a gap far beyond the look that was due is no time at all.
 */

/** Since a time nobody watched, and yet it is known who was not heard of: an alarm looks, and its object sleeps again. */
export interface Silence {
  /** By the clock. */
  readonly sinceMs: number;
  readonly lookMs: number;
}

/** An alarm can be late by that much. */
const LATE_MS_MAX = 15_000;

export class WatchedTime {
  #lastMs: number | null = null;
  #lookMs: number | null = null;
  #watchedMs = 0;

  /** `silence`: counts as watched, from its beginning. */
  constructor(silence: Silence | null = null) {
    if (silence === null) return;
    this.#lastMs = silence.sinceMs;
    this.#lookMs = silence.lookMs;
  }

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

/**
 * The controller's one alarm: set while something is pending, and only then. It is never trusted to fail and come
 * again: an alarm that throws seven times is dropped for good, so what it does catches its own failures.
 */
import type { Clock } from "../../shared/clock.ts";

export interface RetryAlarmPort {
  get(): Promise<number | null>;
  set(atMs: number): Promise<void>;
  delete(): Promise<void>;
}

/** So long the call that made the change has for itself. */
const GUARD_MS = 5_000;
const BACK_OFF_MS_MIN = 1_000;
const BACK_OFF_MS_MAX = 60_000;

export class RetryAlarm {
  readonly #alarm: RetryAlarmPort;
  readonly #clock: Clock;
  /** Set by this instance. Null: it knows of none. */
  #atMs: number | null = null;

  constructor(alarm: RetryAlarmPort, clock: Clock) {
    this.#alarm = alarm;
    this.#clock = clock;
  }

  /** In the turn of the change itself, so that both are committed as one. */
  async guard(): Promise<void> {
    await this.#within(GUARD_MS);
  }

  /** On construction: local development loses alarms. */
  async restore(): Promise<void> {
    if ((await this.#alarm.get()) === null) await this.#within(BACK_OFF_MS_MIN);
  }

  fired(): void {
    this.#atMs = null;
  }

  /** `failures`: rounds in a row in which something failed. */
  async backOff(failures: number): Promise<void> {
    this.#atMs = null;
    await this.#within(Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** Math.min(failures, 16)));
  }

  async rest(): Promise<void> {
    this.#atMs = null;
    await this.#alarm.delete();
  }

  /** One that comes earlier stays. */
  async #within(ms: number): Promise<void> {
    const now = this.#clock.now();
    if (this.#atMs !== null && this.#atMs > now && this.#atMs <= now + ms) return;
    this.#atMs = now + ms;
    await this.#alarm.set(this.#atMs);
  }
}

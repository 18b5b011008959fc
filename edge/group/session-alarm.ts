/** The one alarm of a group's object. Setting it writes a row, so it is set only where none stands that comes in time. */
import type { Clock } from "../../shared/clock.ts";

type AlarmStorage = Pick<DurableObjectStorage, "getAlarm" | "setAlarm" | "deleteAlarm">;

export class SessionAlarm {
  readonly #storage: AlarmStorage;
  readonly #clock: Clock;
  #atMs: number | null = null;
  /** Rows written by this instance for it. */
  rowsWritten = 0;

  constructor(storage: AlarmStorage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** On construction. */
  async learn(): Promise<void> {
    this.#atMs = await this.#storage.getAlarm();
  }

  fired(): void {
    this.#atMs = null;
  }

  /** In the turn of what it is for, so that both are committed as one. One that comes earlier stays. */
  async by(atMs: number): Promise<void> {
    // One that should have come and has not is lost, or about to come: set again it does no harm.
    const stands = this.#atMs !== null && this.#atMs <= atMs && this.#atMs >= this.#clock.now();
    if (stands) return;
    this.#atMs = atMs;
    this.rowsWritten += 1;
    await this.#storage.setAlarm(atMs);
  }

  async rest(): Promise<void> {
    this.#atMs = null;
    await this.#storage.deleteAlarm();
  }
}

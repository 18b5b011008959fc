/** The object's one alarm. Setting it is billed as a row written, and counted as it is asked for: whoever did tells its cost. */
import type { AlarmPort } from "./maintenance.ts";

export class CountedAlarm implements AlarmPort {
  readonly #storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">;
  /** Rows written by this instance for it. */
  rowsWritten = 0;

  constructor(storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">) {
    this.#storage = storage;
  }

  async get(): Promise<number | null> {
    return await this.#storage.getAlarm();
  }

  async set(atMs: number): Promise<void> {
    this.rowsWritten += 1;
    await this.#storage.setAlarm(atMs);
  }
}

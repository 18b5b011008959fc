/**
 * What tells of a database that is gone: a note outside of IndexedDB, with the device's id and how many records were not
 * synced. It is written whenever that number becomes zero or ceases to be, else once a second at most: so it is exact but
 * for the last second, and says zero only when all was synced.
 *
 * It stands in the Cache API: workers have it in all engines (they have no localStorage), it is on the disk when `put`
 * resolves, and clearing IndexedDB leaves it, while clearing the site takes both.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Locks } from "../ports.ts";

export interface CanaryNote {
  readonly deviceId: string;
  readonly unsyncedRecords: number;
  /** When it was written. */
  readonly since: number;
}

/** Where notes stand; the rim has the Cache API. */
export interface CanaryPerch {
  read(): Promise<CanaryNote | null>;
  write(note: CanaryNote): Promise<void>;
  remove(): Promise<void>;
}

export interface CanaryPorts {
  readonly perch: CanaryPerch;
  readonly clock: Clock;
  readonly locks: Locks;
  /** `strandline:<database>:canary`. */
  readonly lockName: string;
  readonly deviceId: string;
  readonly unsyncedRecords: () => Promise<number>;
}

const WRITE_MS = 1_000;

export class Canary {
  readonly #ports: CanaryPorts;
  readonly #closing = new AbortController();
  #written: number | null = null;
  #due = false;
  #again = false;

  constructor(ports: CanaryPorts) {
    this.#ports = ports;
  }

  /** What was lost, where the note tells of another device than this one; from here on it tells of this one. */
  async begin(): Promise<CanaryNote | null> {
    let lost: CanaryNote | null = null;
    await this.#alone(async () => {
      const note = await this.#ports.perch.read();
      if (note !== null && note.deviceId !== this.#ports.deviceId) lost = note;
      await this.#write();
    });
    return lost;
  }

  /** Something was appended or settled. */
  changed(options: { readonly appended: boolean }): void {
    this.#again = true;
    // The first that is not synced is told at once.
    const waitMs = options.appended && this.#written === 0 ? 0 : WRITE_MS;
    if (this.#due) return;
    this.#due = true;
    void this.#later(waitMs).finally(() => {
      this.#due = false;
      if (this.#again && !this.#closing.signal.aborted) this.changed({ appended: false });
    });
  }

  /** The database is missing: what the note says of this device. The next start does not tell it again. */
  async lost(): Promise<CanaryNote | null> {
    this.close();
    let lost: CanaryNote | null = null;
    await this.#alone(async () => {
      const note = await this.#ports.perch.read();
      if (note?.deviceId !== this.#ports.deviceId) return;
      lost = note;
      await this.#ports.perch.remove();
    });
    return lost;
  }

  close(): void {
    this.#closing.abort();
  }

  /**
   * While the database is deleted on purpose nobody writes or reads the note: another tab's would outlive the database,
   * and whoever opens the next one would tell of a loss. Where the deletion fails the note is there again.
   */
  async during<Result>(deletion: () => Promise<Result>): Promise<Result> {
    this.close();
    const { perch } = this.#ports;
    const deleted: Result[] = [];
    await this.#alone(async () => {
      const note = await perch.read().catch(() => null);
      await perch.remove();
      try {
        deleted.push(await deletion());
      } catch (error) {
        if (note !== null) await perch.write(note).catch(() => undefined);
        throw error;
      }
    });
    return deleted[0] as Result;
  }

  async #later(waitMs: number): Promise<void> {
    const { clock } = this.#ports;
    const { signal } = this.#closing;
    await clock.sleep(waitMs, signal);
    this.#again = false;
    if (signal.aborted) return;
    await this.#alone(async () => {
      if (!signal.aborted) await this.#write();
    }).catch(() => undefined);
  }

  /** Counted under the lock: of two tabs that write, the later has the later number. */
  async #write(): Promise<void> {
    const { perch, clock, deviceId, unsyncedRecords } = this.#ports;
    const [count, note] = await Promise.all([unsyncedRecords(), perch.read()]);
    this.#written = count;
    if (note?.deviceId === deviceId && note.unsyncedRecords === count) return;
    await perch.write({ deviceId, unsyncedRecords: count, since: clock.now() });
  }

  async #alone(body: () => Promise<void>): Promise<void> {
    await this.#ports.locks.request(this.#ports.lockName, {}, body);
  }
}

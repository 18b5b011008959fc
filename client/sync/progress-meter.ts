/** How far the outbox is, for a progress bar: what waits is read from the log, what was taken is counted here. */
import type { SyncProgress } from "../calls/outbox-calls.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Outbox } from "../log/device-log.ts";

const TICK_MS = 100;
const RATE_OVER_MS = 5_000;

interface Sample {
  readonly at: number;
  readonly records: number;
  readonly bytes: number;
}

interface MeterPorts {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly inflightRecords: () => number;
  readonly tell: (progress: SyncProgress) => void;
  readonly signal: AbortSignal;
}

export class ProgressMeter {
  readonly #ports: MeterPorts;
  #records = 0;
  #bytes = 0;
  #samples: Sample[] = [];
  #ticking = false;
  #touched = false;
  /** Nothing waited when it was told last. */
  #empty = true;

  constructor(ports: MeterPorts) {
    this.#ports = ports;
  }

  /** The edge has taken so much. */
  synced(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
    this.touch();
  }

  /** Something may have changed. */
  touch(): void {
    this.#touched = true;
    if (this.#ticking || this.#ports.signal.aborted) return;
    this.#ticking = true;
    void this.#tick();
  }

  async #tick(): Promise<void> {
    const { clock, signal } = this.#ports;
    while (this.#touched && !signal.aborted) {
      await clock.sleep(TICK_MS, signal);
      this.#touched = false;
      // A store that fails now is heard of by those who need it.
      if (!signal.aborted) await this.#tell().catch(() => undefined);
    }
    this.#ticking = false;
  }

  async #tell(): Promise<void> {
    const waiting = await this.#ports.outbox.waiting();
    const pendingRecords = waiting.reduce((sum, { records }) => sum + records, 0);
    const pendingBytes = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    if (pendingRecords === 0 && this.#empty && this.#records === 0) return;
    this.#empty = pendingRecords === 0;
    const rates = this.#rates();
    this.#ports.tell({
      pendingRecords,
      inflightRecords: this.#empty ? 0 : this.#ports.inflightRecords(),
      syncedRecords: this.#records,
      pendingBytes,
      syncedBytes: this.#bytes,
      ...rates,
    });
    if (!this.#empty) return;
    this.#records = 0;
    this.#bytes = 0;
    this.#samples = [];
  }

  #rates(): Pick<SyncProgress, "recordsPerSecond" | "bytesPerSecond"> {
    const now = { at: this.#ports.clock.now(), records: this.#records, bytes: this.#bytes };
    // A clock that was set back or far ahead begins anew.
    this.#samples = this.#samples.filter(({ at }) => at <= now.at && now.at - at <= RATE_OVER_MS);
    const first = this.#samples[0] ?? { at: now.at - TICK_MS, records: 0, bytes: 0 };
    this.#samples.push(now);
    const seconds = Math.max(TICK_MS, now.at - first.at) / 1_000;
    return {
      recordsPerSecond: Math.round((now.records - first.records) / seconds),
      bytesPerSecond: Math.round((now.bytes - first.bytes) / seconds),
    };
  }
}

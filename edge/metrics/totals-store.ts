/** Totals in the controller's storage: one row in general, more where they outgrow it, written at most once a minute. */
import type { Clock } from "../../shared/clock.ts";
import { prometheusText } from "./prometheus.ts";
import type { Report } from "./report.ts";
import { Totals, type TotalsState } from "./totals.ts";

interface MetricsRow extends Record<string, SqlStorageValue> {
  written_at: number;
  value: string;
}

const WRITE_MS = 60_000;
/** Of what a row may hold; text is up to three bytes a character. */
const ROW_CHARS_MAX = 500_000;

export class TotalsStore {
  readonly #storage: DurableObjectStorage;
  readonly #clock: Clock;
  #loaded: Totals | null = null;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #rows = 0;

  constructor(storage: DurableObjectStorage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  hear(report: Report): void {
    this.#totals().hear(report);
    this.#writeIfDue();
  }

  forgetTopic(topicId: string): void {
    this.#totals().forgetTopic(topicId);
    this.#writeIfDue();
  }

  /** Prometheus' text format 0.0.4. */
  text(): string {
    const totals = this.#totals();
    return prometheusText(totals.partitions(), totals.workers());
  }

  #totals(): Totals {
    this.#loaded ??= new Totals(this.#clock, this.#read());
    return this.#loaded;
  }

  #read(): TotalsState | null {
    const { sql } = this.#storage;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS metrics (part INTEGER PRIMARY KEY, written_at INTEGER NOT NULL, value TEXT NOT NULL)",
    );
    const rows = sql.exec<MetricsRow>("SELECT written_at, value FROM metrics ORDER BY part").toArray();
    this.#rows = rows.length;
    this.#writtenAt = rows[0]?.written_at ?? Number.NEGATIVE_INFINITY;
    return rows.length === 0 ? null : (JSON.parse(rows.map(({ value }) => value).join("")) as TotalsState);
  }

  /** Rows are billed. What was not written is told again by whoever still lives. */
  #writeIfDue(): void {
    const now = this.#clock.now();
    if (now >= this.#writtenAt && now - this.#writtenAt < WRITE_MS) return;
    const text = JSON.stringify(this.#totals().state());
    const parts = Math.ceil(text.length / ROW_CHARS_MAX);
    this.#storage.transactionSync(() => {
      const { sql } = this.#storage;
      for (let part = 0; part < parts; part += 1) {
        const value = text.slice(part * ROW_CHARS_MAX, (part + 1) * ROW_CHARS_MAX);
        sql.exec("INSERT OR REPLACE INTO metrics (part, written_at, value) VALUES (?, ?, ?)", part, now, value);
      }
      if (parts < this.#rows) sql.exec("DELETE FROM metrics WHERE part >= ?", parts);
    });
    this.#rows = parts;
    this.#writtenAt = now;
  }
}

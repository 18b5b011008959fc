/** Counts of one partition object, told to the controller while the object is awake anyway: scraping wakes nobody. */
import type { Clock } from "../../shared/clock.ts";
import { Counter } from "./counter.ts";
import type { PartitionCounter, PartitionGauge } from "./metric-table.ts";
import type { GroupReport, PartitionReport } from "./report.ts";

export interface MeteredPartition {
  readonly namespace: string;
  readonly topicId: string;
  readonly partition: number;
}

/** What is looked at when a report is made, and costs nothing until then. Counts are since this object woke. */
export interface PartitionSample {
  readonly topic: string;
  readonly counts: Readonly<Partial<Record<PartitionCounter, number>>>;
  readonly gauges: Readonly<Partial<Record<PartitionGauge, number>>>;
  readonly groups?: readonly GroupReport[];
}

export interface PartitionMeterParts {
  readonly clock: Clock;
  readonly instance: string;
  /** At most one report in this time. */
  readonly reportMs: number;
  /** Null: there is no partition (any more), and nothing to tell. */
  readonly sample: () => PartitionSample | null;
  readonly send: (namespace: string, report: PartitionReport) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** A timer that is so late was lost with the request that held it. */
const LATE_MS = 2_000;

export class PartitionMeter {
  readonly #parts: PartitionMeterParts;
  readonly #counter = new Counter();
  #reportedAt = Number.NEGATIVE_INFINITY;
  /** Null: nothing has happened since the last report was begun. */
  #dueAt: number | null = null;

  constructor(parts: PartitionMeterParts) {
    this.#parts = parts;
  }

  /** `stored` null: it was refused, or stood in the log already. */
  appended(
    error: { readonly code: string } | null,
    stored: { readonly baseOffset: number; readonly nextOffset: number; readonly bytes: Uint8Array } | null,
  ): void {
    if (error !== null) this.#counter.add("append_refusals", 1, error.code);
    else if (stored === null) this.#counter.add("append_duplicates", 1);
    else {
      this.#counter.add("appends", 1);
      this.#counter.add("append_records", stored.nextOffset - stored.baseOffset);
      this.#counter.add("append_bytes", stored.bytes.byteLength);
    }
  }

  fetched<Answer extends { readonly bytes: Uint8Array }>(answer: Answer): Answer {
    this.#counter.add("fetches", 1);
    this.#counter.add("fetch_bytes", answer.bytes.byteLength);
    return answer;
  }

  tailOpened(): void {
    this.#counter.add("tails_opened", 1);
  }

  tailSent(bytes: number): void {
    this.#counter.add("tail_bytes", bytes);
  }

  /** Something happened, or is about to. Sees to it that it is told. */
  touched(partition: MeteredPartition): void {
    const now = this.#parts.clock.now();
    if (this.#dueAt !== null && now < this.#dueAt + LATE_MS) return;
    const isLate = this.#dueAt !== null;
    const waitMs = isLate ? 0 : this.#waitMs(now);
    this.#dueAt = now + waitMs;
    // The object lives for as long as its timers and calls do; one that is lost with it is told by nobody.
    void this.#reportIn(waitMs, partition);
  }

  /** Half the time at least, so that a burst is told with its first report; without sockets an object is awake longer. */
  #waitMs(now: number): number {
    const { reportMs } = this.#parts;
    const sinceLast = now - this.#reportedAt;
    // A clock that was set back must not put the next report off by as much.
    return sinceLast < 0 ? reportMs : Math.max(reportMs / 2, reportMs - sinceLast);
  }

  async #reportIn(waitMs: number, { namespace, topicId, partition }: MeteredPartition): Promise<void> {
    const { clock, instance, sample, send, failed } = this.#parts;
    if (waitMs > 0) await clock.sleep(waitMs);
    this.#dueAt = null;
    this.#reportedAt = clock.now();
    try {
      const held = sample();
      if (held === null) return;
      const counts = { ...this.#counter.counts(), ...held.counts };
      await send(namespace, { ...held, instance, topicId, partition, counts });
    } catch (thrown) {
      // The next report tells it as well.
      failed(thrown);
    }
  }
}

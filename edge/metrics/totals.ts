/**
 * What a namespace has counted: for each partition what its former lives had counted and what the present one tells;
 * the same for isolates, which come and go, so that those that are long silent are one sum.
 */
import type { Clock } from "../../shared/clock.ts";
import { lagGauges } from "./group-gauges.ts";
import { summed, type Counts } from "./metric-table.ts";
import type { PartitionReport, Report } from "./report.ts";

interface PartitionTotals extends Omit<PartitionReport, "counts"> {
  /** Of former lives. */
  readonly before: Counts;
  readonly counts: Counts;
}

interface IsolateTotals {
  readonly counts: Counts;
  readonly heardAt: number;
}

/** Plain JSON, as it is kept. */
export interface TotalsState {
  readonly partitions: readonly PartitionTotals[];
  readonly isolates: readonly (readonly [instance: string, totals: IsolateTotals])[];
  readonly formerIsolates: Counts;
}

export interface PartitionSeries {
  readonly topic: string;
  readonly partition: number;
  readonly counts: Counts;
}

/** No isolate lives so long without a request that it would be counted twice, or so rarely that it matters. */
const ISOLATE_SILENCE_MS = 86_400_000;
const ISOLATES_MAX = 1_000;

export class Totals {
  readonly #clock: Clock;
  readonly #partitions: Map<string, PartitionTotals>;
  readonly #isolates: Map<string, IsolateTotals>;
  #formerIsolates: Counts;

  constructor(clock: Clock, state: TotalsState | null) {
    this.#clock = clock;
    this.#partitions = new Map((state?.partitions ?? []).map((one) => [placeOf(one), one]));
    this.#isolates = new Map(state?.isolates ?? []);
    this.#formerIsolates = state?.formerIsolates ?? {};
  }

  hear(report: Report): void {
    if ("topicId" in report) this.#hearPartition(report);
    else this.#hearIsolate(report.instance, report.counts);
  }

  /** Its partitions are gone, and their series with them. */
  forgetTopic(topicId: string): void {
    for (const [place, totals] of this.#partitions) if (totals.topicId === topicId) this.#partitions.delete(place);
  }

  partitions(): readonly PartitionSeries[] {
    const now = this.#clock.now();
    return Array.from(this.#partitions.values(), ({ topic, partition, before, counts, gauges, groups = [] }) => ({
      topic,
      partition,
      counts: { ...summed(before, counts), ...gauges, ...lagGauges(groups, now) },
    }));
  }

  workers(): Counts {
    return Array.from(this.#isolates.values()).reduce((sum, { counts }) => summed(sum, counts), this.#formerIsolates);
  }

  state(): TotalsState {
    return {
      partitions: [...this.#partitions.values()],
      isolates: [...this.#isolates],
      formerIsolates: this.#formerIsolates,
    };
  }

  #hearPartition(report: PartitionReport): void {
    const place = placeOf(report);
    const known = this.#partitions.get(place);
    const isSameLife = known === undefined || known.instance === report.instance;
    const before = isSameLife ? (known?.before ?? {}) : summed(known.before, known.counts);
    this.#partitions.set(place, { ...report, before });
  }

  #hearIsolate(instance: string, counts: Counts): void {
    const heardAt = this.#clock.now();
    // The last heard stands last.
    this.#isolates.delete(instance);
    this.#isolates.set(instance, { counts, heardAt });
    for (const [silent, totals] of this.#isolates) {
      if (totals.heardAt + ISOLATE_SILENCE_MS > heardAt && this.#isolates.size <= ISOLATES_MAX) break;
      this.#formerIsolates = summed(this.#formerIsolates, totals.counts);
      this.#isolates.delete(silent);
    }
  }
}

function placeOf({ topicId, partition }: Pick<PartitionReport, "topicId" | "partition">): string {
  return `${topicId}-${partition}`;
}

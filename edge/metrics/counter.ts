import { keyOf, type Counts, type MetricName } from "./metric-table.ts";

/** Counts of one life. Counting is an addition: it stands in the way of every request. */
export class Counter {
  readonly #counts: Record<string, number> = {};

  add(name: MetricName, count: number, ...labels: readonly string[]): void {
    const key = labels.length === 0 ? name : keyOf(name, ...labels);
    this.#counts[key] = (this.#counts[key] ?? 0) + count;
  }

  counts(): Counts {
    return { ...this.#counts };
  }
}

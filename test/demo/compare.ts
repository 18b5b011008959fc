/** Compares what was appended with what was read, record by record: contents, never counts. */
import type { Flight, NumberedFlight, ReadRecord } from "./demo-page.ts";

export interface Comparison {
  /** Appended, and not read anywhere with the same content. */
  readonly lost: number;
  /** Read once more than appended. */
  readonly duplicated: number;
  /** Read behind a later record of the same key. */
  readonly outOfOrder: number;
}

/** `read` in the order of its partitions' offsets. */
export function compare(flights: readonly Flight[], read: readonly ReadRecord[]): Comparison {
  const seen = new Map<number, number>();
  const lastOfKey = new Map<string, number>();
  let outOfOrder = 0;
  for (const { key, value } of read) {
    const { number, ...flight } = JSON.parse(value) as NumberedFlight;
    const expected = flights[number];
    // What was never appended counts as neither here nor there: its original is then missing.
    if (expected === undefined || key !== expected.origin || !isSame(expected, flight)) continue;
    seen.set(number, (seen.get(number) ?? 0) + 1);
    const last = lastOfKey.get(key) ?? -1;
    if (number < last) outOfOrder += 1;
    lastOfKey.set(key, Math.max(last, number));
  }
  const lost = flights.filter((_, number) => !seen.has(number)).length;
  const foreign = read.length - [...seen.values()].reduce((sum, times) => sum + times, 0);
  const duplicated = [...seen.values()].reduce((sum, times) => sum + times - 1, 0) + foreign;
  return { lost, duplicated, outOfOrder };
}

function isSame(a: Flight, b: Flight): boolean {
  return (
    a.date === b.date &&
    a.delay === b.delay &&
    a.distance === b.distance &&
    a.origin === b.origin &&
    a.destination === b.destination
  );
}

/** The lag of groups in the metrics: as it is when somebody looks, and the worst where partitions are one series. */
import { expect, test } from "vitest";
import { prometheusText, SERIES_MAX } from "../../edge/metrics/prometheus.ts";
import type { GroupReport } from "../../edge/metrics/report.ts";
import { Totals } from "../../edge/metrics/totals.ts";
import { readPrometheus } from "../harness/prometheus.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const LATE: GroupReport = { group: "late", lag: 3, waitingSince: 0, status: "WARNING", stopsAt: 60_000 };

function told(totals: Totals, name: string): ReadonlyMap<string, number> | undefined {
  return readPrometheus(prometheusText(totals.partitions(), totals.workers())).get(`strandline_${name}`)?.samples;
}

function totalsOf(clock: VirtualClock, partitions: number, groupsOf: (partition: number) => readonly GroupReport[]) {
  const totals = new Totals(clock, null);
  for (let partition = 0; partition < partitions; partition += 1) {
    const place = { instance: "i", topic: "t", topicId: "id", partition };
    totals.hear({ ...place, counts: {}, gauges: {}, groups: groupsOf(partition) });
  }
  return totals;
}

test("grows with time, until it is said to have stopped", async () => {
  const clock = new VirtualClock();
  const begin = clock.now();
  const totals = totalsOf(clock, 1, () => [{ ...LATE, waitingSince: begin, stopsAt: begin + 60_000 }]);
  const labels = 'topic="t",partition="0",group="late"';
  const now = (): unknown[] =>
    ["group_lag", "group_time_lag_seconds", "group_status"].map((name) => told(totals, name)?.get(labels));
  expect(now()).toEqual([3, 0, 1]);
  await clock.advance(60_000);
  expect(now()).toEqual([3, 60, 1]);
  await clock.advance(1);
  expect(now()).toEqual([3, 60.001, 3]);
});

test("is told of a group whatever its name, and no more once the partition does not", () => {
  const clock = new VirtualClock();
  const names = ["a|b", "%7C", "%", 'a"b\\c\nd', "ü"];
  const totals = totalsOf(clock, 1, () => names.map((group) => ({ ...LATE, group })));
  expect([...(told(totals, "group_lag")?.keys() ?? [])]).toEqual([
    ...['group="a|b"', 'group="%7C"', 'group="%"', String.raw`group="a\"b\\c\nd"`, 'group="ü"'].map(
      (label) => `topic="t",partition="0",${label}`,
    ),
  ]);
  totals.hear({ instance: "i", topic: "t", topicId: "id", partition: 0, counts: {}, gauges: {}, groups: [] });
  expect(told(totals, "group_lag")).toBeUndefined();
  // What was kept by the version before says nothing of groups.
  const old = { instance: "i", topic: "t", topicId: "id", partition: 0, counts: {}, gauges: {}, before: {} };
  expect(told(new Totals(clock, { partitions: [old], isolates: [], formerIsolates: {} }), "group_lag")).toBeUndefined();
});

test("of too many partitions is the sum of the records, and the worst of the rest", () => {
  const clock = new VirtualClock();
  const now = clock.now();
  const totals = totalsOf(clock, SERIES_MAX + 1, (partition) => [
    {
      ...LATE,
      stopsAt: null,
      waitingSince: now - (partition === 7 ? 9_000 : 1_000),
      status: partition === 9 ? "STALLED" : "OK",
    },
  ]);
  const worst = Object.fromEntries(
    ["group_lag", "group_time_lag_seconds", "group_status"].map((name) => [name, [...(told(totals, name) ?? [])]]),
  );
  const labels = 'topic="t",group="late"';
  expect(worst).toEqual({
    group_lag: [[labels, 3 * (SERIES_MAX + 1)]],
    group_time_lag_seconds: [[labels, 9]],
    group_status: [[labels, 2]],
  });
});

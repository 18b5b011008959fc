/** Meters, totals and their text, without objects. */
import { describe, expect, test } from "vitest";
import { PartitionMeter, type PartitionSample } from "../../edge/metrics/partition-meter.ts";
import { prometheusText, SERIES_MAX } from "../../edge/metrics/prometheus.ts";
import type { PartitionReport } from "../../edge/metrics/report.ts";
import { Totals } from "../../edge/metrics/totals.ts";
import { WorkerMeter } from "../../edge/metrics/worker-meter.ts";
import { readPrometheus } from "../harness/prometheus.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";

const PLACE = { namespace: "default", topicId: "id", partition: 0 };
const SAMPLE: PartitionSample = { topic: "t", counts: {}, gauges: { size_bytes: 7 } };
const STORED = { baseOffset: 0, nextOffset: 2, bytes: new Uint8Array(10) };

function report(instance: string, appends: number, more: Partial<PartitionReport> = {}): PartitionReport {
  return { instance, topic: "t", topicId: "id", partition: 0, counts: { appends }, gauges: {}, ...more };
}

function appendsOf(totals: Totals): number | undefined {
  return totals.partitions()[0]?.counts["appends"];
}

describe("a partition's meter", () => {
  function metered(send: (report: PartitionReport) => Promise<void>): {
    readonly clock: VirtualClock;
    readonly meter: PartitionMeter;
    readonly failures: unknown[];
  } {
    const clock = new VirtualClock();
    const failures: unknown[] = [];
    const meter = new PartitionMeter({
      clock,
      instance: "a",
      reportMs: 10_000,
      sample: () => SAMPLE,
      send: async (_namespace, one) => await send(one),
      failed: (error) => void failures.push(error),
    });
    return { clock, meter, failures };
  }

  test("tells a burst in one report, and a busy hour in one each ten seconds", async () => {
    const reports: PartitionReport[] = [];
    const { clock, meter } = metered((one) => Promise.resolve(void reports.push(one)));
    for (let index = 0; index < 3; index += 1) {
      meter.touched(PLACE);
      meter.appended(null, STORED);
    }
    meter.appended({ code: "SEQUENCE_CONFLICT" }, null);
    meter.appended(null, null);
    await clock.advance(6_000);
    expect(reports).toEqual([
      expect.objectContaining({
        counts: {
          appends: 3,
          append_records: 6,
          append_bytes: 30,
          append_duplicates: 1,
          "append_refusals|SEQUENCE_CONFLICT": 1,
        },
        gauges: { size_bytes: 7 },
      }),
    ]);
    for (let second = 0; second < 3_600; second += 1) {
      meter.touched(PLACE);
      meter.appended(null, STORED);
      await clock.advance(1_000);
    }
    await clock.advance(20_000);
    expect(reports.length).toBeGreaterThan(300);
    expect(reports.length).toBeLessThanOrEqual(362);
    expect(reports.at(-1)?.counts["appends"]).toBe(3_603);
  });

  test("that is not heard tells it again with the next, and tells nothing while nothing happens", async () => {
    const totals = new Totals(new VirtualClock(), null);
    let calls = 0;
    const { clock, meter, failures } = metered((one) => {
      calls += 1;
      // The second is heard, and its answer lost.
      if (calls === 2) totals.hear(one);
      if (calls <= 2) return Promise.reject(new Error("lost"));
      totals.hear(one);
      return Promise.resolve();
    });
    for (let index = 0; index < 3; index += 1) {
      meter.touched(PLACE);
      meter.appended(null, STORED);
      await clock.advance(60_000);
    }
    expect([calls, failures.length, appendsOf(totals)]).toEqual([3, 2, 3]);
    await clock.advance(3_600_000);
    expect(calls).toBe(3);
  });
});

test("a Worker's meter is due at most each ten seconds, also after its clock was set back", () => {
  let now = 1_000_000;
  const meter = new WorkerMeter({ now: () => now, sleep: () => Promise.resolve() }, "w");
  const answered = { route: "/v1/produce", status: 429, code: "QUOTA", isThrottled: true };
  meter.answered(answered);
  meter.answered({ route: "/v1/fetch", status: 200, code: null, isThrottled: true });
  meter.answered({ route: "/v1/fetch", status: 200, code: null, isThrottled: false });
  const counts = {
    "requests|/v1/produce|4xx": 1,
    "errors|QUOTA": 1,
    "throttles|/v1/produce": 1,
    "requests|/v1/fetch|2xx": 2,
    "throttles|/v1/fetch": 1,
  };
  expect(meter.due(10_000)).toEqual({ instance: "w", counts });
  now += 9_999;
  expect(meter.due(10_000)).toBeNull();
  now += 1;
  expect(meter.due(10_000)).not.toBeNull();
  now -= 500_000;
  expect(meter.due(10_000)).not.toBeNull();
});

describe("totals", () => {
  test("are sums over lives, however often each is told", () => {
    const totals = new Totals(new VirtualClock(), null);
    for (const one of [report("a", 1), report("a", 5), report("a", 5), report("b", 2), report("c", 1)])
      totals.hear(one);
    expect(appendsOf(totals)).toBe(8);
  });

  test("that forgot the last minute hear it again from whoever still lives", () => {
    const clock = new VirtualClock();
    const totals = new Totals(clock, null);
    totals.hear(report("a", 5));
    const kept = JSON.parse(JSON.stringify(totals.state())) as ReturnType<Totals["state"]>;
    totals.hear(report("a", 9));
    const woken = new Totals(clock, kept);
    expect(appendsOf(woken)).toBe(5);
    woken.hear(report("a", 10));
    expect(appendsOf(woken)).toBe(10);
  });

  test("of a topic go with it", () => {
    const totals = new Totals(new VirtualClock(), null);
    totals.hear(report("a", 5));
    totals.hear(report("b", 5, { topicId: "other" }));
    totals.forgetTopic("id");
    expect(totals.partitions()).toHaveLength(1);
  });

  test("of isolates stay when these are long silent, and few are remembered", () => {
    const clock = new VirtualClock();
    const totals = new Totals(clock, null);
    for (let isolate = 0; isolate < 3_000; isolate += 1)
      totals.hear({ instance: `isolate ${isolate}`, counts: { throttles: 1 } });
    expect(totals.workers()).toEqual({ throttles: 3_000 });
    expect(totals.state().isolates).toHaveLength(1_000);
  });
});

describe("the text", () => {
  const series = (topic: string, partition: number) => ({
    topic,
    partition,
    counts: { appends: 1, high_watermark: 3, "append_refusals|STORAGE_FULL": 2 },
  });

  test("is Prometheus', with names escaped", () => {
    const text = prometheusText([series('a"b\\c\nd', 0), series("plain", 1)], { "errors|NOT_FOUND": 4 });
    const families = readPrometheus(text);
    expect(families.get("strandline_appends_total")).toEqual({
      type: "counter",
      help: expect.any(String),
      samples: new Map([
        [String.raw`topic="a\"b\\c\nd",partition="0"`, 1],
        ['topic="plain",partition="1"', 1],
      ]),
    });
    expect(
      families.get("strandline_append_refusals_total")?.samples.get('topic="plain",partition="1",code="STORAGE_FULL"'),
    ).toBe(2);
    expect(families.get("strandline_high_watermark")?.type).toBe("gauge");
    expect(families.get("strandline_errors_total")?.samples).toEqual(new Map([['code="NOT_FOUND"', 4]]));
  });

  test("has no more series than it may: topics where partitions are too many, one where topics are", () => {
    const many = (topics: number, partitions: number): number =>
      readPrometheus(
        prometheusText(
          Array.from({ length: topics * partitions }, (_, index) =>
            series(`t${index % topics}`, Math.floor(index / topics)),
          ),
          {},
        ),
      ).get("strandline_appends_total")?.samples.size ?? 0;
    expect(many(10, 100)).toBe(SERIES_MAX);
    expect(many(10, 101)).toBe(10);
    expect(many(SERIES_MAX + 1, 1)).toBe(1);
  });

  test("of nothing is empty", () => {
    expect(prometheusText([], {})).toBe("");
  });
});

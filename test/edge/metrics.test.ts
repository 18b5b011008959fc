/** What is counted, and that looking at it wakes nobody. */
import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { readPrometheus, type Family } from "../harness/prometheus.ts";
import { newDevice, plainBatch, produceRun } from "./device.ts";
import { fetchOne } from "./fetcher.ts";
import { TailClient } from "./tail-client.ts";
import { call, evict, newPlace, stubOf, type Place } from "./edge.ts";

const controller = env.CONTROLLER.get(env.CONTROLLER.idFromName("default"));

async function scraped(): Promise<ReadonlyMap<string, Family>> {
  const response = await call("/metrics");
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return readPrometheus(await response.text());
}

async function valueOf(name: string, { name: topic, partition }: Place, more = ""): Promise<number | undefined> {
  return (await scraped()).get(name)?.samples.get(`topic="${topic}",partition="${partition}"${more}`);
}

/** Reports come some 50 ms after what they tell, at the settings of these tests. */
async function told(value: () => Promise<number | undefined>, expected: number): Promise<void> {
  await vi.waitFor(async () => expect(await value()).toBe(expected), { interval: 40 });
}

describe("a partition", () => {
  test("tells what it appended, refused and read, and how large it is", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    const [first, second, third] = [device.batch("a", "b"), device.batch("c"), device.batch("d")];
    await device.send(first);
    await device.send(second);
    await device.send(second);
    const twin = await newDevice(place, device.key);
    twin.sequence = 9;
    await twin.send(twin.batch("gap"));
    await call(`/v1/topics/${place.name}/partitions/0/records`);
    await told(async () => await valueOf("strandline_fetches_total", place), 1);
    const bytes = first.bytes.length + second.bytes.length;
    const families = await scraped();
    const held = (name: string, more = ""): number | undefined =>
      families.get(`strandline_${name}`)?.samples.get(`topic="${place.name}",partition="0"${more}`);
    expect(held("appends_total")).toBe(2);
    expect(held("append_records_total")).toBe(3);
    expect(held("append_bytes_total")).toBe(bytes);
    expect(held("append_duplicates_total")).toBe(1);
    expect(held("append_refusals_total", ',code="OUT_OF_ORDER_SEQUENCE_NUMBER"')).toBe(1);
    expect(held("fetch_bytes_total")).toBe(bytes);
    expect(held("rows_written_total")).toBeGreaterThanOrEqual(2);
    expect(held("rows_read_total")).toBeGreaterThan(0);
    expect(held("size_bytes")).toBe(bytes);
    expect(held("log_start_offset")).toBe(0);
    expect(held("high_watermark")).toBe(3);
    expect(held("tails_open")).toBe(0);
    await device.send(third);
    await told(async () => await valueOf("strandline_appends_total", place), 3);
  });

  test("tells its tails, and what they were sent", async () => {
    const place = await newPlace();
    const client = await TailClient.open();
    client.subscribe(place);
    const run = plainBatch(["a"]);
    await produceRun(place, run);
    await told(async () => await valueOf("strandline_tail_bytes_total", place), run.length);
    expect(await valueOf("strandline_tails_opened_total", place)).toBe(1);
    expect(await valueOf("strandline_tails_open", place)).toBe(1);
    client.close();
  });

  test("is not woken by a look at the metrics", async () => {
    const place = await newPlace();
    await produceRun(place, plainBatch(["a"]));
    await told(async () => await valueOf("strandline_appends_total", place), 1);
    await evict(place);
    for (let look = 0; look < 3; look += 1) expect(await valueOf("strandline_appends_total", place)).toBe(1);
    // Nothing is there to be evicted where nothing was woken.
    await expect(evictDurableObject(stubOf(place))).rejects.toThrow();
  });

  test("counts on over its lives", async () => {
    const place = await newPlace();
    for (let life = 1; life <= 3; life += 1) {
      await produceRun(place, plainBatch(["a"]));
      await told(async () => await valueOf("strandline_appends_total", place), life);
      await evict(place);
    }
  });
});

test("the controller's eviction takes back no more than was not written, and who lives tells it again", async () => {
  const place = await newPlace();
  await produceRun(place, plainBatch(["a"]));
  await told(async () => await valueOf("strandline_appends_total", place), 1);
  const rows = await runInDurableObject(controller, (_, { storage }) =>
    storage.sql.exec("SELECT COUNT(*) AS rows FROM metrics").one(),
  );
  expect(rows).toEqual({ rows: 1 });
  await evictDurableObject(controller);
  expect((await valueOf("strandline_appends_total", place)) ?? 0).toBeLessThanOrEqual(1);
  await produceRun(place, plainBatch(["b"]));
  await told(async () => await valueOf("strandline_appends_total", place), 2);
});

test("Workers tell their requests by pattern and status, and errors by code", async () => {
  await call("/v1/topics/nobody-made-it");
  const labels = 'route="/v1/topics/:topic",status="4xx"';
  await vi.waitFor(
    async () => {
      const families = await scraped();
      expect(families.get("strandline_requests_total")?.samples.get(labels)).toBe(1);
      expect(families.get("strandline_errors_total")?.samples.get('code="UNKNOWN_TOPIC_OR_PARTITION"')).toBe(1);
    },
    { interval: 120 },
  );
});

test("an error of a partition within an answer is counted by its code", async () => {
  const place = await newPlace();
  const before = await errorsOf("OFFSET_OUT_OF_RANGE");
  await fetchOne({ ...place, offset: 9 });
  await vi.waitFor(
    async () => {
      // A Worker tells with its next request.
      await fetchOne(place);
      expect(await errorsOf("OFFSET_OUT_OF_RANGE")).toBe(before + 1);
    },
    { interval: 60 },
  );
});

async function errorsOf(code: string): Promise<number> {
  return (await scraped()).get("strandline_errors_total")?.samples.get(`code="${code}"`) ?? 0;
}

/** Fetch: many partitions, one wait, whole batches. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { DelayedFetches } from "../../edge/partition/delayed-fetch.ts";
import type { Crc, TopicId } from "../../shared/brands.ts";
import { newDevice, type Device } from "./device.ts";
import { evict, newPlace, stubOf, type Place } from "./edge.ts";
import { fetchFrom, fetchOne } from "./fetcher.ts";

/** A device that has sent a run of two batches (3 records) and a run of one (1 record). */
async function written(place: Place): Promise<{ device: Device; sizes: number[]; crcs: Crc[] }> {
  const device = await newDevice(place);
  const all = [device.batch("a", "b"), device.batch("c"), device.batch("d")];
  await device.send(...all.slice(0, 2));
  await device.send(...all.slice(2));
  return { device, sizes: all.map(({ bytes }) => bytes.length), crcs: all.map(({ crc }) => crc) };
}

const waits = vi.spyOn(DelayedFetches.prototype, "wait");
beforeEach(() => void waits.mockClear());

/** Waits that are under way, of all partitions of the test. */
function waiting(): number {
  return Array.from(new Set(waits.mock.contexts as DelayedFetches[])).reduce((sum, one) => sum + one.size, 0);
}

describe("what is there", () => {
  test("is whole batches from the one that holds the offset, with offsets and leader epoch", async () => {
    const place = await newPlace();
    await written(place);
    expect(await fetchOne(place)).toMatchObject({
      error: null,
      logStartOffset: 0,
      highWatermark: 4,
      found: ["0+2", "2+1", "3+1"],
    });
    expect((await fetchOne({ ...place, offset: 1 })).found).toEqual(["0+2", "2+1", "3+1"]);
    expect((await fetchOne({ ...place, offset: 2 })).found).toEqual(["2+1", "3+1"]);
    expect((await fetchOne({ ...place, offset: 3 })).found).toEqual(["3+1"]);
    expect(await fetchOne({ ...place, offset: 4 })).toMatchObject({ error: null, found: [], highWatermark: 4 });
  });

  test("comes as far as maxBytes of the partition, the first batch always", async () => {
    const place = await newPlace();
    const [a = 0, b = 0, c = 0] = (await written(place)).sizes;
    const found = async (maxBytes: number): Promise<readonly string[]> =>
      (await fetchOne({ ...place, maxBytes })).found;
    expect(await found(0)).toEqual(["0+2"]);
    expect(await found(a)).toEqual(["0+2"]);
    expect(await found(a + b - 1)).toEqual(["0+2"]);
    expect(await found(a + b)).toEqual(["0+2", "2+1"]);
    expect(await found(a + b + c - 1)).toEqual(["0+2", "2+1"]);
    expect(await found(a + b + c)).toEqual(["0+2", "2+1", "3+1"]);
  });

  test("comes as far as maxBytes of the request, in its order; only the first partition's batch always", async () => {
    const place = await newPlace({}, 3);
    const places = [0, 1, 2].map((partition) => ({ ...place, partition }));
    for (const one of places.slice(1)) await written(one);
    expect((await fetchFrom(places, { maxBytes: 0 })).map(({ found }) => found)).toEqual([[], ["0+2"], []]);
    expect((await fetchFrom(places)).map(({ found }) => found.length)).toEqual([0, 3, 3]);
  });
});

describe("an offset", () => {
  test("beyond the end is OFFSET_OUT_OF_RANGE with the bounds", async () => {
    const place = await newPlace();
    await written(place);
    const error = { code: "OFFSET_OUT_OF_RANGE", offset: 5, logStartOffset: 0, highWatermark: 4 };
    expect(await fetchOne({ ...place, offset: 5 })).toMatchObject({
      error,
      logStartOffset: 0,
      highWatermark: 4,
      found: [],
    });
    expect(await fetchOne({ ...place, offset: Number.MAX_SAFE_INTEGER })).toMatchObject({
      error: { code: "OFFSET_OUT_OF_RANGE" },
    });
  });

  test("before the start is too", async () => {
    const place = await newPlace();
    await written(place);
    await stubOf(place).deleteRecords({ namespace: "default", topicId: place.topicId, partition: 0 }, 3);
    await evict(place);
    const error = { code: "OFFSET_OUT_OF_RANGE", logStartOffset: 3, highWatermark: 4 };
    expect(await fetchOne({ ...place, offset: 2 })).toMatchObject({ error, found: [] });
    expect(await fetchOne({ ...place, offset: 3 })).toMatchObject({ error: null, found: ["3+1"] });
  });

  test("behind a batch that the reader holds is read on; behind another one the log is TRUNCATED", async () => {
    const place = await newPlace();
    const { crcs } = await written(place);
    const other = 1 as Crc;
    for (const [offset, previousCrc] of [
      [2, crcs[0]],
      [3, crcs[1]],
      [4, crcs[2]],
    ] as const) {
      expect(await fetchOne({ ...place, offset, previousCrc: previousCrc ?? null })).toMatchObject({ error: null });
    }
    expect(await fetchOne({ ...place, offset: 2, previousCrc: other })).toMatchObject({
      error: { code: "TRUNCATED", divergence: 0 },
      found: [],
    });
    expect(await fetchOne({ ...place, offset: 3, previousCrc: other })).toMatchObject({
      error: { code: "TRUNCATED", divergence: 2 },
    });
    const last = await fetchOne({ ...place, offset: 4, previousCrc: other });
    expect(last).toMatchObject({ error: { code: "TRUNCATED", divergence: 3, logStartOffset: 0, highWatermark: 4 } });
  });

  test("where the reader's batch ends and the log's goes on is TRUNCATED: the log grew again by other batches", async () => {
    const place = await newPlace();
    const device = await newDevice(place);
    await device.send(device.batch("a"), device.batch("b", "c", "d"));
    expect(await fetchOne({ ...place, offset: 3, previousCrc: 1 as Crc })).toMatchObject({
      error: { code: "TRUNCATED", divergence: 1 },
    });
    expect(await fetchOne({ ...place, offset: 3 })).toMatchObject({ error: null, found: ["1+3"] });
  });
});

test("partitions of one request are independent", async () => {
  const place = await newPlace();
  await written(place);
  const unknown = "00000000-0000-4000-8000-000000000000" as TopicId;
  const answers = await fetchFrom([{ ...place, partition: 7 }, { ...place, topicId: unknown }, place]);
  expect(answers).toMatchObject([
    { error: { code: "UNKNOWN_TOPIC_OR_PARTITION", partition: 7 }, found: [] },
    { error: { code: "UNKNOWN_TOPIC_ID", topicId: unknown }, found: [] },
    { error: null, found: ["0+2", "2+1", "3+1"] },
  ]);
});

describe("a wait", () => {
  test("ends with an append to any of the partitions", async () => {
    const place = await newPlace({}, 2);
    const other = { ...place, partition: 1 };
    const device = await newDevice(other);
    const reading = fetchFrom([place, other], { maxWaitMs: 20_000, minBytes: 1 });
    await expect.poll(waiting).toBe(2);
    const from = Date.now();
    await device.send(device.batch("a"));
    expect((await reading).map(({ found }) => found)).toEqual([[], ["0+1"]]);
    expect(Date.now() - from).toBeLessThan(10_000);
  });

  test("ends at its deadline with nothing", async () => {
    const place = await newPlace();
    const from = Date.now();
    expect(await fetchOne(place, { maxWaitMs: 300, minBytes: 1 })).toMatchObject({ error: null, found: [] });
    expect(Date.now() - from).toBeGreaterThanOrEqual(290);
    await expect.poll(waiting).toBe(0);
  });

  test("does not happen where minBytes are there, or an error is", async () => {
    const place = await newPlace();
    await written(place);
    const from = Date.now();
    await fetchOne(place, { maxWaitMs: 20_000, minBytes: 1 });
    await fetchOne({ ...place, offset: 9 }, { maxWaitMs: 20_000, minBytes: 1 });
    expect(Date.now() - from).toBeLessThan(10_000);
  });

  test("of a session replaces the one before it: a reader that comes back leaves none behind", async () => {
    const place = await newPlace();
    const readings = [];
    for (let count = 0; count < 5; count += 1) {
      readings.push(fetchOne(place, { sessionId: "reader", maxWaitMs: 20_000, minBytes: 1 }));
      await expect.poll(() => waits.mock.calls.length).toBe(count + 1);
      expect(waiting()).toBe(1);
    }
    await Promise.all(readings.slice(0, -1));
    const stranger = fetchOne(place, { sessionId: "stranger", maxWaitMs: 20_000, minBytes: 1 });
    await expect.poll(waiting).toBe(2);
    const device = await newDevice(place);
    const from = Date.now();
    await device.send(device.batch("a"));
    expect((await readings.at(-1))?.found).toEqual(["0+1"]);
    expect((await stranger).found).toEqual(["0+1"]);
    expect(waiting()).toBe(0);
    expect(Date.now() - from).toBeLessThan(10_000);
  });
});

/** The start of a log: deleted records, retention by time and by bytes, and what outlives the rows. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { addressOf, age, dump, sql, within } from "./aged-log.ts";
import { newDevice, plainBatch, produceRun, type Device } from "./device.ts";
import { call, evict, newPlace, stubOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

const DAY_MS = 86_400_000;

afterEach(() => void vi.restoreAllMocks());

async function deleteBefore(place: Place, before: number): Promise<unknown> {
  return await stubOf(place).deleteRecords(addressOf(place), before);
}

/** One run each. */
async function sent(device: Device, ...runs: readonly (readonly string[])[]): Promise<void> {
  for (const values of runs) expect((await device.send(device.batch(...values))).error).toBeNull();
}

async function left(place: Place): Promise<string[]> {
  const { logStartOffset } = await fetchOne({ ...place, offset: (await earliest(place)) ?? 0 });
  const page = await call(`/v1/topics/${place.name}/partitions/0/records?offset=${logStartOffset}`);
  const { records }: { records: { offset: number; value: string }[] } = await page.json();
  return records.map(({ offset, value }) => `${offset} ${value}`);
}

async function earliest(place: Place): Promise<number | null> {
  const answer = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=earliest`);
  return ((await answer.json()) as { offset: number | null }).offset;
}

async function rowsOf(place: Place): Promise<number[]> {
  const rows = (await sql(place, "SELECT base_offset FROM runs ORDER BY base_offset")) as { base_offset: number }[];
  return rows.map((row) => row.base_offset);
}

test("records are deleted up to an offset in the middle of a run, and the log begins there", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await sent(device, ["0", "1"], ["2", "3", "4"], ["5"]);
  expect(await deleteBefore(place, 3)).toMatchObject({ ok: true, value: { logStartOffset: 3, highWatermark: 6 } });
  for (const evicted of [false, true]) {
    if (evicted) await evict(place);
    expect(await earliest(place)).toBe(3);
    expect(await rowsOf(place)).toEqual([2, 5]);
    expect(await left(place)).toEqual(["3 3", "4 4", "5 5"]);
    expect((await fetchOne({ ...place, offset: 2 })).error).toMatchObject({
      code: "OFFSET_OUT_OF_RANGE",
      logStartOffset: 3,
      highWatermark: 6,
    });
    // The reader skips what stands before; the CRC of a batch that is gone proves nothing.
    expect(await fetchOne({ ...place, offset: 3, previousCrc: 1 as never })).toMatchObject({
      error: null,
      found: ["2+3", "5+1"],
    });
    expect(await deleteBefore(place, 1)).toMatchObject({ ok: true, value: { logStartOffset: 3 } });
  }
  expect(await deleteBefore(place, 7)).toMatchObject({
    ok: false,
    error: { code: "OFFSET_OUT_OF_RANGE", offset: 7, logStartOffset: 3, highWatermark: 6 },
  });
  expect(await earliest(place)).toBe(3);
});

test("R05 offsets are never used again, not even when all records are gone and the object with them", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await sent(device, ["0", "1"], ["2"]);
  expect(await deleteBefore(place, -1)).toMatchObject({ ok: true, value: { logStartOffset: 3, highWatermark: 3 } });
  expect(await rowsOf(place)).toEqual([]);
  await evict(place);
  expect(await fetchOne({ ...place, offset: 3 })).toMatchObject({
    error: null,
    bytes: 0,
    nextOffset: 3,
    highWatermark: 3,
  });
  expect(await device.send(device.batch("3"))).toMatchObject({ error: null, baseOffset: 3, logStartOffset: 3 });
  await evict(place);
  expect(await deleteBefore(place, -1)).toMatchObject({ ok: true, value: { logStartOffset: 4 } });
  expect(await deleteBefore(place, -1)).toMatchObject({ ok: true, value: { logStartOffset: 4 } });
  await evict(place);
  await evict(place);
  expect(await device.send(device.batch("4"))).toMatchObject({ error: null, baseOffset: 4, highWatermark: 5 });
  expect(await left(place)).toEqual(["4 4"]);
});

test("a producer outlives its rows: a duplicate stays one, and reconcile says that they are gone", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const quiet = await newDevice(place);
  const batches = [device.batch("a", "b"), device.batch("c")];
  const quiets = quiet.batch("q");
  await quiet.send(quiets);
  for (const batch of batches) await device.send(batch);
  await deleteBefore(place, -1);
  for (const evicted of [false, true]) {
    if (evicted) await evict(place);
    expect(await device.send(...batches)).toMatchObject({ error: null, nextSequence: 3, highWatermark: 4 });
    expect(await quiet.send(quiets)).toMatchObject({ error: null, nextSequence: 1, highWatermark: 4 });
    expect(await device.reconcile(batches)).toMatchObject({
      nextSequence: 3,
      chain: device.chain,
      batches: [{ verdict: "gone" }, { verdict: "gone" }],
    });
  }
  expect(await device.send(device.batch("d"))).toMatchObject({ error: null, baseOffset: 4 });
  expect(await device.reconcile(batches)).toMatchObject({ batches: [{ verdict: "gone" }, { verdict: "gone" }] });
});

test("what a time finds lies within the log", async () => {
  const place = await newPlace();
  const values = [100, 10, 10, 10].map((timestamp) => ({ value: `${timestamp}`, timestamp }));
  await produceRun(place, plainBatch(values));
  await produceRun(place, plainBatch([{ value: "later", timestamp: 60 }]));
  await deleteBefore(place, 1);
  const find = async (at: number): Promise<unknown> => {
    const answer = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=${at}`);
    return ((await answer.json()) as { offset: number | null }).offset;
  };
  // Offset 0 is of that time, and gone.
  expect(await find(50)).toBe(4);
  expect(await find(5)).toBe(1);
  expect(await find(61)).toBeNull();
  await deleteBefore(place, -1);
  expect(await find(5)).toBeNull();
});

test("R29 records are kept for their time at the edge, whatever time they say", async () => {
  const place = await newPlace({ "retention.ms": `${7 * DAY_MS}` });
  const device = await newDevice(place);
  const year = 365 * DAY_MS;
  for (const timestamp of [1, Date.now() - 3 * year, Date.now() - 30 * DAY_MS, Date.now() + 5 * year])
    await device.send(device.batch({ value: "v", timestamp }));
  await evict(place);
  await runDurableObjectAlarm(stubOf(place));
  expect(await rowsOf(place)).toEqual([0, 1, 2, 3]);
  // The last, which says that it is of the future, goes with its time as well.
  await age(place, 7 * DAY_MS - 60_000);
  await fetchOne(place);
  expect(await rowsOf(place)).toEqual([0, 1, 2, 3]);
  await age(place, 60_000, "base_offset <> 2");
  await fetchOne({ ...place, offset: 3 });
  await vi.waitFor(async () => expect(await rowsOf(place)).toEqual([2, 3]));
  // A prefix: offset 3 waits for what stands before it.
  expect(await earliest(place)).toBe(2);
  await age(place, 60_000, "base_offset = 2");
  await fetchOne({ ...place, offset: 2 });
  await vi.waitFor(async () => expect(await rowsOf(place)).toEqual([]));
  expect(await fetchOne({ ...place, offset: 4 })).toMatchObject({ error: null, logStartOffset: 4, highWatermark: 4 });
  expect(await device.send(device.batch("next"))).toMatchObject({ error: null, baseOffset: 4 });
});

test("retention by bytes takes whole rows from the front, and never more than is too much", async () => {
  const place = await newPlace({ "retention.bytes": "3000", "retention.ms": "-1" });
  for (let run = 0; run < 6; run += 1) await produceRun(place, plainBatch(["x".repeat(1_000)]));
  const before = await dump(place);
  const sizes = (before["runs"] ?? []).map((row) => Number(row["size"]));
  await evict(place);
  await fetchOne({ ...place, offset: 6 });
  await vi.waitFor(async () => expect((await rowsOf(place)).length).toBeLessThan(6));
  const kept = await rowsOf(place);
  // As Kafka: a row goes while the log without it is still as large as it may be.
  const total = kept.reduce((sum, offset) => sum + (sizes[offset] ?? 0), 0);
  expect(total).toBeGreaterThanOrEqual(3_000);
  expect(total - (sizes[kept[0] ?? 0] ?? 0)).toBeLessThan(3_000);
  expect(kept.at(-1)).toBe(5);
  expect(await earliest(place)).toBe(kept[0]);
});

test("R23 an alarm that fires twice does the same as once", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  const device = await newDevice(place);
  await sent(device, ["a"], ["b"]);
  await sql(place, "UPDATE runs SET appended_at = appended_at - 600000 WHERE base_offset = 0");
  const armed = await within(place, async (_, { storage }) => await storage.getAlarm());
  expect(armed).not.toBeNull();
  expect(await runDurableObjectAlarm(stubOf(place))).toBe(true);
  const once = await dump(place);
  expect(await rowsOf(place)).toEqual([1]);
  await within(place, async (object) => await object.alarm());
  await within(place, async (object) => await Promise.all([object.alarm(), object.alarm()]));
  expect(await dump(place)).toEqual(once);
});

test("no alarm is armed where nothing can be due", async () => {
  for (const config of [{ "retention.ms": "-1" }, { "cleanup.policy": "compact" }, {}] as Record<string, string>[]) {
    const place = await newPlace(config);
    if (config["retention.ms"] === undefined && config["cleanup.policy"] === undefined) await fetchOne(place);
    else await produceRun(place, plainBatch(["a"]));
    expect(await within(place, async (_, { storage }) => await storage.getAlarm())).toBeNull();
  }
});

test("R23 a retention that throws seven times goes on at the eighth", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  const device = await newDevice(place);
  await sent(device, ["a"], ["b"]);
  await sql(place, "UPDATE runs SET appended_at = appended_at - 600000 WHERE base_offset = 0");
  vi.spyOn(console, "error").mockReturnValue();
  await within(place, (_, { storage }) => {
    let left7 = 7;
    const exec = storage.sql.exec.bind(storage.sql);
    storage.sql.exec = (query, ...values) => {
      if (query.startsWith("DELETE FROM runs") && left7 > 0) {
        left7 -= 1;
        throw new Error("the disk is gone");
      }
      return exec(query, ...(values as never[])) as never;
    };
  });
  for (let turn = 0; turn < 7; turn += 1) {
    expect(await runDurableObjectAlarm(stubOf(place))).toBe(true);
    expect(await rowsOf(place)).toEqual([0, 1]);
  }
  expect(await runDurableObjectAlarm(stubOf(place))).toBe(true);
  expect(await rowsOf(place)).toEqual([1]);
  expect((await recordsFrom(place, 1)).length).toBe(1);
});

async function recordsFrom(place: Place, offset: number): Promise<unknown[]> {
  const page = await call(`/v1/topics/${place.name}/partitions/0/records?offset=${offset}`);
  return ((await page.json()) as { records: unknown[] }).records;
}

test("an alarm that was lost is made up for at the next wake, and armed again", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  await produceRun(place, plainBatch(["a"]));
  await produceRun(place, plainBatch(["b"]));
  await within(place, async (_, { storage }) => await storage.deleteAlarm());
  await age(place, 600_000, "base_offset = 0");
  await fetchOne({ ...place, offset: 1 });
  await vi.waitFor(async () => expect(await rowsOf(place)).toEqual([1]));
  await vi.waitFor(async () =>
    expect(await within(place, async (_, { storage }) => await storage.getAlarm())).not.toBeNull(),
  );
});

test("ten thousand appends arm few alarms", async () => {
  const place = await newPlace();
  await produceRun(place, plainBatch(["a"]));
  await evict(place);
  const armed = await within(place, async (object, { storage }) => {
    let count = 0;
    const setAlarm = storage.setAlarm.bind(storage);
    storage.setAlarm = async (...args) => {
      count += 1;
      await setAlarm(...args);
    };
    const bytes = plainBatch(["a"]);
    const batches = [{ start: 0, count: 1, crc: 1 as never, maxTimestamp: 1 }];
    for (let turn = 0; turn < 10_000; turn += 1)
      await object.append(addressOf(place), {
        leaderEpoch: null,
        bytes: bytes.slice(),
        batches,
        producer: { kind: "none" },
      });
    return count;
  });
  expect(armed).toBeLessThanOrEqual(1);
  expect((await fetchOne(place)).highWatermark).toBe(10_001);
});

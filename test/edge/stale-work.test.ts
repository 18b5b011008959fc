/** What still runs of a partition whose storage has failed writes nothing over what came after it. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../../edge/system-ports.ts";
import { addressOf, sql, within } from "./aged-log.ts";
import { newDevice } from "./device.ts";
import { call, evict, newPlace, stubOf } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

test("compaction that was under way when storage failed does not bring back an old start or an old end", async () => {
  const place = await newPlace({ "cleanup.policy": "compact" });
  const device = await newDevice(place);
  for (let run = 0; run < 200; run += 1) await device.send(device.batch({ key: "k", value: `${run}` }));
  await evict(place);
  let goOn: (() => void)[] = [];
  const batch = device.batch({ key: "k", value: "more" });
  await within(place, async (object, { storage }) => {
    // The first call wakes the object, whose compaction begins, and waits after its first slice.
    vi.spyOn(systemClock, "sleep").mockImplementation(
      async (ms) => await new Promise((resolve) => (goOn = ms === 0 ? [...goOn, resolve] : goOn)),
    );
    await object.bounds(addressOf(place));
    await vi.waitFor(() => expect(goOn).toHaveLength(1));
    const exec = storage.sql.exec.bind(storage.sql);
    storage.sql.exec = (query, ...values) => {
      if (!query.startsWith("INSERT INTO runs")) return exec(query, ...(values as never[])) as never;
      storage.sql.exec = exec;
      throw new Error("the disk is gone");
    };
  });
  expect((await device.send(batch)).error?.code).toBe("KAFKA_STORAGE_ERROR");
  expect((await device.send(batch)).error).toBeNull();
  expect(await stubOf(place).deleteRecords(addressOf(place), -1)).toMatchObject({ ok: true });
  await within(place, async () => {
    vi.spyOn(systemClock, "sleep").mockImplementation(async () => await Promise.resolve());
    goOn[0]?.();
    await new Promise((resolve) => setTimeout(resolve, 300));
  });
  const [state] = (await sql(place, "SELECT value FROM log_state")) as { value: string }[];
  expect(JSON.parse(state?.value ?? "{}")).toMatchObject({ startOffset: 201, end: { nextOffset: 201 } });
  await within(place, () => {
    for (const resume of goOn.slice(1)) resume();
  });
  await evict(place);
  expect(await fetchOne({ ...place, offset: 201 })).toMatchObject({
    error: null,
    logStartOffset: 201,
    highWatermark: 201,
  });
});

test("an alarm that could not be set is set with the next append", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  const device = await newDevice(place);
  await within(place, (_, { storage }) => {
    const setAlarm = storage.setAlarm.bind(storage);
    storage.setAlarm = () => {
      storage.setAlarm = setAlarm;
      return Promise.reject(new Error("the disk is gone"));
    };
  });
  await device.send(device.batch("a"));
  await within(place, async () => await new Promise((resolve) => setTimeout(resolve, 10)));
  await device.send(device.batch("b"));
  await vi.waitFor(async () =>
    expect(await within(place, async (_, { storage }) => await storage.getAlarm())).not.toBeNull(),
  );
  await sql(place, "UPDATE runs SET appended_at = appended_at - 600000");
  expect(await runDurableObjectAlarm(stubOf(place))).toBe(true);
  const answer = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=earliest`);
  expect(await answer.json()).toMatchObject({ offset: 2 });
});

test("an alarm that is overdue was lost, and another one is set", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  const overdue = Date.now() - 3_600_000;
  await within(place, async (_, { storage }) => {
    // As a local edge leaves it behind: it says that one is set, and none ever fires.
    storage.getAlarm = () => Promise.resolve(overdue);
  });
  await within(place, async (object, { storage }) => {
    const set = vi.spyOn(storage, "setAlarm");
    const topic = { name: place.name, revision: 1_000, config: { "retention.ms": "700000" }, growths: [] };
    await object.adopt(addressOf(place), topic);
    await vi.waitFor(() => expect(set).toHaveBeenCalledTimes(1));
  });
});

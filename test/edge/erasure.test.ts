/** A key is erased: from all partitions, at once where the topic is compacted, and with the truth told where it is not. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EraseAnswer } from "../../shared/api/erasure.ts";
import { NO_CHAIN } from "../../shared/brands.ts";
import { systemClock } from "../../edge/system-ports.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { sql, within } from "./aged-log.ts";
import { breakWriteAfter } from "./broken-write.ts";
import { newDevice, produceRun } from "./device.ts";
import { call, errorOf, evict, newPlace, recordsOf, stubOf, type Place } from "./edge.ts";

const COMPACT = { "cleanup.policy": "compact" };
const SECRET = "ada's street";

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

async function erase({ name }: Place, query: string): Promise<EraseAnswer> {
  const response = await call(`/v1/topics/${name}/records?${query}`, { method: "DELETE" });
  if (response.status !== 200) throw new Error(await response.text());
  return await response.json();
}

/** Runs of two batches with records of ada, bob and of nobody's key. */
async function filled(place: Place, runs = 4): Promise<void> {
  const device = await newDevice(place);
  for (let run = 0; run < runs; run += 1) {
    const batch = device.batch({ key: "ada", value: `${SECRET} ${run}` }, { key: `bob${run}`, value: "bob" });
    const other = device.batch({ key: `cy${run}`, value: "cy" });
    expect((await device.send(batch, other)).error).toBeNull();
  }
}

/** A batch of no producer. */
async function produced({ topicId, partition }: Place, bytes: Uint8Array): Promise<void> {
  const head = { topicId, partition, leaderEpoch: null, producerKey: null, chain: NO_CHAIN };
  expect((await produceRun(head, bytes)).error).toBeNull();
}

/** Passes stay where their first slice ends, as that of a long log does for a while. */
function holdPasses(): () => void {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const sleep = systemClock.sleep.bind(systemClock);
  vi.spyOn(systemClock, "sleep").mockImplementation(async (ms, signal) => {
    if (ms === 0 && signal === undefined) await held;
    else await sleep(ms, signal);
  });
  return release;
}

const keysOf = async (place: Place): Promise<string[]> =>
  (await recordsOf(place)).map(({ key, value }) => `${key}=${value ?? "-"}`);

/** Everything that the log's rows hold, as text. */
async function stored(place: Place): Promise<string> {
  const rows = (await sql(place, "SELECT bytes FROM runs")) as { bytes: ArrayBuffer }[];
  return rows.map(({ bytes }) => new TextDecoder("latin1").decode(bytes)).join("");
}

test("of a compacted topic, the values are gone when the answer says so, and nothing else is", async () => {
  const place = await newPlace(COMPACT);
  await filled(place);
  const before = await keysOf(place);
  expect(await stored(place)).toContain(SECRET);

  const answer = await erase(place, "key=ada");

  expect(answer).toEqual({
    topic: place.name,
    gone: true,
    partitions: [
      { partition: 0, state: "gone", tombstoneOffset: 12, goneAt: expect.any(Number), unopened: false, error: null },
    ],
    backupsGoneAt: (answer.partitions[0]?.goneAt ?? 0) + 30 * 86_400_000,
  });
  expect(await stored(place)).not.toContain(SECRET);
  const left = before.filter((one) => !one.startsWith("ada="));
  expect(await keysOf(place)).toEqual([...left, "ada=-"]);
  await evict(place);
  expect(await keysOf(place)).toEqual([...left, "ada=-"]);
  expect(await sql(place, "SELECT * FROM erasures")).toEqual([]);
});

test("a record of the key that comes later stays, and asked again its turn comes too", async () => {
  const place = await newPlace(COMPACT);
  await filled(place, 1);
  await erase(place, "key=ada");
  await filled(place, 1);
  expect(await keysOf(place)).toContain(`ada=${SECRET} 0`);
  expect((await erase(place, "key=ada")).gone).toBe(true);
  expect(await stored(place)).not.toContain(SECRET);
});

test("a record that comes while an order of its key is carried out goes once it is asked again", async () => {
  const place = await newPlace(COMPACT);
  await filled(place, 70);
  const release = holdPasses();
  const [before] = (await erase(place, "key=ada&maxWaitMs=1")).partitions;
  const [again] = (await erase(place, "key=ada&maxWaitMs=1")).partitions;
  expect(before).toMatchObject({ state: "pending" });
  expect(again).toEqual(before);
  const device = await newDevice(place);
  await device.send(device.batch({ key: "bob", value: "nobody asked for him" }));
  expect((await erase(place, "key=ada&maxWaitMs=1")).partitions).toEqual([before]);
  await device.send(device.batch({ key: "ada", value: SECRET }));
  const [after] = (await erase(place, "key=ada&maxWaitMs=1")).partitions;
  expect(after?.tombstoneOffset).toBe((before?.tombstoneOffset ?? 0) + 3);
  release();
  await vi.waitFor(async () => expect(await sql(place, "SELECT * FROM erasures")).toEqual([]));
  expect(await stored(place)).not.toContain(SECRET);
});

test("keys are bytes: of all lengths, and those that are no text", async () => {
  const place = await newPlace(COMPACT);
  const keys = [new Uint8Array(), new Uint8Array([0xff, 0]), new TextEncoder().encode("a&b")];
  const encoder = new RecordBatchEncoder();
  for (const key of keys) encoder.append({ key, value: SECRET, timestamp: 1_000 });
  await produced(place, encoder.finish());
  for (const key of keys) {
    const base64 = encodeURIComponent(btoa(String.fromCharCode(...key)));
    expect((await erase(place, `keyBase64=${base64}`)).gone).toBe(true);
  }
  expect(await stored(place)).not.toContain(SECRET);
  expect((await recordsOf(place)).map(({ value }) => value)).toEqual([null, null, null]);
});

test("it is found in every partition, wherever it was written, and partitions that were never used stay so", async () => {
  const place = await newPlace(COMPACT, 4);
  await filled(place, 1);
  await filled({ ...place, partition: 2 }, 1);
  const { partitions, gone } = await erase(place, "key=ada");
  expect(gone).toBe(true);
  expect(partitions.map(({ partition }) => partition)).toEqual([0, 2]);
  for (const partition of [0, 2]) expect(await stored({ ...place, partition })).not.toContain(SECRET);
});

test("where the topic keeps its records, the answer says by when retention drops them", async () => {
  const place = await newPlace({ "retention.ms": "3600000" });
  await filled(place, 1);
  const { gone, partitions, backupsGoneAt } = await erase(place, "key=ada");
  const [{ state, goneAt, tombstoneOffset } = { state: null, goneAt: null, tombstoneOffset: null }] = partitions;
  expect({ gone, state, tombstoneOffset }).toEqual({ gone: false, state: "retained", tombstoneOffset: 3 });
  expect(goneAt).toBeGreaterThan(Date.now() + 3_500_000);
  expect(backupsGoneAt).toBe((goneAt ?? 0) + 30 * 86_400_000);
  expect((await keysOf(place)).at(-1)).toBe("ada=-");

  const endless = await newPlace({ "retention.ms": "-1" });
  await filled(endless, 1);
  expect(await erase(endless, "key=ada")).toMatchObject({
    gone: false,
    partitions: [{ state: "retained", goneAt: null }],
    backupsGoneAt: null,
  });
});

test("an order outlives the object: it is carried out when that wakes, and asked for again it is not written twice", async () => {
  const place = await newPlace(COMPACT);
  await filled(place);
  const tombstone = new RecordBatchEncoder();
  tombstone.append({ key: "ada", value: null, timestamp: 1_000 });
  await produced(place, tombstone.finish());
  await evict(place);
  // As an object leaves it that ends between the order and its pass.
  await sql(place, "INSERT INTO erasures VALUES (12, ?)", new Uint8Array([97, 100, 97]).buffer);
  const answer = await erase(place, "key=ada");
  expect(answer).toMatchObject({ gone: true, partitions: [{ state: "gone", tombstoneOffset: 12 }] });
  expect(await stored(place)).not.toContain(SECRET);
  expect((await keysOf(place)).filter((one) => one === "ada=-").length).toBe(1);
});

test.each([
  ["that nothing else wakes", COMPACT],
  ["that retention wakes in a week", { "cleanup.policy": "compact,delete" }],
])("an object %s wakes for its orders", async (_, config) => {
  const place = await newPlace(config);
  await filled(place, 70);
  const release = holdPasses();
  expect((await erase(place, "key=ada&maxWaitMs=1")).gone).toBe(false);
  const alarm = await runInDurableObject(stubOf(place), async (__, { storage }) => await storage.getAlarm());
  release();
  expect(alarm).toBeLessThan(Date.now() + 600_000);
  expect(alarm).toBeGreaterThan(0);
});

test("of a log that was emptied meanwhile no order is left, which would wake the object for ever", async () => {
  const place = await newPlace({ "cleanup.policy": "compact,delete" });
  await filled(place, 70);
  const release = holdPasses();
  await erase(place, "key=ada&maxWaitMs=1");
  const path = `/v1/topics/${place.name}/partitions/0/records?before=latest`;
  expect(await (await call(path, { method: "DELETE" })).json()).toMatchObject({ logStartOffset: 211 });
  release();
  await vi.waitFor(async () => expect(await sql(place, "SELECT * FROM erasures")).toEqual([]));
  expect(await sql(place, "SELECT base_offset FROM runs")).toEqual([]);
  await evict(place);
  await sql(place, "INSERT INTO erasures VALUES (12, ?)", new Uint8Array([97]).buffer);
  await vi.waitFor(async () => {
    await recordsOf(place);
    expect(await sql(place, "SELECT * FROM erasures")).toEqual([]);
  });
});

test("R09 whichever write breaks, the tombstone and the order are there together or not at all", async () => {
  for (let calm = 0; calm < 3; calm += 1) {
    const place = await newPlace(COMPACT);
    await filled(place, 1);
    let fired = (): boolean => false;
    await runInDurableObject(stubOf(place), (_, { storage }) => void (fired = breakWriteAfter(storage.sql, calm)));
    await erase(place, "key=ada&maxWaitMs=0").catch(() => null);
    expect(fired()).toBe(true);
    await evict(place);
    const tombstones = (await keysOf(place)).filter((one) => one === "ada=-").length;
    await vi.waitFor(async () => expect(await sql(place, "SELECT * FROM erasures")).toEqual([]));
    // Woken, it does what was ordered; nothing was ordered without its tombstone.
    expect((await stored(place)).includes(SECRET)).toBe(tombstones === 0);
  }
});

test("batches that are compressed are opened; what cannot be opened is told", async () => {
  const place = await newPlace(COMPACT);
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: "ada", value: SECRET.repeat(50), timestamp: 1_000 });
  encoder.append({ key: "bob", value: "b", timestamp: 1_000 });
  await produced(place, await gzipBatch(encoder.finish()));
  expect(await erase(place, "key=ada")).toMatchObject({ gone: true, partitions: [{ unopened: false }] });
  expect(await keysOf(place)).toEqual(["bob=b", "ada=-"]);
});

test("a key is erased also where the disk has no room for others: it makes some", async () => {
  const place = await newPlace(COMPACT);
  await filled(place);
  await evict(place);
  // What the object is told of its limit when it opens.
  await within(place, (object) => {
    const own = object as unknown as { env: Record<string, unknown> };
    own.env = { ...own.env, STRANDLINE_STORAGE_BYTES_MAX: "1" };
  });
  const device = await newDevice(place);
  expect(await device.send(device.batch({ key: "k", value: "more" }))).toMatchObject({
    error: { code: "STORAGE_FULL" },
  });
  expect((await erase(place, "key=ada")).gone).toBe(true);
});

test("an order stands, whatever the topic's policy has become since", async () => {
  const place = await newPlace(COMPACT);
  await filled(place);
  const tombstone = new RecordBatchEncoder();
  tombstone.append({ key: "ada", value: null, timestamp: 1_000 });
  await produced(place, tombstone.finish());
  const json = { config: { "cleanup.policy": "delete" } };
  expect((await call(`/v1/topics/${place.name}`, { method: "PATCH", json })).status).toBe(200);
  await evict(place);
  await sql(place, "INSERT INTO erasures VALUES (12, ?)", new Uint8Array([97, 100, 97]).buffer);
  await evict(place);
  await recordsOf(place);
  await vi.waitFor(async () => expect(await sql(place, "SELECT * FROM erasures")).toEqual([]));
  expect(await stored(place)).not.toContain(SECRET);
});

test("what is asked wrongly, or of nothing, is told", async () => {
  const place = await newPlace(COMPACT);
  const refused = async (path: string): Promise<unknown> => await errorOf(await call(path, { method: "DELETE" }));
  const path = `/v1/topics/${place.name}/records`;
  expect(await refused(path)).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining("keyBase64") });
  expect(await refused(`${path}?key=a&keyBase64=YQ==`)).toMatchObject({ code: "INVALID_REQUEST" });
  expect(await refused(`${path}?keyBase64=%25`)).toMatchObject({ code: "INVALID_REQUEST", field: "keyBase64" });
  expect(await refused(`${path}?key=a&maxWaitMs=30001`)).toMatchObject({ code: "INVALID_REQUEST", field: "maxWaitMs" });
  expect(await refused("/v1/topics/nowhere/records?key=a")).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect(await erase(place, "key=ada")).toEqual({ topic: place.name, partitions: [], gone: true, backupsGoneAt: null });
});

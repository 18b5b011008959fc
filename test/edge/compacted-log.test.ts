/** Compaction of a partition as its readers and its devices see it, over HTTP. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { age, sql } from "./aged-log.ts";
import { newDevice, type Device, type SealedBatch } from "./device.ts";
import { call, evict, newPlace, recordsOf, stubOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

const COMPACT = { "cleanup.policy": "compact" };
const KEYS = 7;

/** Runs of two batches with two records each; values name their offset. */
async function filled(device: Device, runs: number): Promise<SealedBatch[]> {
  const sent: SealedBatch[] = [];
  for (let run = 0; run < runs; run += 1) {
    const batches = [0, 1].map(() => {
      const at = device.sequence;
      return device.batch(...[at, at + 1].map((one) => ({ key: `k${one % KEYS}`, value: `${one}` })));
    });
    expect((await device.send(...batches)).error).toBeNull();
    sent.push(...batches);
  }
  return sent;
}

/** The object wakes, and does what is due. */
async function compacted(place: Place): Promise<void> {
  await evict(place);
  await fetchOne({ ...place, offset: 0 });
  await vi.waitFor(async () => {
    const [state] = (await sql(place, "SELECT value FROM log_state")) as { value: string }[];
    const cleaned = (JSON.parse(state?.value ?? "{}") as { cleaned?: { cleanedTo: number } }).cleaned?.cleanedTo ?? 0;
    const [last] = (await sql(place, "SELECT MAX(base_offset) AS last FROM runs")) as { last: number }[];
    expect(cleaned).toBe(last?.last);
  });
}

function latest(pairs: readonly (readonly [string | null | undefined, string | null | undefined])[]): unknown {
  return Object.fromEntries(pairs.filter(([, value]) => value !== null));
}

test("a fresh reader gets the latest value of every key at its offset, each once", async () => {
  const place = await newPlace(COMPACT);
  const device = await newDevice(place);
  await filled(device, 30);
  const before = await recordsOf(place);
  await compacted(place);
  const after = await recordsOf(place);
  expect(after.length).toBeLessThan(before.length / 4);
  for (const record of after) expect(record).toEqual(before[record.offset]);
  const byKey = (records: typeof after): unknown => latest(records.map(({ key, value }) => [key, value]));
  expect(byKey(after)).toEqual(byKey(before));
  await evict(place);
  expect(await recordsOf(place)).toEqual(after);
});

test("R06 a reader in the middle neither skips nor goes back, whatever it holds the CRC of", async () => {
  const place = await newPlace(COMPACT);
  const device = await newDevice(place);
  const sent = await filled(device, 20);
  const before = await recordsOf(place);
  const { leaderEpoch } = await fetchOne(place);
  await compacted(place);
  const kept = new Set((await recordsOf(place)).map(({ offset }) => offset));
  for (const fresh of [false, true]) {
    if (fresh) await evict(place);
    for (const [index, { crc }] of sent.entries()) {
      // As a reader that got the batch before it was rewritten, or removed.
      const offset = 2 * index + 2;
      const answer = await fetchOne({ ...place, offset, previousCrc: crc, leaderEpoch });
      expect(answer).toMatchObject({ error: null, leaderEpoch });
      const page = await call(`/v1/topics/${place.name}/partitions/0/records?offset=${offset}`);
      const { records }: { records: { offset: number }[] } = await page.json();
      expect(records.map((record) => record.offset)).toEqual([...kept].filter((one) => one >= offset));
    }
  }
  expect(before.length).toBe(80);
});

test("a reader's CRC of a batch as compaction left it fits as well", async () => {
  const place = await newPlace(COMPACT);
  const device = await newDevice(place);
  await device.send(
    device.batch({ key: "a", value: "1" }, { key: "b", value: "2" }),
    device.batch({ key: "c", value: "3" }),
  );
  for (let turn = 0; turn < 5; turn += 1) await device.send(device.batch({ key: "a", value: `${turn}` }));
  await compacted(place);
  const rows = (await sql(place, "SELECT bytes FROM runs WHERE base_offset = 0")) as { bytes: ArrayBuffer }[];
  const crc = new DataView(rows[0]?.bytes ?? new ArrayBuffer(32)).getUint32(17);
  expect(await fetchOne({ ...place, offset: 2, previousCrc: crc as never })).toMatchObject({ error: null });
  const whole = await fetchOne({ ...place, offset: 3, previousCrc: 1 as never });
  expect(whole.error).toMatchObject({ code: "TRUNCATED", divergence: 2 });
});

test("a fetch moves past what is left of nothing, and a waiting one waits", async () => {
  const place = await newPlace(COMPACT);
  const device = await newDevice(place);
  for (let run = 0; run < 40; run += 1) await device.send(device.batch({ key: "k", value: `${run}` }));
  await compacted(place);
  const answer = await fetchOne({ ...place, offset: 3 });
  expect(answer).toMatchObject({ error: null, nextOffset: 40, found: ["38+1", "39+1"] });
  // Bytes for nothing: the first row that is left does not fit behind the husks.
  const small = await fetchOne({ ...place, offset: 3, maxBytes: 1 }, { maxBytes: 1 });
  expect(small.nextOffset).toBeGreaterThan(3);
  const begun = Date.now();
  const end = await fetchOne({ ...place, offset: 40 }, { maxWaitMs: 300, minBytes: 1 });
  expect(end).toMatchObject({ error: null, nextOffset: 40, bytes: 0 });
  expect(Date.now() - begun).toBeGreaterThanOrEqual(250);
  const reads = vi.fn<() => void>();
  const waiting = fetchOne({ ...place, offset: 40 }, { maxWaitMs: 5_000, minBytes: 1 }).then((found) => {
    reads();
    return found;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await device.send(device.batch({ key: "k", value: "next" }));
  expect((await waiting).found).toEqual(["40+1"]);
  expect(reads).toHaveBeenCalledTimes(1);
});

test("devices are answered by what they sent, whatever is left of it", async () => {
  const place = await newPlace(COMPACT);
  const device = await newDevice(place);
  const sent = await filled(device, 20);
  await compacted(place);
  for (const fresh of [false, true]) {
    if (fresh) await evict(place);
    const answer = await device.reconcile(sent.slice(0, 30));
    expect(answer.batches).toEqual(
      sent.slice(0, 30).map(({ sequence }) => ({ verdict: "held", baseOffset: sequence })),
    );
    expect(await device.send(...sent.slice(-4))).toMatchObject({ error: null, nextSequence: 80, highWatermark: 80 });
    expect(await device.send(...sent.slice(0, 2))).toMatchObject({ error: { code: "DUPLICATE_SEQUENCE_NUMBER" } });
  }
  expect(await device.send(device.batch({ key: "k", value: "next" }))).toMatchObject({ baseOffset: 80 });
});

test("LogAppendTime and compaction together: what was received is known through both", async () => {
  const place = await newPlace({ ...COMPACT, "message.timestamp.type": "LogAppendTime" });
  const device = await newDevice(place);
  const sent = await filled(device, 10);
  const stamped = await fetchOne(place);
  expect(stamped.found.length).toBe(20);
  await compacted(place);
  const answer = await device.reconcile(sent);
  expect(answer.batches).toEqual(sent.map(({ sequence }) => ({ verdict: "held", baseOffset: sequence })));
  for (const record of await recordsOf(place)) expect(record.timestamp).toBeGreaterThan(1_700_000_000_000);
  for (const [index, { crc }] of sent.entries())
    expect((await fetchOne({ ...place, offset: 2 * index + 2, previousCrc: crc })).error).toBeNull();
});

test("compact,delete: old rows go whole, and the rest is by key", async () => {
  const place = await newPlace({ "cleanup.policy": "compact,delete", "retention.ms": "600000" });
  const device = await newDevice(place);
  await filled(device, 10);
  await age(place, 600_000, "base_offset < 20");
  await fetchOne({ ...place, offset: 40 });
  await vi.waitFor(async () => {
    const answer = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=earliest`);
    expect(await answer.json()).toMatchObject({ offset: 20 });
  });
  await vi.waitFor(async () => {
    const page = await call(`/v1/topics/${place.name}/partitions/0/records?offset=20`);
    const { records }: { records: { offset: number; key: string }[] } = await page.json();
    // The last row is never touched, and takes nothing from those before it.
    expect(records.map(({ offset }) => offset)).toEqual([29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
  });
});

test("tombstones go once their time is over, by the alarm, and nothing comes back", async () => {
  const place = await newPlace({ ...COMPACT, "delete.retention.ms": "1" });
  const device = await newDevice(place);
  for (let turn = 0; turn < 6; turn += 1) await device.send(device.batch({ key: "a", value: `${turn}` }));
  await device.send(device.batch({ key: "a", value: null }));
  for (let turn = 0; turn < 6; turn += 1) await device.send(device.batch({ key: "b", value: `${turn}` }));
  await evict(place);
  await fetchOne(place);
  await vi.waitFor(async () => expect((await recordsOf(place)).length).toBeLessThan(4));
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(stubOf(place));
    expect((await recordsOf(place)).map(({ key, value }) => [key, value])).toEqual([
      ["b", "4"],
      ["b", "5"],
    ]);
  });
});

/** R27: the edge's clock jumps by ten years, ahead and back. Order, duplicates and fences do not change. */
import { afterEach, expect, test, vi } from "vitest";
import { newDevice, type SealedBatch } from "./device.ts";
import { evict, newPlace, valuesOf } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

afterEach(() => void vi.restoreAllMocks());

test.each([
  { name: "ahead", jumps: [0, 1, 1, 2] },
  { name: "ahead and back", jumps: [0, 2, 1, 0] },
  { name: "to and fro", jumps: [0, 3, 0, 3] },
])("R27 the clock jumps $name, and the log is the same", async ({ jumps }) => {
  const place = await newPlace({ "retention.ms": "-1" });
  const device = await newDevice(place);
  const now = vi.spyOn(Date, "now");
  const begin = Date.UTC(2040, 0, 1);
  const sent: SealedBatch[] = [];
  const { leaderEpoch } = await fetchOne(place);
  for (const [index, jump] of jumps.entries()) {
    now.mockReturnValue(begin + jump * TEN_YEARS_MS);
    const batch = device.batch(`${index}`);
    expect(await device.send(batch)).toMatchObject({ error: null, baseOffset: index, nextSequence: index + 1 });
    sent.push(batch);
    if (index % 2 === 1) await evict(place);
    for (const [at, again] of sent.entries())
      if (at === index) expect(await device.send(again)).toMatchObject({ error: null, highWatermark: index + 1 });
      else expect(await device.send(again)).toMatchObject({ error: { code: "DUPLICATE_SEQUENCE_NUMBER" } });
    const twin = device.twin();
    twin.sequence = index;
    expect((await twin.send(twin.batch("other"))).error?.code).toBe("SEQUENCE_CONFLICT");
    expect(await device.reconcile(sent)).toMatchObject({
      batches: sent.map((_, baseOffset) => ({ verdict: "held", baseOffset })),
    });
    expect(await fetchOne({ ...place, offset: index + 1, leaderEpoch, previousCrc: batch.crc })).toMatchObject({
      error: null,
      leaderEpoch,
    });
  }
  expect(await valuesOf(place)).toEqual(["0", "1", "2", "3"]);
});

test("R27 a clock that jumps back keeps records for longer, and never for less", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  const device = await newDevice(place);
  const now = vi.spyOn(Date, "now");
  const begin = Date.UTC(2040, 0, 1);
  now.mockReturnValue(begin);
  await device.send(device.batch("a"));
  now.mockReturnValue(begin - TEN_YEARS_MS);
  await device.send(device.batch("b"));
  await evict(place);
  expect(await valuesOf(place)).toEqual(["a", "b"]);
  now.mockReturnValue(begin + 599_999);
  await evict(place);
  expect(await valuesOf(place)).toEqual(["a", "b"]);
});

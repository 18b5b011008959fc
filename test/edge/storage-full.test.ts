/** A partition whose storage is full refuses what is new, and nothing else; room that is made is used again. */
import { expect, test } from "vitest";
import { addressOf, within } from "./aged-log.ts";
import { newDevice } from "./device.ts";
import { evict, newPlace, stubOf, valuesOf, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

/** What the object is told of its limit when it opens next. */
async function limit(place: Place, bytes: number | null): Promise<void> {
  await evict(place);
  await within(place, (object) => {
    const own = object as unknown as { env: Record<string, unknown> };
    own.env = { ...own.env, STRANDLINE_STORAGE_BYTES_MAX: bytes === null ? undefined : `${bytes}` };
  });
}

async function sizeOf(place: Place): Promise<number> {
  return await within(place, (_, { storage }) => storage.sql.databaseSize);
}

test("R08 appends are refused above the limit; duplicates, reads, reconciles and deletions go on", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  const first = device.batch("first");
  await device.send(first);
  await limit(place, (await sizeOf(place)) + 200_000);
  const value = "x".repeat(20_000);
  const held = [];
  let refused = device.batch(value);
  let answer = await device.send(refused);
  for (; answer.error === null && held.length < 40; answer = await device.send(refused)) {
    held.push(refused);
    refused = device.batch(value);
  }
  expect(held.length).toBeGreaterThan(4);
  expect(answer).toMatchObject({
    error: { code: "STORAGE_FULL" },
    held: [],
    nextSequence: refused.sequence,
    highWatermark: held.length + 1,
  });
  const last = held.at(-1);
  if (last === undefined) throw new Error("nothing was held");
  expect(await device.send(last)).toMatchObject({ error: null, nextSequence: refused.sequence });
  expect(await device.reconcile([first, ...held])).toMatchObject({ nextSequence: refused.sequence });
  expect((await fetchOne({ ...place, offset: 0 })).found).toContain("0+1");
  expect((await valuesOf(place)).length).toBe(held.length + 1);
  // What is held of a run is told with the refusal of the rest.
  const both = await device.send(last, refused);
  expect(both.error?.code).toBe("STORAGE_FULL");
  expect(both.nextSequence).toBe(refused.sequence);
  expect(await stubOf(place).deleteRecords(addressOf(place), -1)).toMatchObject({ ok: true });
  expect(await sizeOf(place)).toBeLessThan(150_000);
  expect(await device.send(refused)).toMatchObject({ error: null, baseOffset: held.length + 1 });
  expect(await device.send(refused)).toMatchObject({ error: null, nextSequence: refused.sequence + 1 });
});

test("a device may still give up a batch while the storage is full", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  await limit(place, 1);
  const dead = device.batch("b");
  expect(await device.send(dead)).toMatchObject({ error: { code: "STORAGE_FULL" }, nextSequence: 1 });
  expect(await device.reconcile([dead], true)).toMatchObject({ nextSequence: 2, batches: [{ verdict: "void" }] });
  await limit(place, null);
  expect(await device.send(device.batch("c"))).toMatchObject({ error: { code: "SEQUENCE_CONFLICT" } });
});

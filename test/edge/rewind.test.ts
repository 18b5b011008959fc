/** R21: storage goes back to an older copy. Who saw past it is told where, at its next call, and learns the new epoch. */
import { expect, test } from "vitest";
import type { LeaderEpoch } from "../../shared/brands.ts";
import { dump, restore, sql } from "./aged-log.ts";
import { newDevice, type Device } from "./device.ts";
import { evict, newPlace, valuesOf, type Place } from "./edge.ts";
import { fetchOne, type Fetched } from "./fetcher.ts";

async function appended(device: Device, ...values: readonly string[]): Promise<void> {
  for (const value of values) expect((await device.send(device.batch(value))).error).toBeNull();
}

/** Three records, of which the copy holds one; what a reader of all three knows. */
async function rewound(): Promise<{ place: Place; epoch: LeaderEpoch; crc: number[]; device: Device }> {
  const place = await newPlace();
  const device = await newDevice(place);
  await appended(device, "a");
  const copy = await dump(place);
  const before = device.twin();
  const batches = [device.batch("b"), device.batch("c")];
  for (const batch of batches) await device.send(batch);
  const { leaderEpoch } = await fetchOne(place);
  await restore(place, copy);
  return {
    place,
    epoch: leaderEpoch ?? { counter: -1, random: -1 },
    crc: batches.map(({ crc }) => crc),
    device: before,
  };
}

function told({ error, leaderEpoch }: Fetched): unknown {
  return { code: error?.code, divergence: error?.["divergence"], counter: leaderEpoch?.counter };
}

test("R21 a reader beyond the end of what is left is told, and so is whoever comes later", async () => {
  const { place, epoch } = await rewound();
  const answer = await fetchOne({ ...place, offset: 3, leaderEpoch: epoch });
  expect(told(answer)).toEqual({ code: "TRUNCATED", divergence: 1, counter: 1 });
  expect(answer.bytes).toBe(0);
  await appended(await newDevice(place), "x", "y", "z");
  for (const offset of [2, 3, 4])
    expect(told(await fetchOne({ ...place, offset, leaderEpoch: epoch }))).toEqual({
      code: "TRUNCATED",
      divergence: 1,
      counter: 1,
    });
  const fits = await fetchOne({ ...place, offset: 1, leaderEpoch: epoch });
  expect(fits).toMatchObject({ error: null, leaderEpoch: { counter: 1 }, found: ["1+1", "2+1", "3+1"] });
  await evict(place);
  expect(await fetchOne({ ...place, offset: 3, leaderEpoch: fits.leaderEpoch })).toMatchObject({ error: null });
});

test("R21 a log that has grown past the reader tells it by the CRC of its last batch", async () => {
  const { place, epoch, crc } = await rewound();
  await appended(await newDevice(place), "x", "y", "z");
  const answer = await fetchOne({ ...place, offset: 2, leaderEpoch: epoch, previousCrc: (crc[0] ?? 0) as never });
  expect(told(answer)).toEqual({ code: "TRUNCATED", divergence: 1, counter: 1 });
  const other = await fetchOne({ ...place, offset: 3, leaderEpoch: epoch, previousCrc: (crc[1] ?? 0) as never });
  expect(told(other)).toEqual({ code: "TRUNCATED", divergence: 2, counter: 1 });
});

test("R21 a device that knows of a newer epoch makes the log tell its readers", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await appended(device, "a");
  const copy = await dump(place);
  // The log went back once already, and went on.
  const { leaderEpoch: first } = await fetchOne(place);
  await fetchOne({ ...place, offset: 2, leaderEpoch: first });
  await appended(device, "b", "c");
  const { leaderEpoch } = await fetchOne(place);
  expect(leaderEpoch?.counter).toBe(1);
  await restore(place, copy);
  const other = await newDevice(place);
  const answer = await other.sendAs({ leaderEpoch }, other.batch("x", "y", "z"));
  expect(answer).toMatchObject({ error: null, baseOffset: 1, leaderEpoch: { counter: 2 } });
  const reader = await fetchOne({ ...place, offset: 3, leaderEpoch });
  expect(told(reader)).toEqual({ code: "TRUNCATED", divergence: 1, counter: 2 });
});

test("made-up epochs and CRCs cost a row each append at most, and harm no reader", async () => {
  const place = await newPlace();
  const device = await newDevice(place);
  await appended(device, "a", "b");
  const honest = (await fetchOne(place)).leaderEpoch;
  const epochs = async (): Promise<{ length: number }> => {
    const [meta] = (await sql(place, "SELECT value FROM meta")) as { value: string }[];
    return (JSON.parse(meta?.value ?? "{}") as { epochs: { length: number } }).epochs;
  };
  const lie = async (): Promise<void> => {
    const current = (await fetchOne(place)).leaderEpoch;
    await fetchOne({ ...place, offset: 1, leaderEpoch: current, previousCrc: 1 as never });
    await fetchOne({ ...place, offset: 1_000, leaderEpoch: current });
    await fetchOne({ ...place, offset: 1, leaderEpoch: { counter: 4_000_000_000, random: 1 } });
    await fetchOne({ ...place, offset: 1, leaderEpoch: { counter: 5_000, random: 2 } });
  };
  for (let turn = 0; turn < 5; turn += 1) await lie();
  expect((await epochs()).length).toBe(2);
  await appended(device, "c");
  await lie();
  await lie();
  expect((await epochs()).length).toBe(3);
  for (const offset of [0, 1, 2])
    expect(await fetchOne({ ...place, offset, leaderEpoch: honest })).toMatchObject({ error: null });
  for (let turn = 0; turn < 70; turn += 1) {
    await appended(device, "more");
    await fetchOne({ ...place, offset: 1_000, leaderEpoch: (await fetchOne(place)).leaderEpoch });
  }
  expect((await epochs()).length).toBe(64);
  expect(await fetchOne({ ...place, offset: 2, leaderEpoch: honest })).toMatchObject({ error: null });
  await evict(place);
  expect((await valuesOf(place)).slice(0, 3)).toEqual(["a", "b", "c"]);
});

test("R21 a device whose records went back with the log sends them again, each once", async () => {
  const { place, device, epoch } = await rewound();
  const batches = [device.batch("b"), device.batch("c")];
  const [, last] = batches;
  if (last === undefined) throw new Error("two batches");
  expect(await device.send(last)).toMatchObject({ error: { code: "OUT_OF_ORDER_SEQUENCE_NUMBER" }, nextSequence: 1 });
  expect(await device.sendAs({ leaderEpoch: epoch }, ...batches)).toMatchObject({ error: null, baseOffset: 1 });
  expect(await valuesOf(place)).toEqual(["a", "b", "c"]);
});

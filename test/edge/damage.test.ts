/** R26: bits that flip at rest are refused with their offset, whoever asks and in whatever way, and nothing hangs. */
import { expect, test } from "vitest";
import { LAST_OFFSET_DELTA_AT, LENGTH_AT } from "../../shared/record-batch.ts";
import type { ReconcileAnswer } from "../../shared/api/reconcile.ts";
import { within } from "./aged-log.ts";
import { newDevice, type Device, type SealedBatch } from "./device.ts";
import { call, errorOf, evict, newPlace, type Place } from "./edge.ts";
import { fetchOne } from "./fetcher.ts";

interface Stored {
  readonly place: Place;
  readonly device: Device;
  /** Offset 0; 1, 2 and 3 in one run; 4. */
  readonly batches: readonly SealedBatch[];
  readonly bytes: Uint8Array;
}

async function stored(): Promise<Stored> {
  const place = await newPlace();
  const device = await newDevice(place);
  const batches = ["0", "1", "2", "3", "4"].map((value, at) => device.batch({ key: "k", value, timestamp: 100 + at }));
  const [first, a, b, c, last] = batches as [SealedBatch, SealedBatch, SealedBatch, SealedBatch, SealedBatch];
  await device.send(first);
  await device.send(a, b, c);
  await device.send(last);
  const bytes = await within(place, (_, { storage }) =>
    storage.sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM runs WHERE base_offset = 1").one(),
  );
  return { place, device, batches, bytes: new Uint8Array(bytes.bytes) };
}

function flip(bytes: Uint8Array, at: number, bits: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ bits;
}

async function write(place: Place, bytes: Uint8Array): Promise<void> {
  await within(place, (_, { storage }) => {
    storage.sql.exec("UPDATE runs SET bytes = ? WHERE base_offset = 1", bytes.slice().buffer);
  });
}

/** Every offset that a reader who goes on behind damage gets, and those at which it was refused. */
async function readThrough(place: Place): Promise<{ found: string[]; refused: [unknown, unknown][] }> {
  const found: string[] = [];
  const refused: [unknown, unknown][] = [];
  for (let offset = 0, turn = 0; offset < 5; turn += 1) {
    expect(turn).toBeLessThan(12);
    const answer = await fetchOne({ ...place, offset });
    found.push(...answer.found);
    if (answer.error !== null) {
      expect(answer.error).toMatchObject({ code: "CORRUPT_MESSAGE", offset, nextOffset: answer.nextOffset });
      expect(answer.found).toEqual([]);
      refused.push([offset, answer.nextOffset]);
    }
    expect(answer.nextOffset).toBeGreaterThan(offset);
    offset = answer.nextOffset;
  }
  return { found, refused };
}

/** Positions in a batch: one of each header field, a byte of its records, its last. */
const FIELDS = [
  0,
  7,
  LENGTH_AT,
  LENGTH_AT + 3,
  12,
  15,
  16,
  17,
  21,
  LAST_OFFSET_DELTA_AT + 3,
  28,
  36,
  44,
  52,
  56,
  60,
  66,
];

test.each([0, 1, 2])(
  "R26 a flip in batch %i of a run of three is refused, and the others are served",
  async (index) => {
    const { place, bytes } = await stored();
    const length = bytes.length / 3;
    for (const at of [...FIELDS, length - 1]) {
      const flipped = bytes.slice();
      flip(flipped, index * length + at, 1 << (at % 8));
      await write(place, flipped);
      await evict(place);
      const { found, refused } = await readThrough(place);
      expect(refused, `byte ${at}`).toEqual([[1 + index, 2 + index]]);
      expect(found, `byte ${at}`).toEqual([0, 1, 2, 3, 4].filter((one) => one !== 1 + index).map((one) => `${one}+1`));
    }
  },
);

test("R26 a length that flips within one life hangs nobody, and is served to nobody", async () => {
  const { place, device, bytes, batches } = await stored();
  await readThrough(place);
  const length = bytes.length / 3;
  for (const index of [0, 1, 2]) {
    for (const lengthBytes of [
      [0xff, 0xff, 0xff, 0xf4],
      [0, 0, 0, 0],
      [0xff, 0xff, 0, 0],
      [0x7f, 0xff, 0xff, 0xff],
    ]) {
      const flipped = bytes.slice();
      flipped.set(lengthBytes, index * length + LENGTH_AT);
      await write(place, flipped);
      const { refused } = await readThrough(place);
      expect(refused).toEqual([[1 + index, 2 + index]]);
      const crc = batches[index + 1]?.crc ?? null;
      await fetchOne({ ...place, offset: 2 + index, previousCrc: crc });
      await call(`/v1/topics/${place.name}/partitions/0/offsets?at=102`);
      await device.reconcile(batches.slice(0, 5));
    }
  }
});

test.each([
  { name: "cut", damaged: (bytes: Uint8Array) => bytes.slice(0, bytes.length / 3 + 40), from: 2 },
  { name: "cut between two batches", damaged: (bytes: Uint8Array) => bytes.slice(0, bytes.length / 3), from: 2 },
  { name: "empty", damaged: () => new Uint8Array(), from: 1 },
  { name: "zero", damaged: (bytes: Uint8Array) => new Uint8Array(bytes.length), from: 1 },
])("R26 a run that is $name is refused up to its end, and never denied to its device", async ({ damaged, from }) => {
  const { place, device, bytes, batches } = await stored();
  await write(place, damaged(bytes));
  await evict(place);
  const { found, refused } = await readThrough(place);
  expect(refused).toEqual([[from, 4]]);
  expect(found).toEqual(["0+1", ...(from === 2 ? ["1+1"] : []), "4+1"]);
  const answer = await device.reconcile(batches);
  expect(answer).toMatchObject({ error: { code: "CORRUPT_MESSAGE" } });
  // A duplicate is proven by the chain and not by the row.
  expect(await device.send(batches[4] as SealedBatch)).toMatchObject({
    error: null,
    nextSequence: 5,
    highWatermark: 5,
  });
  const late = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=102`);
  expect(await late.json()).toMatchObject({ offset: 4 });
});

test("R26 what is damaged is passed by who looks for a time, and neither proven nor denied to who looks for his batch", async () => {
  const { place, device, bytes, batches } = await stored();
  const length = bytes.length / 3;
  const flipped = bytes.slice();
  flip(flipped, length + 66, 4);
  await write(place, flipped);
  await evict(place);
  const late = await call(`/v1/topics/${place.name}/partitions/0/offsets?at=102`);
  expect(await late.json()).toMatchObject({ offset: 3, timestamp: 103 });
  expect(await fetchOne({ ...place, offset: 3, previousCrc: 1 as never })).toMatchObject({ error: null });
  expect(await fetchOne({ ...place, offset: 4, previousCrc: batches[3]?.crc ?? null })).toMatchObject({ error: null });
  const answer: ReconcileAnswer | { error: unknown } = await device.reconcile(batches.slice(0, 1));
  expect(answer).toMatchObject({ batches: [{ verdict: "held" }] });
  expect(await device.reconcile(batches)).toMatchObject({ error: { code: "CORRUPT_MESSAGE" } });
  const page = await call(`/v1/topics/${place.name}/partitions/0/records?offset=2`);
  expect(await errorOf(page)).toMatchObject({ code: "CORRUPT_MESSAGE", status: 422, offset: 2, nextOffset: 3 });
});

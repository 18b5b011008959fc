/** Many partitions share the bytes of one answer, and of what is read for it. */
import { beforeEach, expect, test, vi } from "vitest";
import { LogReader } from "../../edge/partition/log-reader.ts";
import { newDevice } from "./device.ts";
import { newPlace, type Place } from "./edge.ts";
import { fetchFrom } from "./fetcher.ts";

const reads = vi.spyOn(LogReader.prototype, "read");
beforeEach(() => void reads.mockClear());

/** What the objects handed to the Worker. */
function bytesHandedOver(): number {
  return reads.mock.results.reduce((sum, { value }) => sum + (value as { bytes: Uint8Array }).bytes.byteLength, 0);
}

/** Partitions of one topic, each with so many runs of one record of so many bytes. */
async function filled(partitions: readonly (readonly [runs: number, bytes: number])[]): Promise<Place[]> {
  const place = await newPlace({}, partitions.length);
  const places = partitions.map((_, partition) => ({ ...place, partition }));
  for (const [index, [runs, bytes]] of partitions.entries()) {
    const device = await newDevice({ ...place, partition: index });
    for (let run = 0; run < runs; run += 1) await device.send(device.batch("x".repeat(bytes)));
  }
  return places;
}

function lengths(answers: readonly { readonly found: readonly string[] }[]): number[] {
  return answers.map(({ found }) => found.length);
}

test("a reader that is behind on many partitions makes them hand over no more than it takes", async () => {
  const places = await filled(Array.from({ length: 20 }, () => [4, 50_000] as const));
  const answers = await fetchFrom(places, { maxBytes: 1_040_000 });
  expect(lengths(answers)).toEqual(Array.from({ length: 20 }, () => 1));
  expect(bytesHandedOver()).toBeLessThanOrEqual(1_040_000);
});

test("each gets its share however much the first one has", async () => {
  const places = await filled([
    [40, 30_000],
    [2, 30_000],
    [2, 30_000],
  ]);
  const answers = await fetchFrom(places, { maxBytes: 300_000 });
  expect(answers.map(({ found }) => found.length >= 2)).toEqual([true, true, true]);
});

test("what the others leave goes to those that have more, without a gap", async () => {
  const places = await filled([
    [1, 100],
    [9, 30_000],
    [1, 100],
  ]);
  const answers = await fetchFrom(places, { maxBytes: 1_000_000 });
  expect(answers.map(({ found }) => found)).toEqual([
    ["0+1"],
    Array.from({ length: 9 }, (_, offset) => `${offset}+1`),
    ["0+1"],
  ]);
});

test("a batch larger than its share comes whole to the first that has any, and never keeps the small ones out", async () => {
  const places = await filled([
    [0, 0],
    [3, 200_000],
    [1, 100],
  ]);
  expect(lengths(await fetchFrom(places, { maxBytes: 60_000 }))).toEqual([0, 1, 0]);
  expect(lengths(await fetchFrom(places.toReversed(), { maxBytes: 60_000 }))).toEqual([1, 0, 0]);
  expect(lengths(await fetchFrom(places, { maxBytes: 450_000 }))).toEqual([0, 2, 1]);
});

test("an answer that is full does not wait for more that would not fit", async () => {
  const places = await filled([
    [2, 60_000],
    [2, 60_000],
  ]);
  const from = Date.now();
  const answers = await fetchFrom(places, { maxBytes: 100_000, minBytes: 100_000, maxWaitMs: 20_000 });
  expect(lengths(answers)).toEqual([1, 0]);
  expect(Date.now() - from).toBeLessThan(10_000);
});

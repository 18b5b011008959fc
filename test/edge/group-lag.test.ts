/** How far groups are behind: what a partition answers, and what it tells the metrics without being woken for it. */
import { evictDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { readPrometheus } from "../harness/prometheus.ts";
import { age } from "./aged-log.ts";
import { plainBatch, produceRun } from "./device.ts";
import { call, evict, newPlace, stubOf, type Place } from "./edge.ts";
import { commit, fence, forget, standing } from "./group-calls.ts";

afterEach(() => void vi.restoreAllMocks());

const BEGIN = Date.UTC(2040, 0, 1);

function at(seconds: number): void {
  vi.spyOn(Date, "now").mockReturnValue(BEGIN + seconds * 1_000);
}

async function appended(place: Place, ...values: readonly string[]): Promise<void> {
  await produceRun(place, plainBatch(values));
}

test("records, rate, the age of the first that waits, and the status, over an eviction at each step", async () => {
  const place = await newPlace({ "retention.ms": "-1" });
  at(0);
  await appended(place, "a", "b", "c", "d");
  at(5);
  await appended(place, "e", "f");
  await fence(place);
  expect(await standing(place)).toMatchObject({ committed: null, lag: 6, rate: null, timeLagMs: 5_000, status: "OK" });
  at(10);
  await commit(place, { commit: 1, offset: 1 });
  await evict(place);
  at(20);
  await commit(place, { commit: 2, offset: 4 });
  await evict(place);
  expect(await standing(place)).toMatchObject({ lag: 2, rate: 0.3, timeLagMs: 15_000, status: "OK" });
  await appended(place, ...Array.from({ length: 9 }, () => "more"));
  at(30);
  expect(await standing(place)).toMatchObject({ lag: 11, timeLagMs: 25_000, status: "OK" });
  await commit(place, { commit: 3, offset: 5 });
  await evict(place);
  // It moves from 5 to 2 records behind and then to 10, so that the lag has shrunk in between.
  expect(await standing(place)).toMatchObject({ lag: 10, rate: 0.2, status: "OK" });
  at(90);
  expect(await standing(place)).toMatchObject({ status: "OK" });
  at(90.001);
  expect(await standing(place)).toMatchObject({ lag: 10, timeLagMs: 85_001, status: "STOPPED" });
  await commit(place, { commit: 4, offset: 15 });
  expect(await standing(place)).toMatchObject({ lag: 0, timeLagMs: 0, status: "OK" });
});

test("a group that stands still is STALLED, one that falls behind is warned of", async () => {
  const place = await newPlace({ "retention.ms": "-1" });
  at(0);
  await appended(place, "a", "b", "c");
  for (const group of ["still", "slow"]) await fence(place, { group });
  for (let step = 1; step <= 4; step += 1) {
    at(step * 5);
    await commit(place, { group: "still", commit: step, offset: 1 });
    await commit(place, { group: "slow", commit: step, offset: step });
    await appended(place, "x", "y");
  }
  expect(await standing(place, "still")).toMatchObject({ lag: 10, status: "STALLED", rate: 0 });
  expect(await standing(place, "slow")).toMatchObject({ lag: 7, status: "WARNING", rate: 0.2 });
});

test("what deletion and retention took is no lag, and does not wait", async () => {
  const place = await newPlace();
  await appended(place, "a", "b");
  await appended(place, "c", "d");
  await fence(place);
  await commit(place, { offset: 1 });
  await age(place, 100_000, "base_offset = 0");
  expect((await standing(place)).timeLagMs).toBeGreaterThanOrEqual(100_000);
  await call(`/v1/topics/${place.name}/partitions/0/records?before=3`, { method: "DELETE" });
  const after = await standing(place);
  expect(after).toMatchObject({ logStartOffset: 3, committed: { offset: 1 }, lag: 1 });
  expect(after.timeLagMs).toBeLessThan(100_000);
});

async function told(place: Place, group: string): Promise<readonly (number | undefined)[]> {
  const families = readPrometheus(await (await call("/metrics")).text());
  const labels = `topic="${place.name}",partition="0",group="${group}"`;
  const names = ["group_lag", "group_time_lag_seconds", "group_status"];
  return names.map((name) => families.get(`strandline_${name}`)?.samples.get(labels));
}

test("the metrics tell it of a partition that sleeps, and it grows old there", async () => {
  const place = await newPlace({ "retention.ms": "-1" });
  at(0);
  await appended(place, "a", "b", "c");
  await fence(place, { group: "a|b%" });
  await commit(place, { group: "a|b%", offset: 1 });
  await vi.waitFor(async () => expect(await told(place, "a|b%")).toEqual([2, 0, 0]), { interval: 40 });
  await evict(place);
  at(60);
  expect(await told(place, "a|b%")).toEqual([2, 60, 0]);
  at(61);
  expect(await told(place, "a|b%")).toEqual([2, 61, 3]);
  // Nothing is there to be evicted where nothing was woken.
  await expect(evictDurableObject(stubOf(place))).rejects.toThrow();
});

test("the metrics forget it with the group, and with the topic", async () => {
  const [kept, other] = [await newPlace(), await newPlace()];
  for (const place of [kept, other]) {
    await appended(place, "a");
    await fence(place);
    await vi.waitFor(async () => expect((await told(place, "g"))[0]).toBe(1), { interval: 40 });
  }
  await forget(kept, "g", 1);
  await vi.waitFor(async () => expect(await told(kept, "g")).toEqual([undefined, undefined, undefined]), {
    interval: 40,
  });
  expect((await told(other, "g"))[0]).toBe(1);
  await call(`/v1/topics/${other.name}`, { method: "DELETE" });
  expect((await told(other, "g"))[0]).toBeUndefined();
});

test("the metrics tell of the first 32 groups by name", async () => {
  const place = await newPlace();
  const names = Array.from({ length: 40 }, (_, index) => `g${String(index).padStart(2, "0")}`);
  await Promise.all(names.map(async (group) => await fence(place, { group })));
  const toldOf = async (): Promise<string[]> =>
    (await Promise.all(names.map(async (name) => ((await told(place, name))[0] === undefined ? [] : [name])))).flat();
  await vi.waitFor(async () => expect(await toldOf()).toEqual(names.slice(0, 32)), { interval: 100 });
});

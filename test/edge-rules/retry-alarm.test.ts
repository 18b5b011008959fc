import { beforeEach, expect, test } from "vitest";
import { RetryAlarm } from "../../edge/controller/retry-alarm.ts";

let nowMs: number;
/** What the platform holds; a test that loses it sets it to null. */
let setFor: number | null;
let alarm: RetryAlarm;

beforeEach(() => {
  nowMs = 1_000_000;
  setFor = null;
  alarm = new RetryAlarm(
    {
      get: () => Promise.resolve(setFor),
      set: (at) => Promise.resolve(void (setFor = at)),
      delete: () => Promise.resolve(void (setFor = null)),
    },
    { now: () => nowMs, sleep: async () => undefined },
  );
});

test("waits longer after each round that left something undone, a minute at most", async () => {
  const waits: number[] = [];
  for (const failures of [0, 1, 2, 5, 6, 7, 1_000]) {
    await alarm.backOff(failures);
    waits.push((setFor ?? 0) - nowMs);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
});

test("changes that keep coming do not put it off", async () => {
  await alarm.guard();
  const first = setFor;
  nowMs += 4_000;
  await alarm.guard();
  expect(setFor).toBe(first);
  nowMs += 1_000;
  await alarm.guard();
  expect(setFor).toBe(nowMs + 5_000);
});

test("a change brings forward one that is far off", async () => {
  await alarm.backOff(10);
  await alarm.guard();
  expect(setFor).toBe(nowMs + 5_000);
});

test("is set again where it was lost, and left where it stands", async () => {
  await alarm.restore();
  expect(setFor).toBe(nowMs + 1_000);
  setFor = nowMs + 50_000;
  await alarm.restore();
  expect(setFor).toBe(nowMs + 50_000);
});

test("rests, and is set anew after that and after it has fired", async () => {
  await alarm.guard();
  await alarm.rest();
  expect(setFor).toBeNull();
  await alarm.guard();
  setFor = null;
  alarm.fired();
  await alarm.guard();
  expect(setFor).toBe(nowMs + 5_000);
});

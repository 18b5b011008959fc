/** Quotas of ingest keys by a clock of the test. */
import { expect, test } from "vitest";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { IngestMeters } from "../../edge/ingest/ingest-meters.ts";

function metersAt(): { readonly meters: IngestMeters; readonly pass: (ms: number) => void } {
  let now = 1_000_000;
  const meters = new IngestMeters({ now: () => now, sleep: () => Promise.reject(new Error("nobody sleeps")) });
  return { meters, pass: (ms) => void (now += ms) };
}

function waitOf(take: () => void): number {
  try {
    take();
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof StrandlineError) || thrown.code !== "THROTTLING_QUOTA_EXCEEDED") throw thrown;
    return Number(thrown.details["retryAfterMs"]);
  }
}

test("ten seconds' worth at once, then what was told to wait for, and no more than that", () => {
  const { meters, pass } = metersAt();
  const take = (): void => meters.take("a", "requestsPerSecond", { requestsPerSecond: 2 }, 1);
  for (let taken = 0; taken < 21; taken += 1) expect(waitOf(take)).toBe(0);
  const wait = waitOf(take);
  expect(wait).toBe(500);
  pass(wait - 1);
  expect(waitOf(take)).toBe(1);
  pass(1);
  expect([waitOf(take), waitOf(take)]).toEqual([0, 500]);
});

test("what is not bound is not counted, and each rate and key by itself", () => {
  const { meters } = metersAt();
  const quota = { bytesPerSecond: 1 };
  for (const [of, name, amount] of [
    ["a", "bytesPerSecond", 1_000],
    ["a", "requestsPerSecond", 1_000],
    ["b", "bytesPerSecond", 1],
  ] as const)
    expect(waitOf(() => meters.take(of, name, quota, amount))).toBe(0);
  expect(waitOf(() => meters.take("a", "bytesPerSecond", null, 1))).toBe(0);
  expect(waitOf(() => meters.take("a", "bytesPerSecond", quota, 1))).toBe(990_000);
});

test("many keys do not take room for ever; those that owe are the last to be forgotten", () => {
  const { meters, pass } = metersAt();
  const quota = { requestsPerSecond: 1 };
  const flood = (from: number, count: number): void => {
    for (let key = from; key < from + count; key += 1) meters.take(`${key}`, "requestsPerSecond", quota, 1);
  };
  flood(0, 9_999);
  pass(10_000);
  meters.take("owes", "requestsPerSecond", quota, 1_000);
  flood(10_000, 9_000);
  expect(waitOf(() => meters.take("owes", "requestsPerSecond", quota, 1))).toBeGreaterThan(0);
});

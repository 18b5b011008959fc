import { expect, test } from "vitest";
import type { Caller } from "../../edge/auth/caller.ts";
import { TokenCache } from "../../edge/auth/token-cache.ts";
import type { Clock } from "../../shared/clock.ts";

const CALLER: Caller = {
  namespace: "acme",
  principal: "alice",
  grants: [],
  expiresAtMs: 1_000_000,
  credentialId: null,
  issuedAtMs: null,
};

function at(startMs: number): { nowMs: number; readonly cache: TokenCache } {
  const time = { nowMs: startMs };
  const clock: Clock = { now: () => time.nowMs, sleep: () => Promise.resolve() };
  return Object.assign(time, { cache: new TokenCache(clock) });
}

test("a token that was good is known for a minute, and no longer than it lives", () => {
  const time = at(0);
  time.cache.put("token", CALLER);
  time.nowMs = 59_999;
  expect(time.cache.get("token")).toBe(CALLER);
  time.nowMs = 60_000;
  expect(time.cache.get("token")).toBeUndefined();
  time.cache.put("token", { ...CALLER, expiresAtMs: 61_000 });
  time.nowMs = 60_999;
  expect(time.cache.get("token")).toMatchObject({ principal: "alice" });
  time.nowMs = 61_000;
  expect(time.cache.get("token")).toBeUndefined();
});

test("a clock that was set back makes it unknown", () => {
  const time = at(50_000);
  time.cache.put("token", CALLER);
  time.nowMs = 49_999;
  expect(time.cache.get("token")).toBeUndefined();
});

test("tokens take no more room than is theirs: the oldest go, and one that comes back has its room once", () => {
  const time = at(0);
  const token = (index: number): string => `${index}`.padStart(8_192, "x");
  for (let again = 0; again < 600; again += 1) time.cache.put(token(0), CALLER);
  for (let index = 1; index < 512; index += 1) time.cache.put(token(index), CALLER);
  expect([time.cache.get(token(0)), time.cache.get(token(511))]).toEqual([CALLER, CALLER]);
  time.cache.put(token(512), CALLER);
  expect([time.cache.get(token(0)), time.cache.get(token(1)), time.cache.get(token(512))]).toEqual([
    undefined,
    CALLER,
    CALLER,
  ]);
});

/** What `useLag` shows, over a clock, an edge and a page that the test has in hand. */
import { beforeEach, expect, test } from "vitest";
import type { GroupLag } from "../../../client/page/admin/group-types.ts";
import { NO_LAG, shownLag, type ShownLag, type UseLagOptions } from "../../../client/page/shown-lag.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";

const OUT_OF_REACH = new StrandlineError("NETWORK_EXCEPTION", "");

let clock: VirtualClock;
/** When it was asked, in milliseconds from the start. */
let asked: number[];
let options: unknown[];
let answer: () => Promise<GroupLag>;
let visible: boolean;
const listeners = { hint: new Set<() => void>(), hidden: new Set<() => void>() };
beforeEach(() => {
  clock = new VirtualClock();
  asked = [];
  options = [];
  visible = true;
  answer = async () => lagOf(asked.length);
  for (const each of Object.values(listeners)) each.clear();
});

function lagOf(lag: number): GroupLag {
  return { groupId: "g", status: "OK", lag, timeLagMs: 0, partitions: [] };
}

function listening(to: Set<() => void>): (listener: () => void) => () => void {
  return (listener) => {
    to.add(listener);
    return () => to.delete(listener);
  };
}

function shownOf(given: UseLagOptions = {}): {
  readonly now: () => ShownLag;
  readonly told: () => number;
  readonly subscribe: () => () => void;
} {
  let told = 0;
  const lag = async (_group: string, how: unknown): Promise<GroupLag> => {
    asked.push(clock.elapsedMs);
    options.push(how);
    return await answer();
  };
  const { subscribe, snapshot } = shownLag(
    {
      ...{ admin: () => ({ lag }), clock, isVisible: () => visible },
      random: { next: () => 1 - Number.EPSILON, bytes: (length) => new Uint8Array(length) },
      lifecycle: { onHint: listening(listeners.hint), onHidden: listening(listeners.hidden) },
    },
    "g",
    given,
  );
  return { now: snapshot, told: () => told, subscribe: () => subscribe(() => (told += 1)) };
}

function setVisible(now: boolean): void {
  visible = now;
  for (const tell of now ? listeners.hint : listeners.hidden) tell();
}

test("it is asked for at once, and again by the interval, until nobody looks", async () => {
  const { now, told, subscribe } = shownOf({ intervalMs: 1_000, coordinator: "edge" });
  expect(now()).toBe(NO_LAG);
  await clock.advance(5_000);
  expect(asked).toEqual([]);
  const stop = subscribe();
  await clock.advance(0);
  expect(now()).toEqual({ lag: lagOf(1), ageMs: 0, error: null });
  await clock.advance(2_500);
  expect(asked).toEqual([5_000, 6_000, 7_000]);
  expect(now().lag).toEqual(lagOf(3));
  expect(now()).toBe(now());
  expect(options[0]).toMatchObject({ coordinator: "edge" });
  const heard = told();
  stop();
  await clock.advance(60_000);
  expect([asked.length, told()]).toEqual([3, heard]);
  expect([listeners.hint.size, listeners.hidden.size]).toEqual([0, 0]);
});

test("where there is no answer the last one stays with its age, and it is asked more and more seldom", async () => {
  const { now, subscribe } = shownOf();
  const stop = subscribe();
  await clock.advance(0);
  answer = async () => await Promise.reject(OUT_OF_REACH);
  await clock.advance(5_000);
  expect(now()).toEqual({ lag: lagOf(1), ageMs: 5_000, error: OUT_OF_REACH });
  await clock.advance(295_000);
  // 5, 10, 20 and 40 seconds behind each other, then at most a minute.
  const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(gaps.slice(0, 5)).toEqual([5_000, 10_000, 20_000, 40_000, 60_000]);
  expect(Math.max(...gaps)).toBe(60_000);
  // The age goes on by the interval, whenever it was asked.
  expect(now()).toMatchObject({ lag: lagOf(1), ageMs: 300_000, error: { code: "NETWORK_EXCEPTION" } });
  // The network is back.
  answer = async () => lagOf(7);
  for (const tell of listeners.hint) tell();
  await clock.advance(0);
  expect(now()).toEqual({ lag: lagOf(7), ageMs: 0, error: null });
  await clock.advance(10_000);
  expect(asked.slice(-2)).toEqual([305_000, 310_000]);
  stop();
});

test("a network that comes back while a question fails is asked at once", async () => {
  const { now, subscribe } = shownOf();
  const failing = Promise.withResolvers<GroupLag>();
  answer = async () => await failing.promise;
  const stop = subscribe();
  await clock.advance(1_000);
  for (const tell of listeners.hint) tell();
  answer = async () => lagOf(5);
  failing.reject(OUT_OF_REACH);
  await clock.advance(0);
  expect(now()).toEqual({ lag: lagOf(5), ageMs: 0, error: null });
  stop();
});

test("a hidden page asks for nothing; shown again it does at once, with the old lag and its age meanwhile", async () => {
  const { now, subscribe } = shownOf();
  const stop = subscribe();
  await clock.advance(0);
  setVisible(false);
  await clock.advance(3_600_000);
  expect(asked).toEqual([0]);
  const asking = Promise.withResolvers<GroupLag>();
  answer = async () => await asking.promise;
  setVisible(true);
  await clock.advance(0);
  expect(asked).toEqual([0, 3_600_000]);
  expect(now()).toEqual({ lag: lagOf(1), ageMs: 3_600_000, error: null });
  asking.resolve(lagOf(2));
  await clock.advance(0);
  expect(now()).toMatchObject({ lag: lagOf(2), ageMs: 0 });
  stop();
});

test("a clock that is set back makes nothing wait, and no age less than none", async () => {
  const { now, subscribe } = shownOf();
  const stop = subscribe();
  await clock.advance(0);
  clock.jump(-86_400_000);
  await clock.advance(5_000);
  expect(asked).toEqual([0, 5_000]);
  answer = async () => await Promise.reject(OUT_OF_REACH);
  clock.jump(-86_400_000);
  await clock.advance(5_000);
  expect(now()).toMatchObject({ ageMs: 0, error: OUT_OF_REACH });
  stop();
});

test("mounted twice, as StrictMode does, one of the two asks, and what was heard stays", async () => {
  const { now, subscribe } = shownOf();
  subscribe()();
  const stop = subscribe();
  await clock.advance(5_000);
  expect(asked).toEqual([0, 0, 5_000]);
  stop();
  subscribe();
  expect(now()).toMatchObject({ lag: lagOf(3) });
});

test.each([0, -1, Number.NaN, Infinity, "5" as unknown as number])("an interval of %s is none", (intervalMs) => {
  expect(() => shownOf({ intervalMs })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

/** Creation, change, growth and deletion break off after each of their steps. What was begun is done, and done once. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PartitionObject } from "../../edge/worker.ts";
import type { DescribeTopicAnswer } from "../../shared/api/topics.ts";
import {
  alarmIsSet,
  breakCalls,
  breakControllerAfter,
  controller,
  evictController,
  growthsOf,
  pending,
  runAlarms,
  tablesOf,
  wake,
} from "./controller.ts";
import { newDevice } from "./device.ts";
import { call, errorOf, newPlace, recordsOf, type Place } from "./edge.ts";

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());
afterEach(() => void vi.restoreAllMocks());

const NOTHING = { unsettled: 0, freeing: 0 };

async function described({ name }: Place): Promise<DescribeTopicAnswer> {
  const response = await call(`/v1/topics/${name}`);
  expect(response.status).toBe(200);
  return await response.json();
}

/** Two partitions, both born, the first with a record. */
async function twoPartitions(): Promise<Place> {
  const place = await newPlace({}, 2);
  const device = await newDevice(place);
  await device.send(device.batch("a"));
  await wake(place, 0, 1);
  return place;
}

async function grow({ name }: Place, partitionCount: number): Promise<Response> {
  return await call(`/v1/topics/${name}/partitions`, { json: { partitionCount } });
}

async function alter({ name }: Place, config: Record<string, string | null>): Promise<Response> {
  return await call(`/v1/topics/${name}`, { method: "PATCH", json: { config } });
}

async function remove({ name }: Place): Promise<Response> {
  return await call(`/v1/topics/${name}`, { method: "DELETE" });
}

interface Change {
  readonly name: string;
  readonly run: (place: Place) => Promise<Response>;
  /** Whether it was written down; throws where it was done in part. */
  readonly hasBegun: (place: Place) => Promise<boolean>;
  readonly isDone: (place: Place) => Promise<void>;
  /** Of a repeat by somebody who heard of no success, after it was done. */
  readonly again: number;
}

const CHANGES: readonly Change[] = [
  {
    name: "a growth",
    run: async (place) => await grow(place, 5),
    hasBegun: async (place) => (await described(place)).partitionCount === 5,
    isDone: async (place) => {
      expect(await described(place)).toMatchObject({ partitionCount: 5 });
      expect(await growthsOf(place, 0)).toEqual([{ from: 2, at: 1 }]);
      expect(await growthsOf(place, 1)).toEqual([{ from: 2, at: 0 }]);
      expect(await growthsOf(place, 4)).toEqual([{ from: 2, at: 0 }]);
    },
    again: 200,
  },
  {
    name: "an altered configuration",
    run: async (place) => await alter(place, { "message.timestamp.type": "LogAppendTime" }),
    hasBegun: async (place) => Object.keys((await described(place)).config).length === 1,
    isDone: async (place) => {
      const device = await newDevice(place);
      await device.send(device.batch("b"));
      const records = await recordsOf(place);
      expect(records.map(({ timestamp }) => timestamp > 1_700_000_000_000).slice(0, 2)).toEqual([false, true]);
    },
    again: 200,
  },
  {
    name: "a deletion",
    run: remove,
    hasBegun: async ({ name }) => (await call(`/v1/topics/${name}`)).status === 404,
    isDone: async (place) => {
      for (const partition of [0, 1]) expect(await tablesOf({ ...place, partition })).toEqual([]);
    },
    again: 404,
  },
];

describe.each(CHANGES)("$name that breaks off", ({ run, hasBegun, isDone, again }) => {
  test("at any statement of the controller is done by its alarm, or was never begun", async () => {
    let begun = 0;
    let statements = 0;
    for (; ; statements += 1) {
      const place = await twoPartitions();
      const fired = await breakControllerAfter(statements);
      const response = await run(place);
      await evictController();
      const { unsettled, freeing } = await pending();
      if (unsettled + freeing > 0) expect(await alarmIsSet()).toBe(true);
      await runAlarms();
      expect(await alarmIsSet()).toBe(false);
      expect(await pending()).toEqual(NOTHING);
      if (await hasBegun(place)) begun += 1;
      else expect([response.status, (await run(place)).status]).toEqual([500, 200]);
      await isDone(place);
      expect((await run(place)).status).toBe(again);
      await isDone(place);
      if (!fired()) break;
    }
    expect(statements).toBeGreaterThanOrEqual(3);
    expect(begun).toBeGreaterThanOrEqual(2);
  });

  test.each(["before", "after"])("at the call to a partition, %s it arrives, is done by the alarm", async (when) => {
    for (const broken of [0, 1]) {
      const place = await twoPartitions();
      const restore = breakCalls({ calls: new Set([broken]), arrives: when === "after" });
      await run(place);
      restore();
      await evictController();
      expect(await alarmIsSet()).toBe(true);
      await runAlarms();
      expect(await pending()).toEqual(NOTHING);
      expect(await hasBegun(place)).toBe(true);
      await isDone(place);
    }
  });

  test("has its alarm before any partition is called", async () => {
    const place = await twoPartitions();
    const set: Promise<boolean>[] = [];
    const look = async (): Promise<never> => {
      set.push(alarmIsSet());
      await set.at(-1);
      throw new Error("the partition is gone");
    };
    vi.spyOn(PartitionObject.prototype, "adopt").mockImplementation(look);
    vi.spyOn(PartitionObject.prototype, "destroy").mockImplementation(look);
    await run(place);
    vi.restoreAllMocks();
    expect(await Promise.all(set)).toEqual([true, true]);
    await runAlarms();
  });

  test("is done though the alarm was lost with the process", async () => {
    const place = await twoPartitions();
    const restore = breakCalls({ calls: "all", arrives: false });
    await run(place);
    restore();
    await runInDurableObject(controller(), async (_, { storage }: DurableObjectState) => await storage.deleteAlarm());
    expect(await alarmIsSet()).toBe(false);
    await evictController();
    expect(await alarmIsSet()).toBe(true);
    await runAlarms();
    await isDone(place);
  });

  test("R23 is done once where the alarm comes twice", async () => {
    const place = await twoPartitions();
    const restore = breakCalls({ calls: new Set([0, 1]), arrives: true });
    await run(place);
    restore();
    await runInDurableObject(controller(), async (object) => {
      await Promise.all([object.alarm(), object.alarm()]);
      await object.alarm();
    });
    expect(await pending()).toEqual(NOTHING);
    await isDone(place);
    await runAlarms();
    expect(await alarmIsSet()).toBe(false);
  });

  test("R23 goes on after an alarm that failed seven times and more", async () => {
    const place = await twoPartitions();
    const restore = breakCalls({ calls: "all", arrives: false });
    await run(place);
    for (let count = 0; count < 9; count += 1) expect(await runAlarms(1)).toBe(1);
    expect(await pending()).not.toEqual(NOTHING);
    await evictController();
    expect(await runAlarms(1)).toBe(1);
    restore();
    await runAlarms();
    expect(await pending()).toEqual(NOTHING);
    expect(await hasBegun(place)).toBe(true);
    await isDone(place);
  });
});

describe("a growth", () => {
  test("is published only once every partition has heard of it, and says who has not", async () => {
    const place = await twoPartitions();
    const restore = breakCalls({ calls: "all", arrives: false });
    const waiting = await grow(place, 4);
    expect(waiting.status).toBe(202);
    expect(await waiting.json()).toMatchObject({ partitionCount: 2, growingTo: 4, waitsFor: [0, 1] });
    expect(await described(place)).toMatchObject({ partitionCount: 2 });
    expect((await call(`/v1/topics/${place.name}/partitions/2/offsets?at=latest`)).status).toBe(404);
    restore();
    expect((await grow(place, 4)).status).toBe(200);
    expect(await described(place)).toMatchObject({ partitionCount: 4 });
    expect(await growthsOf(place, 0)).toEqual([{ from: 2, at: 1 }]);
  });

  test("that is under way is no shorter, may be longer, and a repeat of what was before changes nothing", async () => {
    const place = await twoPartitions();
    const restore = breakCalls({ calls: "all", arrives: false });
    expect((await grow(place, 4)).status).toBe(202);
    const error = await errorOf(await grow(place, 3));
    expect(error).toMatchObject({ status: 400, code: "INVALID_PARTITIONS", partitionCount: 3, current: 4 });
    expect((await grow(place, 2)).status).toBe(200);
    expect((await grow(place, 6)).status).toBe(202);
    restore();
    await runAlarms();
    expect(await described(place)).toMatchObject({ partitionCount: 6 });
    for (const partition of [0, 1]) expect(await growthsOf(place, partition)).toHaveLength(1);
  });

  test("a partition born while it is under way knows of it and holds nothing up", async () => {
    const place = await newPlace({}, 2);
    await wake(place, 0);
    const restore = breakCalls({ calls: "all", arrives: false });
    expect((await grow(place, 4)).status).toBe(202);
    await wake(place, 1);
    expect(await growthsOf(place, 1)).toEqual([{ from: 2, at: 0 }]);
    // Asked past the Workers, which do not know of it yet.
    expect(await growthsOf(place, 3)).toEqual([{ from: 2, at: 0 }]);
    await expect(growthsOf(place, 4)).rejects.toThrow("No topic has this id");
    expect(await (await grow(place, 4)).json()).toMatchObject({ growingTo: 4, waitsFor: [0] });
    restore();
    expect((await grow(place, 4)).status).toBe(200);
    expect(await growthsOf(place, 1)).toHaveLength(1);
  });
});

describe("a creation that breaks off", () => {
  test("at any statement is made once by its repeat", async () => {
    for (let statements = 0; ; statements += 1) {
      const request = { json: { name: `broken-${statements}`, partitionCount: 1, token: "once" } };
      const fired = await breakControllerAfter(statements);
      const first = await call("/v1/topics", request);
      await evictController();
      const second = await call("/v1/topics", request);
      expect([200, 201]).toContain(second.status);
      const topic = await second.json();
      expect(await (await call(`/v1/topics/broken-${statements}`)).json()).toMatchObject(topic as object);
      if (fired()) continue;
      expect([first.status, second.status]).toEqual([201, 200]);
      expect(await first.json()).toEqual(topic);
      break;
    }
  });
});

/** What storage does to a device, in a real browser: a full disk (R13), a database that is gone (R17), the end of it all (S09). */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { StorageLab, type StorageTab } from "./storage-lab.ts";

const MIB = 1024 * 1024;
/** Twenty MiB go over the network meanwhile, and through a disk that is full. */
const ROOM_MS_MAX = 60_000;
let lab: StorageLab;

beforeAll(async () => {
  lab = await StorageLab.open();
  await lab.createTopic("orders");
});
afterAll(() => lab.close());

async function levels(tab: StorageTab): Promise<string[]> {
  return (await tab.call("told")).flatMap((event) => (event.type === "storage.pressure" ? [event.level] : []));
}

async function lost(tab: StorageTab): Promise<{ deviceId: string; unsyncedRecords: number }[]> {
  return (await tab.call("told")).flatMap((event) =>
    event.type === "storage.lost" ? [{ deviceId: event.deviceId, unsyncedRecords: event.unsyncedRecords }] : [],
  );
}

async function deviceId(tab: StorageTab): Promise<string> {
  return (await tab.call("report")).deviceId;
}

/** Sends large records until one is refused; how many were taken. */
async function fill(tab: StorageTab, topic: string): Promise<number> {
  for (let taken = 0; taken < 60; taken += 1) {
    const answer = await tab.call("send", topic, 900_000);
    if (answer.ok) continue;
    expect(answer).toMatchObject({ code: "STORAGE_FULL", details: { usageBytes: expect.any(Number) } });
    return taken;
  }
  throw new Error("the disk does not fill up");
}

/** Chromium tells sites that ten gigabytes more are free whatever is, so that only a refusal tells what there is. */
const ESTIMATES = [
  ["that says what there is", ["--disable-features=StaticStorageQuota"]],
  ["as it comes", []],
] as const;

describe.each(ESTIMATES)("a full disk, in a Chromium %s", (name, flags) => {
  test("copies go first, then sends are refused whole, and they go on without a reload once there is room", async () => {
    const topic = flags.length === 0 ? "full-a" : "full-b";
    await lab.createTopic(topic);
    const tab = await lab.device(name, flags);
    await tab.quota(20 * MIB);
    await tab.load();
    await tab.call("consume", topic);
    // Twice the quota, synced as it comes: the copies of what was read make room for what is new.
    for (let sent = 0; sent < 45; sent += 1) expect((await tab.call("send", topic, 900_000)).ok).toBe(true);
    await vi.waitFor(async () => expect(await tab.call("consumed")).toBe(45), ROOM_MS_MAX);
    expect((await tab.call("report")).usageBytes).toBeLessThan(20 * MIB);
    expect(await levels(tab)).not.toEqual([]);

    await tab.call("pause");
    const taken = await fill(tab, topic);
    // Nearly all of the disk is unsynced records by now: 20 MiB less what a level of pressure and the reserve take.
    expect(taken).toBeGreaterThanOrEqual(15);
    expect(await tab.call("pending")).toBe(taken);
    expect((await levels(tab)).at(-1)).toBe("critical");

    // Sync makes room by itself: what was acknowledged is a copy then, and copies go.
    await tab.call("resume");
    await vi.waitFor(async () => expect(await tab.call("pending")).toBe(0), ROOM_MS_MAX);
    expect((await tab.call("send", topic, 900_000)).ok).toBe(true);
    await vi.waitFor(async () => expect(await tab.call("pending")).toBe(0), ROOM_MS_MAX);

    await tab.call("pause");
    const again = await fill(tab, topic);
    await tab.quota(200 * MIB);
    const raised = Date.now();
    await vi.waitFor(async () => expect((await tab.call("send", topic, 900_000)).ok).toBe(true), {
      timeout: 5_000,
      interval: 200,
    });
    expect(Date.now() - raised).toBeLessThan(5_000);
    await tab.call("resume");
    await vi.waitFor(async () => expect(await tab.call("pending")).toBe(0), ROOM_MS_MAX);
    // Exactly what was acked, once each, wherever the device dropped its own copy.
    const path = `${lab.broker.url}/v1/topics/${topic}/partitions/0/offsets?at=latest`;
    expect(await (await fetch(path)).json()).toMatchObject({ offset: 45 + taken + 1 + again + 1 });
  }, 300_000);
});

describe("a database that is gone", () => {
  test("under a running tab it is told at once, with what was not synced, and the old identity is never used again", async () => {
    const tab = await lab.device("cleared-running");
    await tab.load();
    await tab.call("send", "orders", 10);
    await vi.waitFor(async () => expect(await tab.call("pending")).toBe(0));
    const before = await deviceId(tab);
    await tab.call("pause");
    for (let sent = 0; sent < 7; sent += 1) await tab.call("send", "orders", 10);
    // The note is at most a second behind.
    await vi.waitFor(async () => expect(await tab.call("noted")).toBe(7));
    await tab.clear("indexeddb");
    await vi.waitFor(async () => expect(await lost(tab)).toEqual([{ deviceId: before, unsyncedRecords: 7 }]));
    expect(await tab.call("send", "orders", 10)).toMatchObject({ ok: false, code: "STORE_FAILED" });

    await tab.load();
    expect(await deviceId(tab)).not.toBe(before);
    expect((await tab.call("send", "orders", 10)).ok).toBe(true);
    await vi.waitFor(async () => expect(await tab.call("pending")).toBe(0));
    expect(await lost(tab)).toEqual([]);
  }, 60_000);

  test("while no tab was open it is told by the next, once", async () => {
    const tab = await lab.device("cleared-closed");
    await tab.load();
    await tab.call("pause");
    for (let sent = 0; sent < 3; sent += 1) await tab.call("send", "orders", 10);
    const before = await deviceId(tab);
    await vi.waitFor(async () => expect(await tab.call("noted")).toBe(3));
    await tab.leave();
    await tab.clear("indexeddb");
    await tab.load();
    expect(await deviceId(tab)).not.toBe(before);
    await vi.waitFor(async () => expect(await lost(tab)).toEqual([{ deviceId: before, unsyncedRecords: 3 }]));
    await tab.load();
    await deviceId(tab);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await lost(tab)).toEqual([]);
  }, 60_000);

  test("a tab of before writes nothing into the one that another tab has made in its place", async () => {
    const old = await lab.device("cleared-two");
    await old.load();
    await old.call("send", "orders", 10);
    const before = await deviceId(old);
    const other = await old.another();
    await other.load();
    expect(await deviceId(other)).toBe(before);
    await old.clear("indexeddb");
    await other.load();
    const made = await deviceId(other);
    expect(made).not.toBe(before);
    expect(await old.call("send", "orders", 10)).toMatchObject({ ok: false, code: "STORE_FAILED" });
    await other.call("pause");
    expect((await other.call("send", "orders", 10)).ok).toBe(true);
    expect(await other.call("pending")).toBe(1);
  }, 60_000);

  test("with all of the origin it is a new device, and nobody can tell", async () => {
    const tab = await lab.device("cleared-all");
    await tab.load();
    await tab.call("send", "orders", 10);
    const before = await deviceId(tab);
    await tab.leave();
    await tab.clear("all");
    await tab.load();
    expect(await deviceId(tab)).not.toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await lost(tab)).toEqual([]);
  }, 60_000);
});

test("destroy leaves nothing of the device on the disk, ends it in every tab, and raises no alarm later", async () => {
  const tab = await lab.device("destroyed");
  await tab.load();
  const other = await tab.another();
  await other.load();
  await tab.call("pause");
  for (let sent = 0; sent < 4; sent += 1) await other.call("send", "orders", 10);
  expect(await tab.call("leftovers")).toContainEqual(expect.stringMatching(/^database strandline/));
  expect(await tab.call("leftovers")).toContainEqual(expect.stringMatching(/^cache strandline/));
  expect(await tab.call("destroy")).toEqual({ unsyncedRecords: 4 });
  expect(await tab.call("leftovers")).toEqual([]);
  await vi.waitFor(async () =>
    expect(await other.call("told")).toContainEqual({ type: "logged.out", discarded: true }),
  );
  expect(await other.call("send", "orders", 10)).toMatchObject({ ok: false, code: "CLOSED" });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await tab.call("leftovers")).toEqual([]);
  await tab.load();
  expect((await tab.call("send", "orders", 10)).ok).toBe(true);
  expect(await lost(tab)).toEqual([]);
}, 60_000);

/** A device's database is thrown away: what is lost is told exactly, nothing readable stays, and nobody writes into it. */
import { deleteDB, openDB } from "idb";
import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { discardDatabase } from "../../../client/log/discard-database.ts";
import { IdbStore } from "../../../client/log/idb-store.ts";
import { openDevice, type DeviceLog } from "../../../client/log/open-device.ts";
import { cryptoRandom, systemClock } from "../../../client/web-ports.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Partition } from "../../../shared/brands.ts";
import { batchOf } from "./log-fixture.ts";

const NAME = "device";
const hurried: Clock = { now: () => 0, sleep: () => new Promise((resolve) => setTimeout(resolve, 20)) };
const stores: IdbStore[] = [];

beforeEach(() => void (globalThis.indexedDB = new IDBFactory()));
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

async function tab(): Promise<DeviceLog> {
  const store = new IdbStore({ name: NAME, clock: systemClock });
  stores.push(store);
  const owner = { namespace: "default", principal: "ann" };
  return await openDevice({ store, clock: systemClock, random: cryptoRandom, ...owner, local: null });
}

async function append({ localLog }: DeviceLog, topic: string, records: string): Promise<void> {
  await localLog.append([{ topic, partition: -1 as Partition, batch: batchOf(records) }], { durability: "strict" });
}

const databases = async (): Promise<(string | undefined)[]> => (await indexedDB.databases()).map(({ name }) => name);

test("S09 every unsynced record is counted, and the database is gone", async () => {
  const device = await tab();
  await append(device, "orders", "a b c");
  await append(device, "clicks", "d");
  for (const store of stores.splice(0)) store.close();
  expect(await discardDatabase(NAME, systemClock)).toBe(4);
  expect(await databases()).toEqual([]);
});

test("a database that was never made is no error", async () => {
  expect(await discardDatabase(NAME, systemClock)).toBe(0);
  expect(await databases()).toEqual([]);
});

test("another tab lets go, its later appends are refused, and what it appended before is counted", async () => {
  const other = await tab();
  await append(other, "orders", "a b");
  expect(await discardDatabase(NAME, systemClock)).toBe(2);
  await expect(append(other, "orders", "c")).rejects.toMatchObject({
    code: "STORE_FAILED",
    message: expect.stringContaining("was deleted while it was in use"),
  });
  expect(await databases()).toEqual([]);
});

test("a tab that keeps the database open: refused, and nothing is lost", async () => {
  const device = await tab();
  await append(device, "orders", "a b");
  for (const store of stores.splice(0)) store.close();
  const frozen = await openDB(NAME);
  await expect(discardDatabase(NAME, hurried)).rejects.toMatchObject({ code: "STORE_FAILED" });
  frozen.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await (await tab()).outbox.waiting()).length).toBe(1);
});

test("a page that ends between emptying and deleting leaves a name that the next start makes anew", async () => {
  const device = await tab();
  await append(device, "orders", "a");
  for (const store of stores.splice(0)) store.close();
  (await openDB(NAME, 2 ** 31, { upgrade: (opened) => opened.deleteObjectStore("pending") })).close();
  const again = await tab();
  expect(await again.outbox.waiting()).toEqual([]);
  await append(again, "orders", "b");
  expect((await again.outbox.waiting()).length).toBe(1);
  for (const store of stores.splice(0)) store.close();
  await deleteDB(NAME);
});

test("time that runs out while the rows are read: refused, and nothing is lost", async () => {
  await append(await tab(), "orders", "a b");
  for (const store of stores.splice(0)) store.close();
  let runOut = (): void => undefined;
  const clock: Clock = { now: () => 0, sleep: async () => await new Promise((resolve) => (runOut = resolve)) };
  const getAllKeys = Reflect.get(IDBObjectStore.prototype, "getAllKeys") as IDBObjectStore["getAllKeys"];
  const spy = vi.spyOn(IDBObjectStore.prototype, "getAllKeys").mockImplementation(function (this: IDBObjectStore) {
    runOut();
    return getAllKeys.call(this);
  });
  await expect(discardDatabase(NAME, clock)).rejects.toMatchObject({ code: "STORE_FAILED" });
  spy.mockRestore();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await discardDatabase(NAME, systemClock)).toBe(2);
});

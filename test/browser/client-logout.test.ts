/** Signing out, with several tabs of one device open: each has a worker of its own over the same database. */
import { expect, test } from "vitest";
import { freshDatabase, openClient } from "./client-fixture.ts";

/** Nothing answers there: what is sent stays on the device. */
const OFFLINE = { url: "http://localhost:9", principal: "ann" };

const databases = async (): Promise<(string | undefined)[]> => (await indexedDB.databases()).map(({ name }) => name);

test("S03 S09 discard: the unsynced records are counted, all tabs are closed, nothing readable stays", async () => {
  const database = freshDatabase();
  const [here, there] = [openClient({ ...OFFLINE, database }), openClient({ ...OFFLINE, database })];
  await here.producer().send({ topic: "orders", messages: [{ value: "a" }, { value: "b" }] });
  await there.producer().send({ topic: "orders", messages: [{ value: "c" }] });
  const toldThere = new Promise((resolve) => there.on("logged.out", resolve));

  expect(await here.logout({ discard: true })).toEqual({ unsyncedRecords: 3 });

  expect(await toldThere).toEqual({ type: "logged.out", discarded: true });
  for (const client of [here, there])
    await expect(client.producer().send({ topic: "orders", messages: [{ value: "d" }] })).rejects.toMatchObject({
      code: "CLOSED",
    });
  expect(await databases()).not.toContain(database);
});

test("a discard is no loss, whatever another tab is about to note meanwhile", async () => {
  const lost: unknown[] = [];
  for (let round = 0; round < 2; round += 1) {
    const database = freshDatabase();
    const [here, there] = [openClient({ ...OFFLINE, database }), openClient({ ...OFFLINE, database })];
    for (const client of [here, there]) client.on("storage.lost", (told) => lost.push(told));
    const send = (value: string): Promise<unknown> =>
      there
        .producer()
        .send({ topic: "orders", messages: [{ value }] })
        .catch(() => {});
    await send("a");
    const sending = (async () => {
      for (let sent = 0; sent < 20; sent += 1) await send("b");
    })();
    await here.logout({ discard: true });
    await sending;
    const next = openClient({ ...OFFLINE, database });
    next.on("storage.lost", (told) => lost.push(told));
    const { deviceId } = await next.storage.estimate();
    const noted = async (): Promise<unknown> => {
      const found = await (await caches.open(`strandline:${database}`)).match("https://strandline.invalid/device");
      return ((await found?.json()) as { deviceId?: string } | undefined)?.deviceId;
    };
    await expect.poll(noted).toBe(deviceId);
    await next.close();
  }
  expect(lost).toEqual([]);
});

test("S03 without discard it waits for its principal, and nobody else opens it", async () => {
  const database = freshDatabase();
  const client = openClient({ ...OFFLINE, database });
  await client.producer().send({ topic: "orders", messages: [{ value: "a" }] });
  expect(await client.logout({ discard: false })).toEqual({ unsyncedRecords: 1 });

  const other = openClient({ ...OFFLINE, principal: "bob", database });
  await expect(other.sync.status()).rejects.toMatchObject({ code: "PRINCIPAL_CHANGED" });
  const again = openClient({ ...OFFLINE, database });
  expect(await again.sync.status()).toMatchObject({ pendingRecords: 1 });
});

test("auth needs to be told whose log it is, and an owner is text", () => {
  expect(() => openClient({ url: "http://localhost:9", auth: () => "token" })).toThrow(/auth without principal/);
  expect(() => openClient({ principal: "" })).toThrow(/principal "": text that is not empty/);
  expect(() => openClient({ namespace: "\ud800" })).toThrow(/namespace "\\ud800"/);
});

/** A client whose log stands in memory, asked for or for want of anything else. */
import { expect, test, vi } from "vitest";
import { caught, freshDatabase, openClient, take } from "./client-fixture.ts";

const brokenWorker = (): Worker => new Worker(new URL("./broken-idb-worker.ts", import.meta.url), { type: "module" });

async function databases(): Promise<(string | undefined)[]> {
  return (await indexedDB.databases()).map(({ name }) => name);
}

test("sends and reads, keeps nothing on the disk, and no other tab sees it", async () => {
  const database = freshDatabase();
  const [one, other] = [openClient({ database, storage: "memory" }), openClient({ database, storage: "memory" })];
  await one.producer().send({ topic: "notes", messages: [{ value: "mine" }] });
  const consumer = one.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "notes", fromBeginning: true });
  expect((await take(consumer, 1)).map(({ value }) => new TextDecoder().decode(value ?? undefined))).toEqual(["mine"]);
  expect(await other.admin().listTopics()).toEqual([]);
  expect(await databases()).not.toContain(database);
  expect(await one.storage.estimate()).toMatchObject({ kind: "memory", level: "ok" });
  expect(await one.destroy()).toEqual({ unsyncedRecords: 0 });
});

test("falls back to memory where there is no IndexedDB to be had, and says so", async () => {
  const client = openClient({ worker: brokenWorker });
  const told = vi.fn<(event: unknown) => void>();
  client.on("storage.memory", told);
  await client.producer().send({ topic: "notes", messages: [{ value: "mine" }] });
  await expect
    .poll(() => told.mock.calls)
    .toContainEqual([{ type: "storage.memory", reason: expect.stringContaining("InvalidStateError") }]);
  expect((await client.storage.estimate()).kind).toBe("memory");
});

test("is refused there where nothing but IndexedDB will do", async () => {
  const client = openClient({ worker: brokenWorker, storage: "indexeddb" });
  const sent = client.producer().send({ topic: "notes", messages: [{ value: "mine" }] });
  expect(await caught(sent)).toMatchObject({ code: "STORE_FAILED" });
});

test("a storage that is none is refused by its name", () => {
  expect(() => openClient({ storage: "disk" as "auto" })).toThrow(/storage "disk"/);
});

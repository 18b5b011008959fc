/** R15: with a database that does not open, or a worker that does not answer, every call still settles, with a typed error. */
import { openDB } from "idb";
import { expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../client/log/idb-schema.ts";
import { StrandlineError } from "../../client/index.ts";
import { caught, freshDatabase, openClient } from "./client-fixture.ts";

// Each of these errors is the worker's own word, three seconds after it began to open: the page waits thirty for it, and
// would say REQUEST_TIMED_OUT.
const V1_STORES = ["meta", "topics", "partitions", "pending", "log", "offsets", "deadLetters"];

async function everyCall(client: ReturnType<typeof openClient>): Promise<unknown[]> {
  const consumer = client.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const calls: Promise<unknown>[] = [
    client.producer().connect(),
    client.producer().send({ topic: "t", messages: [{ value: "x" }] }),
    client.admin().listTopics(),
    client.sync.status(),
    client.sync.pause(),
    client.deadLetters.list(),
    consumer.connect(),
  ];
  return await Promise.all(calls.map((call) => caught(call)));
}

test("an open of which no event comes", { timeout: 30_000 }, async () => {
  const worker = (): Worker => new Worker(new URL("./no-open-worker.ts", import.meta.url), { type: "module" });
  for (const error of await everyCall(openClient({ worker }))) {
    expect(error).toBeInstanceOf(StrandlineError);
    expect(error).toMatchObject({ code: "STORE_FAILED" });
  }
});

test("an open behind a deletion that a page does not let through, and then does", { timeout: 30_000 }, async () => {
  const database = freshDatabase();
  const held = await opened(indexedDB.open(database, SCHEMA_VERSION));
  const deleting = opened(indexedDB.deleteDatabase(database));
  const client = openClient({ database });
  for (const error of await everyCall(client)) expect(error).toMatchObject({ code: "STORE_FAILED" });
  held.close();
  await deleting;
  await client.producer().send({ topic: "t", messages: [{ value: "x" }] });
});

test("an upgrade that a tab with the older version holds up: the page is told, at once, and goes on after it", async () => {
  const database = freshDatabase();
  const held = await openDB(database, 1, {
    upgrade: (old) => V1_STORES.forEach((name) => void old.createObjectStore(name)),
  });
  const client = openClient({ database });
  const told: string[] = [];
  client.on("storage.blocked", ({ type }) => told.push(type));
  expect(await caught(client.admin().listTopics())).toMatchObject({ code: "STORE_FAILED" });
  expect(told).toEqual(["storage.blocked"]);
  held.close();
  expect(await client.admin().listTopics()).toEqual([]);
  expect(told).toEqual(["storage.blocked"]);
});

test("a database of a newer version: the page that opens it late is told that it is outdated", async () => {
  const database = freshDatabase();
  (await opened(indexedDB.open(database, SCHEMA_VERSION + 1))).close();
  const client = openClient({ database });
  const told: string[] = [];
  client.on("app.outdated", ({ type }) => told.push(type));
  expect(await caught(client.admin().listTopics())).toMatchObject({ code: "STORE_OUTDATED" });
  // Events come by messages of their own.
  await expect.poll(() => told).toEqual(["app.outdated"]);
});

test("a worker that never answers is closed all the same", { timeout: 30_000 }, async () => {
  const script = URL.createObjectURL(new Blob(["self.onmessage = () => {}"], { type: "text/javascript" }));
  const client = openClient({ worker: () => new Worker(script) });
  const calls = everyCall(client);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await client.close();
  for (const error of await calls) expect(error).toMatchObject({ code: "CLOSED" });
});

function opened<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("it did not open"));
  });
}

/** R15: with a database that does not open, or a worker that does not answer, every call still settles, with a typed error. */
import { expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../client/log/idb-schema.ts";
import { StrandlineError } from "../../client/index.ts";
import { caught, freshDatabase, openClient } from "./client-fixture.ts";

/** The database is given three seconds; the rest is for a busy machine. */
const OPEN_MS_MAX = 10_000;

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
  const before = performance.now();
  for (const error of await everyCall(openClient({ worker }))) {
    expect(error).toBeInstanceOf(StrandlineError);
    expect(error).toMatchObject({ code: "STORE_FAILED" });
  }
  expect(performance.now() - before).toBeLessThan(OPEN_MS_MAX);
});

test("an open behind a deletion that a page does not let through, and then does", { timeout: 30_000 }, async () => {
  const database = freshDatabase();
  const held = await opened(indexedDB.open(database, SCHEMA_VERSION));
  const deleting = opened(indexedDB.deleteDatabase(database));
  const client = openClient({ database });
  const before = performance.now();
  for (const error of await everyCall(client)) expect(error).toMatchObject({ code: "STORE_FAILED" });
  expect(performance.now() - before).toBeLessThan(OPEN_MS_MAX);
  held.close();
  await deleting;
  await client.producer().send({ topic: "t", messages: [{ value: "x" }] });
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

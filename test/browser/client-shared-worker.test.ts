/** Hot module replacement: a module that is evaluated again makes its client again, and one worker is alive. */
import { expect, test } from "vitest";
import type { Strandline } from "../../client/index.ts";
import { caught, freshDatabase, openClient, take } from "./client-fixture.ts";

/** Every worker of the library holds a lock for as long as it lives. */
async function workersAlive(): Promise<number> {
  const { held = [] } = await navigator.locks.query();
  return held.filter(({ name }) => name?.startsWith("strandline:worker:")).length;
}

function evaluator(database: string): () => Strandline {
  return () => openClient({ database, clientId: "app" });
}

test("after ten evaluations one worker is alive, and it ends with the last client", async () => {
  const evaluate = evaluator(freshDatabase());
  const clients = Array.from({ length: 10 }, evaluate);
  for (const [index, client] of clients.entries())
    await client.producer().send({ topic: "t", messages: [{ value: String(index), partition: 0 }] });
  expect(await workersAlive()).toBe(1);
  for (const client of clients.slice(0, 9)) await client.close();
  expect(await caught(clients[0]?.sync.status() ?? Promise.resolve())).toMatchObject({ code: "CLOSED" });
  const reader = (clients[9] as Strandline).consumer();
  await reader.subscribe({ topic: "t", fromBeginning: true });
  expect((await take(reader, 10)).map((message) => message.text())).toEqual(clients.map((_, index) => String(index)));
  expect(await workersAlive()).toBe(1);
  await clients[9]?.close();
  await expect.poll(workersAlive).toBe(0);
  const after = evaluate();
  await after.sync.status();
  expect(await workersAlive()).toBe(1);
});

test("events reach every client, and a closed one's consumer gives up its group", async () => {
  const evaluate = evaluator(freshDatabase());
  const [one, other] = [evaluate(), evaluate()];
  const seen: [Strandline, string][] = [];
  for (const client of [one, other]) {
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    await consumer.run({ eachMessage: ({ message }) => void seen.push([client, message.text() ?? ""]) });
  }
  await one.producer().send({ topic: "t", messages: [{ value: "a", partition: 0 }] });
  await expect.poll(() => seen).toHaveLength(1);
  const told = Promise.all(
    [one, other].map((client) => new Promise((resolve) => client.on("topics.learned", resolve))),
  );
  await one.admin().createTopics({ topics: [{ topic: "another", numPartitions: 1 }] });
  await told;
  // Which of them has the partition, nobody is told beforehand.
  const owner = seen[0]?.[0] === one ? one : other;
  const next = owner === one ? other : one;
  await owner.close();
  await next.producer().send({ topic: "t", messages: [{ value: "b", partition: 0 }] });
  await expect.poll(() => seen.some(([client, value]) => client === next && value === "b")).toBe(true);
});

test("a closed one's tables are kept no longer, and an open one's of the same topic is", async () => {
  const evaluate = evaluator(freshDatabase());
  const [old, fresh] = [evaluate(), evaluate()];
  const keepers = async (): Promise<string[]> => {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [...held, ...pending].flatMap(({ name }) => /:table:(.*)$/.exec(name ?? "")?.[1] ?? []).toSorted();
  };
  await Promise.all([old.table("a").ready, old.table("b").ready]);
  const table = fresh.table<string>("b");
  await table.ready;
  expect(await keepers()).toEqual(["a", "b"]);
  await old.close();
  await expect.poll(keepers).toEqual(["b"]);
  await fresh.producer().send({ topic: "b", messages: [{ key: "k", value: "v" }] });
  await expect.poll(() => table.get("k")).toBe("v");
});

test("other options have another worker, and signing out ends it for all", async () => {
  const database = freshDatabase();
  const evaluate = evaluator(database);
  const [one, two, other] = [evaluate(), evaluate(), openClient({ database })];
  for (const client of [one, two, other]) await client.sync.status();
  expect(await workersAlive()).toBe(2);
  const told = Promise.all([two, other].map((client) => new Promise((resolve) => client.on("logged.out", resolve))));
  await one.logout({ discard: true });
  await told;
  await expect.poll(workersAlive).toBe(0);
  expect(await caught(two.sync.status())).toMatchObject({ code: "CLOSED" });
  const after = evaluate();
  expect(await after.sync.status()).toMatchObject({ pendingRecords: 0 });
});

/** A worker that dies: every promise settles, the next call opens another, and what was acknowledged is there. */
import { expect, test } from "vitest";
import { StrandlineError } from "../../client/index.ts";
import { caught, freshDatabase, openClient, openMortalClient, take } from "./client-fixture.ts";

test("all outstanding calls reject, the next works, and no acknowledged record is lost", async () => {
  const { client, kill, workers } = openMortalClient();
  const deaths: string[] = [];
  client.on("worker.died", ({ type }) => deaths.push(type));
  const producer = client.producer();
  const acked: string[] = [];
  await producer.send({ topic: "t", messages: [{ value: "before", partition: 0 }] }).then(() => acked.push("before"));

  const pending = Array.from({ length: 20 }, (_, index) => {
    const value = `pending-${index}`;
    return producer.send({ topic: "t", messages: [{ value, partition: 0 }] }).then(() => acked.push(value));
  });
  const topics = client.admin().listTopics();
  await Promise.resolve();
  kill();
  const outcomes = await Promise.allSettled([...pending, topics]);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "WORKER_DIED", retriable: true });
  }
  expect(outcomes.some(({ status }) => status === "rejected")).toBe(true);

  await producer.send({ topic: "t", messages: [{ value: "after", partition: 0 }] }).then(() => acked.push("after"));
  expect(workers()).toBe(2);
  expect(deaths).toEqual(["worker.died"]);
  const { partitions } = (await client.admin().fetchTopicMetadata({ topics: ["t"] })).topics[0] ?? { partitions: [] };
  expect(partitions.length).toBe(6);
  const reader = client.consumer();
  await reader.subscribe({ topic: "t", fromBeginning: true });
  const seen = (await take(reader, acked.length)).map((each) => each.text());
  expect(seen).toEqual(expect.arrayContaining(acked));
});

test("a consumer goes on with another worker at its position", async () => {
  const { client, kill, workers } = openMortalClient();
  const producer = client.producer();
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.text()) });
  await producer.send({ topic: "t", messages: ["a", "b"].map((value) => ({ value, partition: 0 })) });
  await expect.poll(() => seen).toEqual(["a", "b"]);
  kill();
  await expect.poll(() => workers()).toBe(2);
  await producer.send({ topic: "t", messages: [{ value: "c", partition: 0 }] });
  await expect.poll(() => seen).toEqual(["a", "b", "c"]);
  await consumer.stop();
});

test("a worker that dies while it opens is missed at once", async () => {
  const workers: Worker[] = [];
  const client = openClient({
    worker: () => {
      const made = new Worker(new URL("./no-open-worker.ts", import.meta.url), { type: "module" });
      workers.push(made);
      return made;
    },
  });
  const connecting = caught(client.producer().connect());
  // It waits three seconds for the database, and holds its lock meanwhile; the page has heard of it and waits for the lock.
  await expect.poll(async () => (await watchedLives()).length).toBe(1);
  workers[0]?.terminate();
  // By its lock: who waits for an answer that does not come is told REQUEST_TIMED_OUT, after thirty seconds.
  expect(await connecting).toMatchObject({ code: "WORKER_DIED" });
});

async function watchedLives(): Promise<readonly LockInfo[]> {
  return ((await navigator.locks.query()).pending ?? []).filter(({ name }) => name?.startsWith("strandline:worker:"));
}

test("a worker that cannot be loaded rejects", async () => {
  const client = openClient({ worker: () => new Worker("/there-is-no-such-worker.js", { type: "module" }) });
  expect(await caught(client.producer().connect())).toMatchObject({ code: "WORKER_DIED" });
});

test("close settles what is outstanding, and later calls say so", async () => {
  const client = openClient();
  await client.producer().connect();
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t" });
  await consumer.run({ eachMessage: () => {} });
  await client.close();
  const error = await caught(client.producer().send({ topic: "t", messages: [{ value: "x" }] }));
  expect(error).toBeInstanceOf(StrandlineError);
  expect(error).toMatchObject({ code: "CLOSED" });
  await client.close();
});

test("typed errors of the worker cross with their code and details", async () => {
  const client = openClient({ database: freshDatabase() });
  await client.admin().createTopics({ topics: [{ topic: "t", numPartitions: 3 }] });
  const partitions = [{ partition: 4_000, offset: 0 }];
  // What the topic has, the worker knows.
  const error = await caught(client.admin().setOffsets({ groupId: "g", topic: "t", partitions }));
  expect(error).toBeInstanceOf(StrandlineError);
  expect(error).toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    errno: 3,
    retriable: true,
    details: { topic: "t", partition: 4_000, partitionCount: 3 },
  });
  const unknown = client.receipt("nowhere-3~57");
  expect(await unknown.state()).toEqual({ kind: "unknown" });
  expect(await caught(unknown.synced)).toMatchObject({ code: "RECEIPT_UNKNOWN" });
});

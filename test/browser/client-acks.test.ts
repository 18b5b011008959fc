/** What `send` waits for, without an edge in reach. */
import { expect, test } from "vitest";
import { caught, freshDatabase, openClient, take } from "./client-fixture.ts";

/** Nobody listens there. */
const NO_EDGE = "http://127.0.0.1:9";

test("acks 0 resolves at once, and the record is stored", async () => {
  const client = openClient();
  expect(await client.producer().send({ topic: "t", messages: [{ value: "x" }], acks: 0 })).toEqual([]);
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  expect((await take(consumer, 1))[0]?.text()).toBe("x");
});

test("acks -1 on the device's own topics is acks 1", async () => {
  const [metadata] = await openClient()
    .producer()
    .send({ topic: "t", messages: [{ value: "x", partition: 1 }], acks: "all" });
  expect(metadata).toMatchObject({ partition: 1, baseOffset: 0 });
});

test("with an edge out of reach: acks 1 resolves, acks -1 says that the record is safe, and the receipt is good in another session", async () => {
  const database = freshDatabase();
  const client = openClient({ url: NO_EDGE, database, logLevel: 0 });
  const producer = client.producer();
  const [metadata] = await producer.send({ topic: "t", messages: [{ value: "x", partition: 3 }] });
  expect(metadata).toMatchObject({ partition: -1, localSequence: 0, baseOffset: undefined });
  const error = await caught(
    producer.send({ topic: "t", messages: [{ value: "y", partition: 3 }], acks: -1, timeout: 100 }),
  );
  expect(error).toMatchObject({ code: "NOT_SYNCED_YET", retriable: true, details: { receipt: "t-?~1" } });
  expect((await client.sync.status()).pendingRecords).toBe(2);
  await client.close();

  const again = openClient({ url: NO_EDGE, database, logLevel: 0 });
  expect(await again.receipt("t-?~1").state()).toEqual({ kind: "pending", partition: -1 });
  // Somebody waits before it rejects: the worker's answer may come before that of the close.
  const refused = caught(again.receipt("t-?~1").synced);
  await again.close();
  expect(await refused).toMatchObject({ code: "CLOSED" });
});

test("records of a topic that is not known wait without a partition", async () => {
  const client = openClient({ url: NO_EDGE, logLevel: 0 });
  const [metadata] = await client.producer().send({ topic: "t", messages: [{ key: "k", value: "x" }] });
  expect(metadata).toMatchObject({ partition: -1, localSequence: 0, baseOffset: undefined });
  expect(metadata?.receipt.id).toBe("t-?~0");
  expect(await client.receipt("t-?~0").state()).toEqual({ kind: "pending", partition: -1 });
});

test("a custom partitioner cannot choose among partitions that are not known", async () => {
  const client = openClient({ url: NO_EDGE, logLevel: 0 });
  const producer = client.producer({ createPartitioner: () => () => 0 });
  expect(await caught(producer.send({ topic: "t", messages: [{ value: "x" }] }))).toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
  });
});

test("paused holds for the other tab and survives", async () => {
  const database = freshDatabase();
  const [one, two] = [
    openClient({ url: NO_EDGE, database, logLevel: 0 }),
    openClient({ url: NO_EDGE, database, logLevel: 0 }),
  ];
  await two.producer().connect();
  await one.sync.pause();
  await expect.poll(async () => (await two.sync.status()).paused).toBe(true);
  await Promise.all([one.close(), two.close()]);
  const three = openClient({ url: NO_EDGE, database, logLevel: 0 });
  expect((await three.sync.status()).paused).toBe(true);
  await three.sync.resume();
  expect((await three.sync.status()).paused).toBe(false);
});

test("a thousand sends at once form few batches", async () => {
  const database = freshDatabase();
  const client = openClient({ database });
  const producer = client.producer();
  const sends = Array.from({ length: 1_000 }, (_, index) =>
    producer.send({ topic: "t", messages: [{ value: String(index), partition: index % 2 }] }),
  );
  const metadata = (await Promise.all(sends)).flat();
  expect(metadata.map(({ partition, baseOffset }) => `${partition}@${baseOffset}`)).toEqual(
    metadata.map((_, index) => `${index % 2}@${index >> 1}`),
  );
  await client.close();
  const rows = await countRows(database, "log");
  expect(rows).toBeLessThanOrEqual(4);
});

async function countRows(database: string, store: string): Promise<number> {
  const opened = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(database);
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("open")));
  });
  const counted = opened.transaction(store).objectStore(store).count();
  const count = await new Promise<number>((resolve) =>
    counted.addEventListener("success", () => resolve(counted.result)),
  );
  opened.close();
  return count;
}

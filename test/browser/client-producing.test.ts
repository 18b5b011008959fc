import { expect, onTestFinished, test } from "vitest";
import { CompressionTypes } from "../../client/index.ts";
import { caught, openClient, take } from "./client-fixture.ts";

/** A channel that is always ready: how many turns the page has given it. */
function turnsOfThePage(): () => number {
  const { port1, port2 } = new MessageChannel();
  let turns = 0;
  port1.onmessage = () => {
    turns += 1;
    port2.postMessage(null);
  };
  port2.postMessage(null);
  onTestFinished(() => port1.close());
  return () => turns;
}

/** A worker, and `onBytes` for each message that hands it a buffer: for each pack of records. */
function watchedWorker(onBytes: (bytes: number) => void): Worker {
  const worker = new Worker(new URL("../../client/worker.ts", import.meta.url), { type: "module" });
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (message: unknown, options?: Transferable[] | StructuredSerializeOptions) => {
    const handed = Array.isArray(options) ? options : [];
    for (const each of handed) if (each instanceof ArrayBuffer) onBytes(each.byteLength);
    post(message, handed);
  };
  return worker;
}

test("ten thousand sends at once leave in slices, and the page has its turn before the last", async () => {
  const turns = turnsOfThePage();
  const slices: { readonly bytes: number; readonly turn: number }[] = [];
  const client = openClient({ worker: () => watchedWorker((bytes) => slices.push({ bytes, turn: turns() })) });
  const producer = client.producer();
  const value = "x".repeat(100);
  await producer.send({ topic: "orders", messages: [{ value }] });
  slices.length = 0;
  const sends = Array.from({ length: 10_000 }, (_, index) =>
    producer.send({ topic: "orders", messages: [{ key: `k${index % 100}`, value }] }),
  );
  await Promise.all(sends);
  // A slice is 2,000 records, each of 100 bytes and fewer than 50 around them.
  expect(slices.length).toBeGreaterThanOrEqual(5);
  expect(Math.max(...slices.map(({ bytes }) => bytes))).toBeLessThan(2_000 * 150);
  // Whether there is one between any two of them is the browser's choice of what comes next.
  expect(slices.at(-1)?.turn).toBeGreaterThan(slices[0]?.turn ?? Infinity);
});

test("large values go through the worker and the database, and come out whole", async () => {
  const client = openClient();
  const value = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(5_000_000).map((_, index) => value[(index * 7) % 65_536] ?? 0);
  const producer = client.producer();
  await producer.send({
    topic: "photos",
    messages: [
      { key: "p", value: "before" },
      { key: "p", value: large },
    ],
  });
  await producer.send({ topic: "photos", compression: CompressionTypes.GZIP, messages: [{ key: "p", value: large }] });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "photos", fromBeginning: true });
  const messages = await take(consumer, 3);
  expect(messages.map((message) => message.value?.byteLength)).toEqual([6, 5_000_000, 5_000_000]);
  // Comparing five million elements of what may be anything takes WebKit 15 seconds.
  for (const { value: received } of messages.slice(1))
    expect(large.findIndex((byte, index) => byte !== received?.[index])).toBe(-1);
});

test("linger, flush and an abort over a real worker", async () => {
  const client = openClient();
  const producer = client.producer({ linger: 5_000 });
  const stopping = new AbortController();
  const sends = [
    producer.send({ topic: "t", messages: [{ value: "a" }] }),
    caught(producer.send({ topic: "t", messages: [{ value: "b" }], signal: stopping.signal })),
    producer.send({ topic: "t", messages: [{ value: "c" }] }),
  ];
  stopping.abort();
  await producer.flush({ timeout: 20_000 });
  expect(await sends[1]).toMatchObject({ code: "ABORTED", details: { stored: false } });
  await client.sync.flush({ timeout: 20_000 });
  expect(await client.sync.status()).toMatchObject({ pendingRecords: 0, pendingBytes: 0, inflightRecords: 0 });
  expect(await client.deadLetters.list()).toEqual([]);
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  expect((await take(consumer, 2)).map((message) => message.text())).toEqual(expect.arrayContaining(["a", "c"]));
});

test("a topic that does not exist is refused where it may not be made", async () => {
  const client = openClient();
  const producer = client.producer({ allowAutoTopicCreation: false });
  expect(await caught(producer.send({ topic: "none", messages: [{ value: "a" }] }))).toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  await client.admin().createTopics({ topics: [{ topic: "there" }] });
  await producer.send({ topic: "there", messages: [{ value: "a" }] });
});

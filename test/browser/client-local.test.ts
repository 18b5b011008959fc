/** Facade, worker and IndexedDB end to end in local-only mode: the device is its own broker. */
import { expect, test } from "vitest";
import { freshDatabase, openClient, take } from "./client-fixture.ts";

test("a record that is sent comes back, with its key, headers and time", async () => {
  const client = openClient();
  const [metadata] = await client.producer().send({
    topic: "orders",
    messages: [
      {
        key: "k1",
        value: "pear",
        headers: { a: "1", b: ["2", "3"], n: null },
        timestamp: 1_700_000_000_123,
        partition: 2,
      },
    ],
  });
  expect(metadata).toMatchObject({
    topicName: "orders",
    partition: 2,
    errorCode: 0,
    localSequence: 0,
    baseOffset: 0,
    count: 1,
  });
  expect(metadata?.receipt.id).toBe("orders-2~0");
  expect(await metadata?.receipt.synced).toEqual({ topic: "orders", partition: 2, offset: 0 });

  const consumer = client.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  const [message] = await take(consumer, 1);
  expect(message).toMatchObject({ topic: "orders", partition: 2, offset: 0, timestamp: 1_700_000_000_123 });
  expect(message?.text()).toBe("pear");
  const text = new TextDecoder();
  const { a, b, n } = message?.headers ?? {};
  expect([a, n]).toEqual([new TextEncoder().encode("1"), null]);
  expect((b as Uint8Array[]).map((each) => text.decode(each))).toEqual(["2", "3"]);
});

test("plain data is JSON with its content type, bytes and tombstones are as they were", async () => {
  const client = openClient();
  const bytes = new Uint8Array([0, 255, 1]);
  await client.producer().send({
    topic: "t",
    messages: [{ value: { pear: 1 } }, { value: bytes }, { value: null }, { value: [1] }, { value: true }].map(
      (each) => ({ ...each, partition: 0 }),
    ),
  });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const messages = await take(consumer, 5);
  expect(messages[0]?.json()).toEqual({ pear: 1 });
  expect(new TextDecoder().decode(messages[0]?.headers["content-type"] as Uint8Array)).toBe("application/json");
  expect(messages[1]?.value).toEqual(bytes);
  expect(messages[1]?.headers).toEqual({});
  expect(messages[2]?.value).toBeNull();
  expect(messages[3]?.json()).toEqual([1]);
  expect(messages[4]?.json()).toBe(true);
});

test("order per key holds over sends of mixed sizes, and two tabs see one log", async () => {
  const database = freshDatabase();
  const [one, two] = [openClient({ database }), openClient({ database })];
  const consumer = two.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "flights", fromBeginning: true });
  const received = take(consumer, 600);
  const sends: Promise<unknown>[] = [];
  let sent = 0;
  for (const size of [1, 2, 3, 94, 500]) {
    const messages = Array.from({ length: size }, () => ({ key: `key-${sent % 7}`, value: String(sent++) }));
    sends.push((size % 2 === 0 ? one : two).producer().send({ topic: "flights", messages }));
    await Promise.all(sends);
  }
  const messages = await received;
  expect(messages.map((each) => Number(each.text())).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 600 }, (_, index) => index),
  );
  const lastOfKey = new Map<string, number>();
  const lastOfPartition = new Map<number, number>();
  for (const message of messages) {
    const key = new TextDecoder().decode(message.key ?? new Uint8Array());
    expect(Number(message.text())).toBeGreaterThan(lastOfKey.get(key) ?? -1);
    expect(message.offset).toBe((lastOfPartition.get(message.partition) ?? -1) + 1);
    lastOfKey.set(key, Number(message.text()));
    lastOfPartition.set(message.partition, message.offset);
  }
});

test("sendBatch is all or nothing", async () => {
  const client = openClient();
  const producer = client.producer();
  const bad = producer.sendBatch({
    topicMessages: [
      { topic: "a", messages: [{ value: "x" }] },
      { topic: "b", messages: [{ value: "y", partition: 6 }] },
    ],
  });
  await expect(bad).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    details: { topic: "b", partition: 6, partitionCount: 6 },
  });
  const sent = await producer.sendBatch({
    topicMessages: [
      { topic: "a", messages: [{ value: "x", partition: 0 }] },
      { topic: "b", messages: [{ value: "y", partition: 5 }] },
    ],
  });
  expect(sent.map(({ topicName, partition, baseOffset }) => [topicName, partition, baseOffset])).toEqual([
    ["a", 0, 0],
    ["b", 5, 0],
  ]);
});

test("a group goes on where it committed, after everything was closed", async () => {
  const database = freshDatabase();
  const first = openClient({ database });
  await first.producer().send({ topic: "t", messages: ["a", "b", "c"].map((value) => ({ value, partition: 0 })) });
  const before = first.consumer({ groupId: "g" });
  await before.subscribe({ topic: "t", fromBeginning: true });
  await take(before, 3);
  await before.disconnect();
  await first.close();

  const again = openClient({ database });
  await again.producer().send({ topic: "t", messages: [{ value: "d", partition: 0 }] });
  const after = again.consumer({ groupId: "g" });
  await after.subscribe({ topic: "t", fromBeginning: true });
  expect((await take(after, 1)).map((each) => each.text())).toEqual(["d"]);
});

test("one consumer of a group runs at a time, and another takes over where it stopped", async () => {
  const database = freshDatabase();
  const [one, two] = [openClient({ database }), openClient({ database })];
  const consumers = [one, two].map((client) => client.consumer({ groupId: "g" }));
  const seen: string[] = [];
  const producer = one.producer();
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  for (const [index, consumer] of consumers.entries()) {
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    await consumer.run({ eachMessage: ({ message }) => void seen.push(`${index}:${message.text()}`) });
    // The first is running before the second asks.
    await producer.send({ topic: "t", messages: [{ value: `m${index}`, partition: 0 }] });
    await until(index + 1);
  }
  const [owner = "", value] = (seen[1] ?? "").split(":");
  // Who comes may be given the partition.
  expect([seen[0], value, seen.length]).toEqual(["0:m0", "m1", 2]);
  await consumers[Number(owner)]?.stop();
  await producer.send({ topic: "t", messages: [{ value: "m2", partition: 0 }] });
  await until(3);
  expect(seen.slice(2)).toEqual([`${1 - Number(owner)}:m2`]);
});

test("without fromBeginning a consumer begins at the end", async () => {
  const client = openClient();
  const producer = client.producer();
  await producer.send({ topic: "t", messages: [{ value: "old", partition: 0 }] });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t" });
  const seen: (string | null)[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.text()) });
  // Positions are decided with the first poll, which nothing tells of: what is sent before it is old.
  await expect
    .poll(async () => {
      await producer.send({ topic: "t", messages: [{ value: "new", partition: 0 }] });
      return seen[0];
    })
    .toBe("new");
});

test("a message whose handler throws comes again", async () => {
  const client = openClient({ retry: { initialRetryTime: 5 }, logLevel: 0 });
  await client.producer().send({ topic: "t", messages: ["a", "b", "c"].map((value) => ({ value, partition: 0 })) });
  const consumer = client.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const crashes: unknown[] = [];
  consumer.on("crash", ({ error, partition }) => crashes.push([(error as Error).message, partition]));
  const seen: (string | null)[] = [];
  const done = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage({ message }) {
      seen.push(message.text());
      if (seen.length === 2) throw new Error("poison");
      if (message.text() === "c") done.resolve();
    },
  });
  await done.promise;
  expect(seen).toEqual(["a", "b", "b", "c"]);
  expect(crashes).toEqual([["poison", 0]]);
});

test("seek, pause and resume", async () => {
  const client = openClient();
  await client.producer().send({ topic: "t", messages: ["a", "b", "c"].map((value) => ({ value, partition: 0 })) });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  let resume: (() => void) | null = null;
  await consumer.run({
    eachMessage(payload) {
      seen.push(payload.message.text());
      if (payload.message.text() === "b") resume ??= payload.pause();
    },
  });
  await expect.poll(() => seen).toEqual(["a", "b"]);
  expect(consumer.paused()).toEqual([{ topic: "t", partitions: [0] }]);
  (resume as (() => void) | null)?.();
  await expect.poll(() => seen).toEqual(["a", "b", "c"]);
  consumer.seek({ topic: "t", partition: 0, offset: 1 });
  await expect.poll(() => seen).toEqual(["a", "b", "c", "b", "c"]);
});

test("eachBatch, and the consumer as an async iterator", async () => {
  const client = openClient();
  await client.producer().send({ topic: "t", messages: ["a", "b", "c"].map((value) => ({ value, partition: 0 })) });
  const batches = client.consumer();
  await batches.subscribe({ topic: "t", fromBeginning: true });
  const batch = Promise.withResolvers<unknown>();
  await batches.run({
    eachBatch: ({ batch: it }) =>
      batch.resolve([it.messages.length, it.firstOffset(), it.lastOffset(), it.offsetLag(), it.highWatermark]),
  });
  expect(await batch.promise).toEqual([3, 0, 2, 0, 3]);

  const iterated = client.consumer({ groupId: "it" });
  await iterated.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  for await (const message of iterated) {
    seen.push(message.text());
    if (seen.length === 3) break;
  }
  expect(seen).toEqual(["a", "b", "c"]);
});

test("the admin makes, lists and describes topics of the device", async () => {
  const admin = openClient().admin();
  await admin.connect();
  expect(await admin.createTopics({ topics: [{ topic: "orders", numPartitions: 3 }, { topic: "returns" }] })).toBe(
    true,
  );
  expect(await admin.createTopics({ topics: [{ topic: "orders" }] })).toBe(false);
  expect(await admin.listTopics()).toEqual(["orders", "returns"]);
  const { topics } = await admin.fetchTopicMetadata({ topics: ["orders"] });
  expect(topics[0]?.partitions.map(({ partitionId }) => partitionId)).toEqual([0, 1, 2]);
  await expect(admin.createTopics({ topics: [{ topic: "x", numPartitions: 0 }] })).rejects.toMatchObject({
    code: "INVALID_PARTITIONS",
  });
});

test("compressed records come back as they were, in the order of the sends", async () => {
  const client = openClient();
  const producer = client.producer();
  const values = Array.from({ length: 300 }, (_, index) => `a pear, a pear, a pear, a pear ${index}`);
  const messages = values.map((value) => ({ value, partition: 0 }));
  await Promise.all([
    producer.send({ topic: "t", messages: messages.slice(0, 200), compression: "gzip" }),
    producer.send({ topic: "t", messages: messages.slice(200) }),
  ]);
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen = await take(consumer, 300);
  expect(seen.map((each) => each.text())).toEqual(values);
  expect(seen.map(({ offset }) => offset)).toEqual(values.map((_, index) => index));
});

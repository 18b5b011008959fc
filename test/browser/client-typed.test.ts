/** Typed topics end to end: data beside the bytes, and what is invalid is told, passed by and still there. */
import { expect, test } from "vitest";
import { z } from "zod";
import { topic, type InvalidRecord } from "../../client/index.ts";
import { caught, freshDatabase, openClient } from "./client-fixture.ts";

const orders = topic("orders", { value: z.object({ item: z.string(), amount: z.coerce.number() }) });
const moves = topic("moves", { value: z.object({ to: z.string() }), key: z.string() });
const all = { partition: 0 };

test("a consumer is given data, by topic, and what is invalid goes to onInvalid with its bytes", async () => {
  const client = openClient();
  const producer = client.producer();
  await producer.send({ topic: orders, messages: [{ value: { item: "pear", amount: "2" }, ...all }] });
  await producer.send({ topic: "orders", messages: [{ value: "no order", ...all }] });
  await producer.send({ topic: orders, messages: [{ value: { item: "plum", amount: 1 }, ...all }] });
  await producer.send({ topic: moves, messages: [{ key: "k", value: { to: "shelf" }, ...all }] });
  const refused = producer.send({ topic: orders, messages: [{ value: { item: 1 as unknown as string, amount: 1 } }] });
  expect(await caught(refused)).toMatchObject({ code: "INVALID_RECORD", details: { path: "item" } });

  const consumer = client.consumer<typeof orders | typeof moves>({ groupId: "g" });
  const [handled, told]: [InvalidRecord[], InvalidRecord[]] = [[], []];
  consumer.on("invalid", (record) => told.push(record));
  await consumer.subscribe({
    topics: [orders, moves],
    fromBeginning: true,
    onInvalid: async (record) => void handled.push(record),
  });
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage: ({ topic: name, message }) => {
      seen.push(
        name === "orders" ? `${message.data.item} ${message.data.amount + 1}` : `${message.keyData} ${message.data.to}`,
      );
      expect(message.value).toBeInstanceOf(Uint8Array);
      if (seen.length === 3) resolve();
    },
  });
  await promise;
  await consumer.disconnect();
  expect(seen.toSorted()).toEqual(["k shelf", "pear 3", "plum 2"]);
  expect(handled.map(({ topic: name, partition, offset, part }) => [name, partition, offset, part])).toEqual([
    ["orders", 0, 1, "value"],
  ]);
  expect(handled[0]?.message.text()).toBe("no order");
  expect(told).toEqual([]);

  // The group has passed it by; it stands in the log all the same.
  const bytes = client.consumer();
  await bytes.subscribe({ topic: "orders", fromBeginning: true });
  const texts: (string | null)[] = [];
  for await (const message of bytes) if (texts.push(message.text()) === 3) break;
  expect(texts[1]).toBe("no order");
});

test("an invalid record that nobody handles is told and passed by, in batches and iterations too", async () => {
  const client = openClient();
  const values = ['{"item":"a","amount":1}', "bad", '{"item":"b","amount":1}', "bad", "bad"];
  await client.producer().send({ topic: "orders", messages: values.map((value) => ({ value, ...all })) });

  const batches = client.consumer<typeof orders>({ groupId: "g" });
  const invalid: number[] = [];
  batches.on("invalid", ({ offset }) => invalid.push(offset));
  await batches.subscribe({ topic: orders, fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<string[]>();
  await batches.run({ eachBatch: ({ batch }) => resolve(batch.messages.map(({ data }) => data.item)) });
  expect(await promise).toEqual(["a", "b"]);
  await batches.disconnect();
  expect(invalid).toEqual([1, 3, 4]);

  await client.producer().send({ topic: orders, messages: [{ value: { item: "c", amount: 1 }, ...all }] });
  const again = client.consumer<typeof orders>({ groupId: "g" });
  await again.subscribe({ topic: orders });
  for await (const message of again) {
    expect([message.offset, message.data.item]).toEqual([5, "c"]);
    break;
  }
});

test("where onInvalid fails the record comes again, and nothing behind it is committed before", async () => {
  const database = freshDatabase();
  const client = openClient({ database, retry: { initialRetryTime: 10, maxRetryTime: 50 } });
  await client.producer().send({
    topic: "orders",
    messages: [
      { value: "bad", ...all },
      { value: { item: "b", amount: 1 }, ...all },
    ],
  });
  const consumer = client.consumer<typeof orders>({ groupId: "g" });
  let failures = 0;
  const crashes: unknown[] = [];
  consumer.on("crash", ({ error }) => crashes.push(error));
  const committed: number[] = [];
  consumer.on("commit_offsets", ({ offsets }) => committed.push(...offsets.map(({ offset }) => offset)));
  await consumer.subscribe({
    topic: orders,
    fromBeginning: true,
    onInvalid: () => {
      expect(committed).toEqual([]);
      failures += 1;
      if (failures < 3) throw new Error("nowhere to put it");
    },
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  await consumer.run({ eachMessage: ({ message }) => resolve(message.data.item) });
  expect(await promise).toBe("b");
  expect(failures).toBe(3);
  expect(crashes.map(String)).toEqual(["Error: nowhere to put it", "Error: nowhere to put it"]);
  await consumer.disconnect();

  await client.producer().send({ topic: orders, messages: [{ value: { item: "c", amount: 1 }, ...all }] });
  const next = client.consumer<typeof orders>({ groupId: "g" });
  await next.subscribe({ topic: orders });
  for await (const message of next) {
    expect(message.offset).toBe(2);
    break;
  }
});

test("topic and topics at once are refused", async () => {
  const consumer = openClient().consumer();
  for (const wrong of [{ topic: "a", topics: ["b"] }, {}])
    expect(await caught(consumer.subscribe(wrong as { topic: string }))).toMatchObject({ code: "INVALID_ARGUMENT" });
});

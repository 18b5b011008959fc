/** `tx` in handlers, end to end: facade, worker and IndexedDB. */
import { expect, test } from "vitest";
import type { Consumer, EachBatchPayload, EachMessagePayload } from "../../client/index.ts";
import { caught, freshDatabase, openClient, openMortalClient, take } from "./client-fixture.ts";

async function started(consumer: Consumer, config: Parameters<Consumer["run"]>[0]): Promise<void> {
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  await consumer.run(config);
}

test("what a handler sends and puts is there once, over worker deaths and two tabs", async () => {
  const database = freshDatabase();
  const { client, kill, workers } = openMortalClient({ database });
  const other = openClient({ database });
  const count = 60;
  const messages = Array.from({ length: count }, (_, index) => ({ key: `k${index % 5}`, value: index }));
  await client.producer().send({ topic: "in", messages });
  const done = Promise.withResolvers<void>();
  let killed = false;
  const handle = async ({ message, tx }: EachMessagePayload): Promise<void> => {
    const key = new TextDecoder().decode(message.key ?? undefined);
    const { sum, seen } = (await tx.state.get<{ sum: number; seen: number[] }>(["sums", key])) ?? { sum: 0, seen: [] };
    const next = { sum: sum + message.json<number>(), seen: [...seen, message.json<number>()] };
    tx.state.put(["sums", key], next);
    tx.send({ topic: "out", messages: [{ key, value: next.sum }] });
    if (!killed && message.json<number>() === 37) {
      killed = true;
      kill();
    }
    if (message.json<number>() === count - 1) done.resolve();
  };
  const consumers = [client, other].map((each) => each.consumer({ groupId: "g" }));
  for (const consumer of consumers) await started(consumer, { eachMessage: handle });
  const out = client.consumer();
  await out.subscribe({ topic: "out", fromBeginning: true });
  const results = await take(out, count);
  await done.promise;
  const sums = new Map<string, number[]>();
  for (const result of results) {
    const key = new TextDecoder().decode(result.key ?? undefined);
    sums.set(key, [...(sums.get(key) ?? []), result.json<number>()]);
  }
  for (let key = 0; key < 5; key += 1) {
    let sum = 0;
    const expected = messages.filter(({ key: of }) => of === `k${key}`).map(({ value }) => (sum += value));
    expect(sums.get(`k${key}`)).toEqual(expected);
  }
  expect(workers()).toBeGreaterThan(1);
  await Promise.all(consumers.map((consumer) => consumer.stop()));
});

test("nothing of a handler that throws is applied, and its record comes again", async () => {
  const client = openClient({ retry: { initialRetryTime: 1, maxRetryTime: 5 } });
  await client.producer().send({ topic: "in", messages: [{ value: "x", partition: 0 }] });
  const consumer = client.consumer({ groupId: "g" });
  const seen: unknown[] = [];
  const done = Promise.withResolvers<void>();
  await started(consumer, {
    async eachMessage({ tx }) {
      seen.push(await tx.state.get("tries"));
      tx.state.put("tries", seen.length);
      tx.send({ topic: "out", messages: [{ value: `try ${seen.length}` }] });
      expect(await tx.state.get("tries")).toBe(seen.length);
      if (seen.length < 3) throw new Error("not yet");
      done.resolve();
    },
  });
  await done.promise;
  expect(seen).toEqual([undefined, undefined, undefined]);
  const out = client.consumer();
  await out.subscribe({ topic: "out", fromBeginning: true });
  const [message] = await take(out, 1);
  expect([message?.text(), message?.offset]).toEqual(["try 3", 0]);
});

test("eachBatch: the offset behind the batch, or behind what was resolved", async () => {
  const database = freshDatabase();
  const client = openClient({ database });
  const values = Array.from({ length: 10 }, (_, index) => ({ value: index, partition: 0 }));
  await client.producer().send({ topic: "in", messages: values });
  const seen: number[] = [];
  const half = Promise.withResolvers<void>();
  const first = client.consumer({ groupId: "g" });
  await started(first, {
    eachBatchAutoResolve: false,
    async eachBatch(payload: EachBatchPayload) {
      for (const message of payload.batch.messages.slice(0, 4)) {
        seen.push(message.json<number>());
        payload.resolveOffset(message.offset);
      }
      payload.tx.state.put("seen", seen.length);
      payload.pause();
      half.resolve();
    },
  });
  await half.promise;
  await first.stop();
  const second = client.consumer({ groupId: "g" });
  const whole = Promise.withResolvers<unknown>();
  await started(second, {
    async eachBatch({ batch, tx }: EachBatchPayload) {
      for (const message of batch.messages) seen.push(message.json<number>());
      whole.resolve(await tx.state.get("seen"));
    },
  });
  expect(await whole.promise).toBe(4);
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("what is not legal is told to the handler that does it", async () => {
  const client = openClient({ retry: { initialRetryTime: 1, maxRetryTime: 5 } });
  await client.producer().send({ topic: "in", messages: [{ value: "x", partition: 0 }] });
  const done = Promise.withResolvers<EachMessagePayload["tx"]>();
  const said: unknown[] = [];
  const consumer = client.consumer({ groupId: "g" });
  await started(consumer, {
    async eachMessage({ tx }) {
      const tried = (what: () => unknown): void => {
        try {
          what();
        } catch (error) {
          said.push((error as { code: unknown }).code);
        }
      };
      tried(() => tx.state.put("f", () => 1));
      tried(() => tx.state.put([], 1));
      tried(() => tx.state.put(NaN, 1));
      tried(() => tx.send({ topic: "no good name!", messages: [] }));
      tried(() => tx.send({ topic: "out", messages: [{ value: Symbol("no value") as never }] }));
      done.resolve(tx);
    },
  });
  const tx = await done.promise;
  await consumer.stop();
  expect(said).toEqual([
    "INVALID_ARGUMENT",
    "INVALID_ARGUMENT",
    "INVALID_ARGUMENT",
    "INVALID_TOPIC_EXCEPTION",
    "INVALID_RECORD",
  ]);
  expect(() => tx.state.put("late", 1)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(await caught(tx.state.get("late"))).toMatchObject({ code: "INVALID_ARGUMENT" });

  const alone = client.consumer();
  const refused = Promise.withResolvers<unknown>();
  alone.on("crash", ({ error }) => refused.resolve(error));
  await started(alone, { eachMessage: ({ tx: none }) => none.state.put("a", 1) });
  expect(await refused.promise).toMatchObject({ code: "INVALID_ARGUMENT" });
});

/** Sends to typed topics: in order whoever is checked how long, and all or nothing. */
import { expect, test } from "vitest";
import { z } from "zod";
import { topic } from "../../../client/index.ts";
import { FakeWorker } from "../page/fake-worker.ts";

/** A schema that is asked about one value and answers when the test says so. */
function slow() {
  const verdicts = new Map<string, PromiseWithResolvers<boolean>>();
  const of = (value: string): PromiseWithResolvers<boolean> => {
    let verdict = verdicts.get(value);
    if (verdict === undefined) verdicts.set(value, (verdict = Promise.withResolvers<boolean>()));
    return verdict;
  };
  return {
    schema: z.string().refine(async (value) => await of(value).promise),
    answer: (value: string, ok = true) => of(value).resolve(ok),
  };
}

function world() {
  const worker = new FakeWorker();
  worker.counts.set("t", 1);
  worker.counts.set("u", 1);
  const values = () => worker.packs.flatMap(({ parts }) => parts.flatMap((part) => part.values));
  return { worker, producer: worker.producer(), values };
}

const ticks = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 20));

test("sends leave in the order in which they were made, however long each is checked", async () => {
  const { producer, values } = world();
  const { schema, answer } = slow();
  const checked = topic("t", { value: schema });
  const sends = [
    producer.send({ topic: "t", messages: [{ value: "0" }] }),
    producer.send({ topic: checked, messages: [{ value: "1" }] }),
    producer.send({ topic: checked, messages: [{ value: "2" }] }),
    producer.send({ topic: "t", messages: [{ value: "3" }] }),
  ];
  answer("2");
  await sends[0];
  await ticks();
  expect(values()).toEqual(["0"]);
  answer("1");
  await Promise.all(sends);
  expect(values()).toEqual(["0", '"1"', '"2"', "3"]);
  await producer.send({ topic: "t", messages: [{ value: "4" }] });
  expect(values().at(-1)).toBe("4");
});

test("one that is refused late stores nothing and holds nobody up", async () => {
  const { producer, values } = world();
  const { schema, answer } = slow();
  const checked = topic("t", { value: schema });
  const refused = producer.send({ topic: checked, messages: [{ value: "good" }, { value: "bad" }] });
  const behind = producer.send({ topic: "t", messages: [{ value: "behind" }] });
  answer("good");
  answer("bad", false);
  await expect(refused).rejects.toMatchObject({ code: "INVALID_RECORD", details: { index: 1, part: "value" } });
  await behind;
  expect(values()).toEqual(["behind"]);
});

test("a validator that does not answer is given up after the timeout of its send", async () => {
  const { producer, values } = world();
  const { schema } = slow();
  const never = producer.send({ topic: topic("t", { value: schema }), messages: [{ value: "x" }], timeout: 30 });
  const behind = producer.send({ topic: "t", messages: [{ value: "behind" }] });
  await expect(never).rejects.toMatchObject({ code: "REQUEST_TIMED_OUT", details: { timeoutMs: 30 } });
  await behind;
  expect(values()).toEqual(["behind"]);
});

test("one message that does not fit keeps out all of its send, of other topics too", async () => {
  const { producer, values } = world();
  const orders = topic("u", { value: z.object({ amount: z.number() }) });
  const batch = producer.sendBatch({
    topicMessages: [
      { topic: "t", messages: [{ value: "fits" }] },
      { topic: orders, messages: [{ value: { amount: 1 } }, { value: { amount: "1" as unknown as number } }] },
    ],
  });
  await expect(batch).rejects.toMatchObject({
    code: "INVALID_RECORD",
    details: { topic: "u", index: 1, part: "value", path: "amount" },
  });
  expect(values()).toEqual([]);
  await producer.sendBatch({
    topicMessages: [
      { topic: "t", messages: [{ value: "fits" }] },
      { topic: orders, messages: [{ value: { amount: 1 } }] },
    ],
  });
  expect(values()).toEqual(["fits", '{"amount":1}']);
});

test("a value is taken as it is when send is called", async () => {
  const { producer, values } = world();
  const { schema, answer } = slow();
  const value = { id: "before" };
  const sent = producer.send({ topic: topic("t", { value: z.object({ id: schema }) }), messages: [{ value }] });
  value.id = "after";
  answer("before");
  await sent;
  expect(values()).toEqual(['{"id":"before"}']);
});

test("disconnect waits for what is still checked", async () => {
  const { producer, values } = world();
  const { schema, answer } = slow();
  const sent = producer.send({ topic: topic("t", { value: schema }), messages: [{ value: "x" }] });
  const gone = producer.disconnect();
  answer("x");
  await gone;
  expect(values()).toEqual(['"x"']);
  await sent;
});

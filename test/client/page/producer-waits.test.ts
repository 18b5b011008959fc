/** What becomes of a send between its call and its answer. */
import { describe, expect, test } from "vitest";
import { Strandline } from "../../../client/http.ts";
import type { ProducerOptions } from "../../../client/page/producer-options.ts";
import { topic } from "../../../client/typed/topic.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { FakeWorker } from "./fake-worker.ts";

function world(options: ProducerOptions = {}) {
  const worker = new FakeWorker();
  worker.counts.set("t", 4);
  return { worker, producer: worker.producer(options) };
}

const message = (value: string, partition = 0) => ({ value, partition });
const send = (producer: ReturnType<FakeWorker["producer"]>, value: string, more: object = {}) =>
  producer.send({ topic: "t", messages: [message(value)], ...more });
const valuesOf = (worker: FakeWorker) => worker.packs.map(({ parts }) => parts.flatMap(({ values }) => values));

describe("acks -1", () => {
  const large = (name: string) => message(name.padEnd(400_000, "."));

  test("a batch that the edge refused between others of its send is told", async () => {
    const { worker, producer } = world();
    worker.local = false;
    const asked: number[] = [];
    worker.answerReceipt = async ({ localSequence }) => {
      asked.push(localSequence);
      const error = { code: "INVALID_RECORD", errno: 87, message: "no", retriable: false, details: {} } as const;
      return localSequence === 2 || localSequence === 3
        ? { kind: "dead", partition: 0, error: error as never }
        : { kind: "committed", partition: 0, offset: localSequence };
    };
    const messages = ["a", "b", "c", "d", "e", "f"].map(large);
    await expect(producer.send({ topic: "t", messages, acks: -1 })).rejects.toMatchObject({ code: "GIVEN_UP" });
    expect(worker.packs[0]?.parts.map(({ values }) => values.length)).toEqual([2, 2, 2]);
    expect(asked).toEqual([0, 2, 4]);
  });
});

describe("a signal that fires before anything is stored", () => {
  const slow = (passed: Promise<unknown>) =>
    topic("t", {
      value: {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: async (value: unknown) => {
            await passed;
            return { value: value as string };
          },
        },
      },
    });

  test("while a validator is at work: the send is not stored, and is answered at once; the others keep their order", async () => {
    const { worker, producer } = world();
    await send(producer, "known");
    const passed = Promise.withResolvers<void>();
    const stopping = new AbortController();
    const orders = slow(passed.promise);
    const one = producer.send({ topic: orders, messages: [{ value: "a" }], signal: stopping.signal });
    const two = send(producer, "b");
    stopping.abort(new Error("enough"));
    // Before the validator has passed it.
    await expect(one).rejects.toMatchObject({ code: "ABORTED", details: { stored: false } });
    passed.resolve();
    await two;
    expect(valuesOf(worker)).toEqual([["known"], ["b"]]);
  });

  test("flush and disconnect end linger for sends that a validator held back", async () => {
    const { worker, producer } = world({ linger: 60_000 });
    const passed = Promise.withResolvers<void>();
    const held = producer.send({ topic: slow(passed.promise), messages: [{ value: "a" }] });
    const flushed = producer.flush();
    passed.resolve();
    await flushed;
    await held;
    const again = Promise.withResolvers<void>();
    const last = producer.send({ topic: slow(again.promise), messages: [{ value: "b" }] });
    const disconnected = producer.disconnect();
    again.resolve();
    await disconnected;
    await last;
    expect(valuesOf(worker)).toHaveLength(2);
  });

  test("while it is asked whether the topic exists", async () => {
    const { worker } = world();
    const answered = Promise.withResolvers<boolean>();
    worker.askTopic = { ...worker.askTopic, exists: () => answered.promise };
    const producer = worker.producer({ allowAutoTopicCreation: false });
    const stopping = new AbortController();
    const one = send(producer, "a", { signal: stopping.signal });
    stopping.abort();
    await expect(one).rejects.toMatchObject({ code: "ABORTED", details: { stored: false } });
    answered.resolve(true);
    await producer.flush();
    expect(worker.packs).toEqual([]);
  });
});

describe("bytes that the caller writes again after send returned", () => {
  const reused = new Uint8Array(1);
  const sendAll = (producer: ReturnType<FakeWorker["producer"]>, to: string | ReturnType<typeof plain> = "t") =>
    Promise.all(
      ["a", "b", "c"].map((value) => {
        reused[0] = value.charCodeAt(0);
        return producer.send({ topic: to as "t", messages: [{ value: reused, partition: 0 }] });
      }),
    );
  const plain = (validate: (value: unknown) => Promise<{ value: unknown }>) =>
    topic("t", { headers: { "~standard": { version: 1, vendor: "test", validate } } });

  test.each([
    ["to a topic that is new to the page", {}],
    ["with linger", { linger: 5 }],
    ["while it is asked whether the topic exists", { allowAutoTopicCreation: false }],
  ])("are sent as they were: %s", async (_, options) => {
    const { worker, producer } = world(options);
    await sendAll(producer);
    expect(valuesOf(worker).flat()).toEqual(["a", "b", "c"]);
  });

  test("are sent as they were: behind a validator", async () => {
    const { worker, producer } = world();
    await sendAll(
      producer,
      plain(async (value) => ({ value })),
    );
    expect(valuesOf(worker).flat()).toEqual(["a", "b", "c"]);
  });
});

test("a large value with as many headers as a record may have is refused at send, for its chunks have more", async () => {
  const { producer } = world();
  const headers = Object.fromEntries(Array.from({ length: 998 }, (_, index) => [`h${index}`, ""]));
  await expect(
    producer.send({ topic: "t", messages: [{ value: new Uint8Array(2_000_000), headers }] }),
  ).rejects.toMatchObject({ code: "INVALID_RECORD", details: { limit: 995 } });
});

test("a send that lingers is answered when its client is closed", async () => {
  const client = new Strandline();
  const sent = client.producer({ linger: 60_000 }).send({ topic: "t", messages: [{ value: "a" }] });
  await client.close();
  const answer = sent.then(
    () => "stored",
    ({ code }: { code: string }) => code,
  );
  expect(await answer).toMatch(/stored|CLOSED/);
});

test("a send with acks -1 that cannot be stored fails once: what its caller does not see is no rejection of its own", async () => {
  const worker = new FakeWorker();
  worker.counts.set("t", 1);
  worker.failNext = new Error("no disk");
  const unseen: unknown[] = [];
  const note = (reason: unknown): void => void unseen.push(reason);
  process.on("unhandledRejection", note);
  const sent = worker.producer().send({ topic: "t", messages: [{ value: "a", partition: 0 }], acks: -1 });
  await expect(sent).rejects.toThrow("no disk");
  await systemClock.sleep(20);
  process.off("unhandledRejection", note);
  expect(unseen).toEqual([]);
});

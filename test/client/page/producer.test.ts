import { describe, expect, test } from "vitest";
import type { ProducerOptions } from "../../../client/page/producer-options.ts";
import { CompressionTypes } from "../../../client/page/message.ts";
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

describe("linger", () => {
  test("sends of different tasks within it share one batch, in order", async () => {
    // However long a task takes, it is not over before the last one has sent.
    const { worker, producer } = world({ linger: 60_000 });
    const sends: Promise<unknown>[] = [];
    for (const value of ["a", "b", "c"]) {
      sends.push(send(producer, value));
      await systemClock.sleep(2);
    }
    expect(worker.packs).toEqual([]);
    await producer.flush();
    await Promise.all(sends);
    expect(valuesOf(worker)).toEqual([["a", "b", "c"]]);
    expect(worker.packs[0]?.parts).toHaveLength(1);
  });

  test("is ended by flush, by disconnect, and by two MiB", async () => {
    const { worker, producer } = world({ linger: 60_000 });
    const first = send(producer, "a");
    await producer.flush();
    await first;
    const large = Array.from({ length: 3 }, () => send(producer, "x".repeat(700_000)));
    await Promise.all(large);
    const last = send(producer, "z");
    await producer.disconnect();
    await last;
    expect(valuesOf(worker).map((values) => values.length)).toEqual([1, 3, 1]);
  });

  test("a send whose signal fires meanwhile is not stored, the others are", async () => {
    const { worker, producer } = world({ linger: 20 });
    const stopping = new AbortController();
    const sends = [send(producer, "a"), send(producer, "b", { signal: stopping.signal }), send(producer, "c")];
    stopping.abort(new Error("enough"));
    await expect(sends[1]).rejects.toMatchObject({
      code: "ABORTED",
      details: { stored: false },
      cause: new Error("enough"),
    });
    await Promise.all([sends[0], sends[2]]);
    expect(valuesOf(worker)).toEqual([["a", "c"]]);
  });
});

describe("flush", () => {
  test("resolves when every send before it is answered, refused ones too", async () => {
    const { worker, producer } = world();
    await send(producer, "known");
    const release = worker.hold();
    const stored = send(producer, "a");
    let done = false;
    const flushed = producer.flush().then(() => (done = true));
    await systemClock.sleep(10);
    expect(done).toBe(false);
    worker.failNext = new Error("no");
    release();
    await flushed;
    await expect(stored).rejects.toThrow("no");
    await producer.flush();
  });

  test("ends at its timeout and by its signal, and the sends go on", async () => {
    const { worker, producer } = world();
    await send(producer, "known");
    const release = worker.hold();
    const stored = send(producer, "a");
    await expect(producer.flush({ timeout: 10 })).rejects.toMatchObject({ code: "REQUEST_TIMED_OUT" });
    await expect(producer.flush({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    await expect(producer.flush({ timeout: Number.NaN })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    release();
    await stored;
  });
});

describe("a send with a signal", () => {
  test("that has fired stores nothing", async () => {
    const { worker, producer } = world();
    await expect(send(producer, "a", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
      details: { stored: false },
    });
    expect(worker.packs).toEqual([]);
  });

  test("that fires in the line leaves it, and stores nothing", async () => {
    const { worker, producer } = world();
    const stopping = new AbortController();
    const sends = [send(producer, "a"), send(producer, "b", { signal: stopping.signal })];
    stopping.abort();
    await expect(sends[1]).rejects.toMatchObject({ code: "ABORTED", details: { stored: false } });
    await sends[0];
    expect(valuesOf(worker)).toEqual([["a"]]);
  });

  test("that fires on the way to the disk tells where the record is", async () => {
    const { worker, producer } = world();
    await send(producer, "known");
    const release = worker.hold();
    const stopping = new AbortController();
    const stored = send(producer, "a", { signal: stopping.signal });
    await expect.poll(() => worker.packs.length).toBe(2);
    stopping.abort();
    release();
    await expect(stored).rejects.toMatchObject({ code: "ABORTED", details: { stored: true, receipt: "t-0~1" } });
  });

  test("that fires while the edge is waited for ends the wait at once", async () => {
    const { worker, producer } = world();
    worker.local = false;
    const asked = Promise.withResolvers<void>();
    worker.answerReceipt = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const stopping = new AbortController();
    const sent = send(producer, "a", { acks: -1, signal: stopping.signal });
    void asked.promise.then(() => stopping.abort());
    await expect(sent).rejects.toMatchObject({ code: "ABORTED", details: { stored: true, receipt: "t-0~0" } });
  });

  test("that fires afterwards changes nothing", async () => {
    const { producer } = world();
    const stopping = new AbortController();
    await send(producer, "a", { signal: stopping.signal });
    stopping.abort();
    await systemClock.sleep(5);
  });
});

describe("KafkaJS's options", () => {
  const ACCEPTED: ProducerOptions[] = [
    { idempotent: true, maxInFlightRequests: 5, metadataMaxAge: 300_000, retry: { retries: 8, initialRetryTime: 300 } },
    { maxInFlightRequests: null, allowAutoTopicCreation: true },
    {},
  ];
  test.each(ACCEPTED)("%j is accepted", async (options) => {
    const { producer } = world(options);
    await send(producer, "a", { compression: CompressionTypes.GZIP, acks: 1, timeout: 5_000 });
  });

  test.each([
    [{ idempotent: false }, "INVALID_ARGUMENT", /idempotent/],
    [{ transactionalId: "x" }, "UNSUPPORTED_OPERATION", /transactionalId/],
    [{ linger: -1 }, "INVALID_ARGUMENT", /linger/],
    [{ linger: "5" }, "INVALID_ARGUMENT", /linger/],
    [{ maxInFlightRequests: 0 }, "INVALID_ARGUMENT", /maxInFlightRequests/],
    [{ metadataMaxAge: Number.NaN }, "INVALID_ARGUMENT", /metadataMaxAge/],
    [{ maxMessageBytes: 1e12 }, "INVALID_ARGUMENT", /maxMessageBytes/],
    [{ retry: 5 }, "INVALID_ARGUMENT", /retry/],
  ])("%j is refused by name", (options, code, said) => {
    let error: unknown = null;
    try {
      world(options as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code, message: expect.stringMatching(said) });
  });

  test("allowAutoTopicCreation: false refuses a topic that the edge does not have, and keeps the order of the rest", async () => {
    const { worker, producer } = world({ allowAutoTopicCreation: false });
    worker.askTopic = { exists: async (topic) => topic === "t", refresh: async () => null };
    const fresh = worker.producer({ allowAutoTopicCreation: false });
    const sends = [send(fresh, "a"), fresh.send({ topic: "none", messages: [message("x")] }), send(fresh, "b")];
    await expect(sends[1]).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION", details: { topic: "none" } });
    await Promise.all([sends[0], sends[2]]);
    await send(fresh, "c");
    expect(valuesOf(worker).flat()).toEqual(["a", "b", "c"]);
    await producer.disconnect();
  });

  test("allowAutoTopicCreation: false accepts offline, and asks again until it is known", async () => {
    const { worker } = world();
    const asked: string[] = [];
    worker.askTopic = { exists: async (topic) => (asked.push(topic) > 2 ? true : null), refresh: async () => null };
    const producer = worker.producer({ allowAutoTopicCreation: false });
    for (const value of ["a", "b", "c", "d"]) await send(producer, value);
    expect(asked).toHaveLength(3);
    expect(valuesOf(worker).flat()).toEqual(["a", "b", "c", "d"]);
  });

  test("metadataMaxAge asks for a topic's partitions again, in the background, once its time has passed", async () => {
    const { worker } = world();
    const asked: string[] = [];
    worker.askTopic = { exists: async () => true, refresh: async (topic) => asked.push(topic) };
    const producer = worker.producer({ metadataMaxAge: 30 });
    await send(producer, "a");
    await send(producer, "b");
    expect(asked).toEqual([]);
    await systemClock.sleep(40);
    await send(producer, "c");
    await send(producer, "d");
    expect(asked).toEqual(["t"]);
  });
});

test("a pack says by which count its partitions were chosen", async () => {
  const { worker, producer } = world();
  await send(producer, "a");
  worker.counts.set("u", null);
  await producer.send({ topic: "u", messages: [{ value: "b" }] });
  expect(worker.packs.map(({ parts }) => parts[0]?.partitionCount)).toEqual([4, 0]);
});

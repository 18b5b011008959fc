import { expect, test } from "vitest";
import { IN_FLIGHT_BYTES_MAX } from "../../../client/page/packer.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { FakeWorker } from "./fake-worker.ts";

function world() {
  const worker = new FakeWorker();
  worker.counts.set("t", 4);
  worker.counts.set("u", 2);
  return { worker, producer: worker.producer() };
}

const message = (value: string, partition = 0) => ({ value, partition });

test("the sends of one microtask leave as one pack, one batch per partition, and each gets its part of the answer", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first")] });
  const sends = [
    producer.send({ topic: "t", messages: [message("a"), message("b", 1)] }),
    producer.send({ topic: "t", messages: [message("c")] }),
    producer.sendBatch({
      topicMessages: [
        { topic: "u", messages: [message("d", 1)] },
        { topic: "t", messages: [message("e"), message("f")] },
      ],
    }),
  ];
  const answers = (await Promise.all(sends)).map((all) =>
    all.map(({ topicName, partition, localSequence, count, baseOffset }) => [
      topicName,
      partition,
      localSequence,
      count,
      baseOffset,
    ]),
  );
  expect(answers).toEqual([
    [
      ["t", 0, 1, 1, 1],
      ["t", 1, 0, 1, 0],
    ],
    [["t", 0, 2, 1, 2]],
    [
      ["u", 1, 0, 1, 0],
      ["t", 0, 3, 2, 3],
    ],
  ]);
  // `u` was not known at first, so the third send had to wait for its count.
  expect(
    worker.packs
      .slice(1)
      .flatMap(({ parts }) => parts.map(({ topic, partition, values }) => [topic, partition, values])),
  ).toEqual([
    ["t", 0, ["a", "c"]],
    ["t", 1, ["b"]],
    ["u", 1, ["d"]],
    ["t", 0, ["e", "f"]],
  ]);
  expect(worker.asked).toEqual(["t", "u"]);
});

test("a thousand sends at once are one pack, and their order is kept", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first", 3)] });
  await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => producer.send({ topic: "t", messages: [message(String(index))] })),
  );
  expect(worker.packs.length).toBe(2);
  expect(worker.packs[1]?.parts[0]?.values).toEqual(Array.from({ length: 1_000 }, (_, index) => String(index)));
});

test("sends before the partition count is known keep their order, and ask once", async () => {
  const { worker, producer } = world();
  const sends = Array.from({ length: 5 }, (_, index) =>
    producer.send({ topic: "t", messages: [message(String(index))] }),
  );
  await Promise.all(sends);
  expect(worker.packs.flatMap(({ parts }) => parts.flatMap(({ values }) => values))).toEqual(["0", "1", "2", "3", "4"]);
  expect(worker.asked).toEqual(["t"]);
});

test("a large send is split into batches below the limit, and its sequences are consecutive", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first")] });
  const value = "x".repeat(100);
  const [metadata] = await producer.send({
    topic: "t",
    messages: Array.from({ length: 20_000 }, () => message(value)),
  });
  expect(metadata).toMatchObject({ localSequence: 1, count: 20_000, baseOffset: 1 });
  expect(metadata?.receiptOf(19_999).id).toBe("t-0~20000");
  const parts = worker.packs.slice(1).flatMap((pack) => pack.parts);
  expect(parts.length).toBe(3);
  expect(parts.every(({ bytes }) => bytes <= LIMITS.batchBytesMax && bytes > 100)).toBe(true);
  expect(parts.reduce((sum, { values }) => sum + values.length, 0)).toBe(20_000);
});

test("what is in flight is bounded: later sends wait their turn, in order", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first")] });
  const release = worker.hold();
  const value = "x".repeat(1_000_000);
  const sends = Array.from({ length: 40 }, (_, index) =>
    producer.send({ topic: "t", messages: [message(`${index}:${value}`)] }),
  );
  const inFlight = (): number => worker.packs.slice(1).reduce((sum, { bytes }) => sum + bytes, 0);
  await expect.poll(inFlight).toBeGreaterThan(IN_FLIGHT_BYTES_MAX / 2);
  await systemClock.sleep(20);
  expect(inFlight()).toBeLessThan(IN_FLIGHT_BYTES_MAX + 6_000_000);
  release();
  await Promise.all(sends);
  const order = worker.packs
    .slice(1)
    .flatMap(({ parts }) => parts.flatMap(({ values }) => values.map((each) => Number(each.split(":")[0]))));
  expect(order).toEqual(Array.from({ length: 40 }, (_, index) => index));
});

test("a send that waits too long for its turn stores nothing and says so", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first")] });
  const release = worker.hold();
  const value = "x".repeat(1_000_000);
  const fill = Array.from({ length: 20 }, () => producer.send({ topic: "t", messages: [message(value)] }));
  await expect(producer.send({ topic: "t", messages: [message("late")], timeout: 20 })).rejects.toMatchObject({
    code: "REQUEST_TIMED_OUT",
  });
  release();
  await Promise.all(fill);
  await producer.send({ topic: "t", messages: [message("last")] });
  expect(worker.packs.flatMap(({ parts }) => parts.flatMap(({ values }) => values))).not.toContain("late");
});

test("durability and compression are those of the send, and the order of the sends holds", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first")] });
  await Promise.all([
    producer.send({ topic: "t", messages: [message("a")], durability: "relaxed" }),
    producer.send({ topic: "t", messages: [message("b")], compression: "gzip" }),
    producer.send({ topic: "t", messages: [message("c")] }),
  ]);
  expect(
    worker.packs.slice(1).map(({ durability, compression, parts }) => [durability, compression, parts[0]?.values]),
  ).toEqual([
    ["relaxed", "none", ["a"]],
    ["strict", "gzip", ["b"]],
    ["strict", "none", ["c"]],
  ]);
});

test("a bad record refuses its whole send, and nothing of it leaves; its neighbours do", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first")] });
  const good = producer.send({ topic: "t", messages: [message("good")] });
  await expect(
    producer.sendBatch({
      topicMessages: [
        { topic: "t", messages: [message("x")] },
        { topic: "t", messages: [message("y", 4)] },
      ],
    }),
  ).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION", details: { partition: 4, partitionCount: 4 } });
  await expect(producer.send({ topic: "t", messages: [message("x"), { value: 1n as never }] })).rejects.toMatchObject({
    code: "INVALID_RECORD",
    details: { topic: "t", index: 1 },
  });
  await expect(producer.send({ topic: "not a name", messages: [] })).rejects.toMatchObject({
    code: "INVALID_TOPIC_EXCEPTION",
  });
  await expect(producer.send({ topic: "t", messages: [message("x")], acks: 2 as never })).rejects.toMatchObject({
    code: "INVALID_REQUIRED_ACKS",
  });
  await good;
  expect(worker.packs.flatMap(({ parts }) => parts.flatMap(({ values }) => values))).toEqual(["first", "good"]);
});

test("what the worker refuses, the sends of that pack hear", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first")] });
  worker.failNext = new StrandlineError("STORAGE_FULL", "");
  const sends = [1, 2].map((value) => producer.send({ topic: "t", messages: [message(String(value))] }));
  for (const each of await Promise.allSettled(sends))
    expect(each).toMatchObject({ status: "rejected", reason: { code: "STORAGE_FULL" } });
  expect(await producer.send({ topic: "t", messages: [message("after")] })).toHaveLength(1);
});

test("acks -1 waits for each batch, whose records stand or fall together", async () => {
  const { worker, producer } = world();
  worker.local = false;
  const asked: string[] = [];
  worker.answerReceipt = async ({ partition, localSequence }) => {
    asked.push(`${partition}~${localSequence}`);
    return { kind: "committed", partition, offset: 100 + localSequence };
  };
  const answers = await producer.send({
    topic: "t",
    messages: [message("a"), message("b"), message("c", 1)],
    acks: "all",
  });
  expect(answers.map(({ partition, baseOffset, count }) => [partition, baseOffset, count])).toEqual([
    [0, 100, 2],
    [1, 100, 1],
  ]);
  expect(asked.toSorted()).toEqual(["0~0", "1~0"]);
  worker.answerReceipt = async () => ({
    kind: "dead",
    partition: 0,
    error: new StrandlineError("MESSAGE_TOO_LARGE", "").toBody(),
  });
  await expect(producer.send({ topic: "t", messages: [message("a")], acks: -1 })).rejects.toMatchObject({
    code: "GIVEN_UP",
    details: { reason: "MESSAGE_TOO_LARGE" },
  });
  worker.answerReceipt = async () => ({ kind: "pending", partition: 0 });
  await expect(producer.send({ topic: "t", messages: [message("a")], acks: -1 })).rejects.toMatchObject({
    code: "NOT_SYNCED_YET",
  });
});

test("keyless records share a partition within a pack, and the next pack has another", async () => {
  const { worker, producer } = world();
  for (let pack = 0; pack < 3; pack += 1)
    await producer.send({ topic: "t", messages: [{ value: "a" }, { value: "b" }] });
  const partitions = worker.packs.map(({ parts }) => parts.map(({ partition }) => partition));
  expect(partitions.every((each) => each.length === 1)).toBe(true);
  expect(partitions[0]).not.toEqual(partitions[1]);
  expect(partitions[1]).not.toEqual(partitions[2]);
});

test("ten thousand sends at once leave in several tasks, between which others have their turn, in order", async () => {
  const { worker, producer } = world();
  await producer.send({ topic: "t", messages: [message("first", 3)] });
  const turns: number[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    turns.push(worker.packs.length);
    port2.postMessage(null);
  };
  port2.postMessage(null);
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, (_, index) => producer.send({ topic: "t", messages: [message(String(index))] })),
  );
  port1.close();
  expect(answers.map(([metadata]) => metadata?.localSequence)).toEqual(
    Array.from({ length: 10_000 }, (_, index) => index),
  );
  expect(worker.packs.slice(1).flatMap(({ parts }) => parts.flatMap(({ values }) => values))).toEqual(
    Array.from({ length: 10_000 }, (_, index) => String(index)),
  );
  expect(
    Math.max(...worker.packs.flatMap(({ parts }) => parts.map(({ values }) => values.length))),
  ).toBeLessThanOrEqual(2_000);
  expect(new Set(turns).size).toBeGreaterThan(2);
});

test("each of many sends that wait leaves at its own time", async () => {
  const { worker, producer } = world();
  worker.counts.set("slow", 1);
  const release = worker.hold();
  const large = producer.send({
    topic: "t",
    messages: Array.from({ length: 9 }, () => message("x".repeat(1_000_000))),
  });
  await systemClock.sleep(5);
  const timed = [80, 20, 50].map((timeout) => producer.send({ topic: "t", messages: [message("late")], timeout }));
  const order: number[] = [];
  await Promise.all(timed.map((sent, index) => sent.catch(() => order.push(index))));
  expect(order).toEqual([1, 2, 0]);
  release();
  await large;
  expect(worker.packs.flatMap(({ parts }) => parts.flatMap(({ values }) => values))).not.toContain("late");
});

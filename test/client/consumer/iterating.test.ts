/** Iterating a consumer, beside other ways to run it. */
import { expect, test } from "vitest";
import { systemClock } from "../../../client/web-ports.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";

test("an iteration that is refused, for the consumer runs already, does not stop it", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  const consumer = lab.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(message.text()) });
  await expect(consumer.messages().next()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await lab.polled();
  await lab.append("t-0: a");
  await until(() => seen.length === 1);
  expect(seen).toEqual(["a"]);
  await consumer.stop();
});

test("stop within a handler, not waited for: nothing more is handled, and what was is committed", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  await lab.append("t-0: a b c");
  const consumer = lab.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  const committed: number[] = [];
  consumer.on("commit_offsets", ({ offsets }) => committed.push(...offsets.map(({ offset }) => Number(offset))));
  const stops: Promise<void>[] = [];
  await consumer.run({
    eachMessage: ({ message }) => {
      seen.push(message.text());
      if (seen.length === 2) stops.push(consumer.stop());
    },
  });
  await until(() => stops.length > 0);
  await Promise.all(stops);
  expect(seen).toEqual(["a", "b"]);
  expect(committed.at(-1)).toBe(2);
});

test("run right after a stop goes on where it stopped", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  await lab.append("t-0: a b c");
  const consumer = lab.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  const run = () =>
    consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(message.text());
        await systemClock.sleep(5);
      },
    });
  await run();
  await until(() => seen.length > 0);
  const stopping = consumer.stop();
  await run().catch(() => null);
  await stopping;
  await run().catch(() => null);
  await until(() => seen.length >= 3);
  expect(seen).toEqual(["a", "b", "c"]);
  await consumer.stop();
});

test("two consumers of one group in one tab handle each record once, by turns", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  await lab.append("t-0: a b c");
  const seen: string[] = [];
  const both = [lab.consumer({ groupId: "g" }), lab.consumer({ groupId: "g" })];
  for (const [index, consumer] of both.entries()) {
    await consumer.subscribe({ topic: "t", fromBeginning: true });
    await consumer.run({ eachMessage: ({ message }) => void seen.push(`${index}${message.text()}`) });
  }
  await until(() => seen.length === 3);
  const [first] = seen;
  const at = Number(first?.[0]);
  await both[at]?.stop();
  await lab.append("t-0: d");
  await until(() => seen.length >= 4);
  expect(seen).toEqual([`${at}a`, `${at}b`, `${at}c`, `${1 - at}d`]);
  await both[1 - at]?.stop();
});

test("stop while run begins: it does not run, and can be run again; two runs at once are one too many", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  await lab.append("t-0: a");
  const consumer = lab.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const seen: (string | null)[] = [];
  const run = () => consumer.run({ eachMessage: ({ message }) => void seen.push(message.text()) });
  const running = run();
  await consumer.stop();
  await running;
  await systemClock.sleep(50);
  expect(seen).toEqual([]);
  const runs = await Promise.allSettled([run(), run()]);
  expect(runs.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  await until(() => seen.length > 0);
  await lab.polled();
  expect(seen).toEqual(["a"]);
  await consumer.stop();
});

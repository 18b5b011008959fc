/** A handler may stop its own consumer; whoever else stops it waits for the handler. */
import { expect, test } from "vitest";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import { systemClock } from "../../../client/web-ports.ts";
import type { Clock } from "../../../shared/clock.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";

interface Lab {
  readonly lab: ConsumerLab;
  readonly consumer: PageConsumer;
  readonly seen: (string | null)[];
  readonly committed: () => Promise<number | null>;
  readonly stopped: Promise<unknown>;
}

async function labWith(values: string, patienceMs = 30_000): Promise<Lab> {
  // The patience with a handler is another one.
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now(),
    sleep: (ms, signal) => systemClock.sleep(ms === 30_000 ? patienceMs : ms, signal),
  };
  const lab = await ConsumerLab.open({ localPartitionCount: 1, clock });
  await lab.append(`t-0: ${values}`);
  const consumer = lab.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const stopped = new Promise((resolve) => consumer.on("stop", resolve));
  const committed = async (): Promise<number | null> =>
    await lab.tab.log.replica.committed("g", await lab.tab.ref("t-0"));
  return { lab, consumer, seen: [], committed, stopped };
}

test.each(["stop", "disconnect"] as const)("await consumer.%s() first thing in a handler", async (how) => {
  const { consumer, seen, committed, stopped } = await labWith("a b c");
  let waited = false;
  await consumer.run({
    async eachMessage({ message }) {
      seen.push(message.text());
      if (seen.length < 2) return;
      await consumer[how]();
      waited = true;
    },
  });
  await stopped;
  expect([seen, waited, await committed()]).toEqual([["a", "b"], true, 2]);
});

test.each(["stop", "disconnect"] as const)("consumer.%s() later in a handler, not awaited", async (how) => {
  const { consumer, seen, committed, stopped } = await labWith("a b c");
  await consumer.run({
    async eachBatch({ batch }) {
      seen.push(...batch.messages.map((message) => message.text()));
      await systemClock.sleep(1);
      void consumer[how]();
    },
  });
  await stopped;
  expect([seen, await committed()]).toEqual([["a", "b", "c"], 3]);
});

test("awaited there it would wait for itself: it rejects in the end, and says so", async () => {
  const { consumer, committed } = await labWith("a", 1);
  const rejected = new Promise<unknown>((resolve) => {
    void consumer.run({
      async eachMessage() {
        await systemClock.sleep(1);
        await consumer.stop().catch(resolve);
      },
    });
  });
  expect(await rejected).toMatchObject({ code: "REQUEST_TIMED_OUT", message: expect.stringContaining("await") });
  await expect.poll(committed).toBe(1);
});

test("stop within an iteration: the message counts as handled when the next is asked for, and there is none", async () => {
  const { consumer, seen, committed, stopped } = await labWith("a b c");
  for await (const message of consumer) {
    seen.push(message.text());
    if (seen.length === 2) await consumer.stop();
  }
  await stopped;
  expect([seen, await committed()]).toEqual([["a", "b"], 2]);
});

test("from elsewhere: waits until the handler has ended and what it handled is committed", async () => {
  const { consumer, seen, committed } = await labWith("a b c");
  let ended = false;
  await consumer.run({
    async eachMessage({ message }) {
      seen.push(message.text());
      await systemClock.sleep(0);
      ended = true;
    },
  });
  await until(() => seen.length > 0);
  await consumer.stop();
  expect(ended).toBe(true);
  expect(await committed()).toBe(seen.length);
});

test("a handler that throws behind its stop: its record is not committed, and nothing comes again", async () => {
  const { consumer, seen, committed, stopped } = await labWith("a b c");
  await consumer.run({
    async eachMessage({ message }) {
      seen.push(message.text());
      if (seen.length < 2) return;
      await consumer.stop();
      throw new Error("by the test");
    },
  });
  await stopped;
  expect([seen, await committed()]).toEqual([["a", "b"], 1]);
});

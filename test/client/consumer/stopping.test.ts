/** A handler may stop its own consumer and wait for that; whoever else stops it waits for the handler. */
import { expect, test } from "vitest";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import { systemClock } from "../../../client/web-ports.ts";
import type { Clock } from "../../../shared/clock.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";

interface Lab {
  readonly lab: ConsumerLab;
  readonly consumer: PageConsumer;
  readonly seen: (string | null)[];
  /** Of the waits that are longer than a test. */
  readonly patience: number[];
  readonly committed: () => Promise<number | null>;
  readonly stopped: Promise<unknown>;
}

async function labWith(values: string, patienceMs = 1): Promise<Lab> {
  const patience: number[] = [];
  // The patience with a handler is another one.
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now(),
    sleep: (ms, signal) => {
      if (ms >= 1_000) patience.push(ms);
      return systemClock.sleep(ms === 1_000 ? patienceMs : ms, signal);
    },
  };
  const lab = await ConsumerLab.open({ localPartitionCount: 1, clock });
  await lab.append(`t-0: ${values}`);
  const consumer = lab.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  const stopped = new Promise((resolve) => consumer.on("stop", resolve));
  const committed = async (): Promise<number | null> =>
    await lab.tab.log.replica.committed("g", await lab.tab.ref("t-0"));
  return { lab, consumer, seen: [], patience, committed, stopped };
}

test.each(["stop", "disconnect"] as const)("await consumer.%s() first thing in a handler", async (how) => {
  const { consumer, seen, patience, committed, stopped } = await labWith("a b c");
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
  expect(patience).not.toContain(1_000);
});

test.each(["stop", "disconnect"] as const)("await consumer.%s() later in a handler", async (how) => {
  const { consumer, seen, patience, committed, stopped } = await labWith("a b c");
  let waited = false;
  await consumer.run({
    async eachBatch({ batch }) {
      seen.push(...batch.messages.map((message) => message.text()));
      await systemClock.sleep(1);
      await consumer[how]();
      waited = true;
    },
  });
  await stopped;
  expect([seen, waited, await committed()]).toEqual([["a", "b", "c"], true, 3]);
  expect(patience).toContain(1_000);
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
  const { consumer, seen, committed } = await labWith("a b c", 60_000);
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

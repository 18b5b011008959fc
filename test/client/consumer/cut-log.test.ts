/** A log that goes back at the edge: who read beyond goes on at the cut, and nobody loses what stands below it. */
import { expect, test } from "vitest";
import type { FetchedRun } from "../../../client/log/device-log.ts";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import type { Offset } from "../../../shared/brands.ts";
import { runAt } from "../log/fetched-run.ts";
import { ConsumerLab, inWords, until } from "./consumer-lab.ts";

const epoch = (counter: number): Pick<FetchedRun, "leaderEpoch"> => ({ leaderEpoch: { counter, random: 1 } as never });

async function fetched(lab: ConsumerLab, at: number, records: string[], more: Partial<FetchedRun>): Promise<void> {
  const ref = await lab.tab.ref("orders-0");
  await lab.tab.log.replica.store([runAt(ref, at, records, more)]);
  lab.news.publish({ type: "replicated", refs: [ref] });
}

/** As the replicator does: the event, then the replica. */
async function cut(lab: ConsumerLab, at: number): Promise<void> {
  const event = { type: "log.truncated", topic: "orders", partition: 0, offset: at } as const;
  lab.news.publish({ type: "event", event });
  await fetched(lab, at, [], { restart: true, lastCrc: null, ...epoch(2) });
}

async function held(): Promise<ConsumerLab> {
  const lab = await ConsumerLab.open();
  await lab.learn("orders", 1);
  for (const [at, record] of ["a", "b", "c", "d"].entries()) await fetched(lab, at, [record], epoch(1));
  return lab;
}

async function reading(consumer: PageConsumer, gate: (seen: string[]) => Promise<void> | void = () => {}) {
  const seen: string[] = [];
  const resets: object[] = [];
  consumer.on("offset_reset", ({ payload }) => resets.push(payload));
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.push(inWords(message));
      await gate(seen);
    },
  });
  return { seen, resets };
}

test("who is behind the cut skips nothing, who is beyond goes back to it, and nobody reads the rest twice", async () => {
  const lab = await held();
  const goOn = Promise.withResolvers<void>();
  const [slow, fast] = [lab.consumer({ maxBytes: 1 }), lab.consumer()];
  const behind = await reading(slow, () => goOn.promise);
  const ahead = await reading(fast);
  await until(() => ahead.seen.length === 4 && behind.seen.length === 1);
  await cut(lab, 3);
  await until(() => ahead.resets.length === 1);
  goOn.resolve();
  await fetched(lab, 0, ["a", "b"], epoch(2));
  await fetched(lab, 2, ["c", "new"], epoch(2));
  await until(() => ahead.seen.length === 5 && behind.seen.length === 4);
  const reset = { topic: "orders", partition: 0, from: 4, to: 3, reason: "truncated" };
  expect(ahead).toEqual({ seen: ["a@0", "b@1", "c@2", "d@3", "new@3"], resets: [reset] });
  expect(behind).toEqual({ seen: ["a@0", "b@1", "c@2", "new@3"], resets: [] });
  await Promise.all([slow.stop(), fast.stop()]);
});

test("who comes later finds all that the edge holds", async () => {
  const lab = await held();
  await cut(lab, 3);
  await fetched(lab, 0, ["a", "b", "c", "new"], epoch(2));
  const consumer = lab.consumer();
  const { seen } = await reading(consumer);
  await until(() => seen.length === 4);
  expect(seen).toEqual(["a@0", "b@1", "c@2", "new@3"]);
  await consumer.stop();
});

test("what the device had dropped by itself is not fetched again for it", async () => {
  const lab = await held();
  const ref = await lab.tab.ref("orders-0");
  await lab.tab.store.transact(["partitions"], { mode: "readwrite" }, async (transaction) => {
    const key = [ref.topicKey, ref.partition];
    const row = await transaction.get<object>("partitions", key);
    void transaction.put("partitions", key, { ...row, heldFrom: 2 as Offset });
  });
  await cut(lab, 3);
  expect(await lab.tab.log.outbox.row(ref)).toMatchObject({ replicatedTo: 2, heldFrom: 2 });
});

/**
 * Chunked messages among others, handled in transactions while workers end, handlers throw, answers are late and
 * other tabs take the group's turn: each message is handled exactly once, in order, and none is called broken.
 */
import { expect, test } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import type { ReceivedMessage } from "../../../client/page/received-message.ts";
import type { Transaction } from "../../../client/page/transaction.ts";
import { systemClock } from "../../../client/web-ports.ts";
import type { Locks } from "../../../client/ports.ts";
import type { Offset, Partition } from "../../../shared/brands.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { MemoryChannels, MemoryTab } from "../memory-tab.ts";
import { chunkedLog, type ChunkedLog } from "./chunked-log.ts";

const PARTITIONS = 2;
const MESSAGES = 24;
const GROUP = "g";

interface Trial {
  readonly random: SeededRandom;
  readonly tabs: readonly MemoryTab[];
  readonly logs: readonly ChunkedLog[];
  readonly store: MemoryStore;
  readonly broken: unknown[];
  readonly seen: { crash: number; fenced: number; kills: number; again: number };
}

async function open(seed: number): Promise<Trial> {
  const random = new SeededRandom(seed);
  const store = new MemoryStore();
  const channels = new MemoryChannels();
  // Of its own for each worker: all of them believe that it is their turn.
  const locks = (): Locks => new MemoryLocks();
  const lateMs = (): number | null => (random.chance(0.1) ? random.below(6) : null);
  const tabs: MemoryTab[] = [];
  for (let tab = 0; tab < 2; tab += 1) tabs.push(await MemoryTab.open({ store, channels, random, locks, lateMs }));
  const logs = Array.from({ length: PARTITIONS }, (_, partition) =>
    chunkedLog(random, `value-${partition}.`, MESSAGES),
  );
  const [first] = tabs;
  await first?.log.catalog.ensure("in", { partitionCount: PARTITIONS });
  for (const [partition, { batches }] of logs.entries())
    for (const batch of batches)
      await first?.log.localLog.append([{ topic: "in", partition: partition as Partition, batch: batch.slice() }]);
  return { random, tabs, logs, store, broken: [], seen: { crash: 0, fenced: 0, kills: 0, again: 0 } };
}

async function start({ random, broken, seen }: Trial, tab: MemoryTab, byBatch: boolean): Promise<PageConsumer> {
  const consumer = tab.consumer(GROUP, { maxBytesPerPartition: 150 + random.below(500) });
  consumer.on("crash", () => (seen.crash += 1));
  consumer.on("fenced", () => (seen.fenced += 1));
  consumer.on("corrupt", (told) => broken.push(told));
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  const handle = async (message: ReceivedMessage, partition: number, tx: Transaction): Promise<void> => {
    const line = (await tx.state.get<string[]>(partition)) ?? [];
    tx.state.put(partition, [...line, message.text() ?? ""]);
    if (random.chance(0.2)) await systemClock.sleep(random.below(3));
    if (random.chance(0.08)) throw new Error("of the handler");
  };
  const { partitionsConsumedConcurrently } = { partitionsConsumedConcurrently: 1 + random.below(2) };
  const eachBatchAutoResolve = random.chance(0.5);
  if (byBatch)
    await consumer.run({
      partitionsConsumedConcurrently,
      eachBatchAutoResolve,
      async eachBatch({ batch, resolveOffset, tx }) {
        const count = eachBatchAutoResolve ? batch.messages.length : 1 + random.below(batch.messages.length);
        for (const message of batch.messages.slice(0, count)) {
          await handle(message, batch.partition, tx);
          resolveOffset(message.offset);
        }
      },
    });
  else
    await consumer.run({
      partitionsConsumedConcurrently,
      eachMessage: async ({ message, partition, tx }) => await handle(message, partition, tx),
    });
  return consumer;
}

async function committed(tab: MemoryTab, partition: number): Promise<Offset | null> {
  const topic = await tab.log.catalog.byName("in");
  if (topic === undefined) return null;
  return await tab.log.replica.committed(GROUP, { topicKey: topic.topicKey, partition: partition as Partition });
}

async function handled(store: MemoryStore): Promise<unknown[]> {
  const rows = await store.transact(["state"], { mode: "readonly" }, (transaction) =>
    transaction.entries<{ value: unknown }>("state", { from: [GROUP], to: [`${GROUP}~`] }, 100),
  );
  return rows.map(({ value }) => value.value);
}

const sum = { crash: 0, fenced: 0, kills: 0, again: 0 };

test.each(Array.from({ length: 40 }, (_, seed) => seed))("seed %i: each message once, in order", async (seed) => {
  const trial = await open(seed);
  const { random, tabs, logs, store, seen } = trial;
  const [first] = tabs;
  if (first === undefined) throw new Error("no tab");
  store.fault = (stores) =>
    stores.includes("state") && random.chance(0.1) ? random.pick(["lost", "unanswered", "full"] as const) : null;
  const byBatch = random.chance(0.5);
  const consumers = await Promise.all(tabs.map((tab) => start(trial, tab, byBatch)));
  const isDone = async (): Promise<boolean> => {
    for (const [partition, { batches }] of logs.entries())
      if (((await committed(first, partition)) ?? 0) < batches.length) return false;
    return true;
  };
  while (!(await isDone())) {
    await systemClock.sleep(random.below(6));
    const at = random.below(tabs.length);
    const [tab, consumer] = [tabs[at], consumers[at]];
    if (tab === undefined || consumer === undefined) continue;
    const draw = random.next();
    if (draw < 0.3) {
      seen.kills += 1;
      tab.kill();
    } else if (draw < 0.4) {
      seen.again += 1;
      await consumer.stop();
      consumers[at] = await start(trial, tab, byBatch);
    } else if (draw < 0.5) {
      consumer.pause([{ topic: "in", partitions: [0] }]);
      void systemClock.sleep(3).then(() => consumer.resume([{ topic: "in", partitions: [0] }]));
    }
  }
  store.fault = () => null;
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  expect(await handled(store)).toEqual(logs.map(({ values }) => values));
  expect(trial.broken).toEqual([]);
  for (const name of ["crash", "fenced", "kills", "again"] as const) sum[name] += seen[name];
  await Promise.all(tabs.map((tab) => tab.close()));
});

test("everything that may go wrong did", () => {
  expect(Math.min(...Object.values(sum))).toBeGreaterThan(5);
});

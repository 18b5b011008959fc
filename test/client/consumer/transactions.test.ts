/** `tx` beside what else a consumer does: reading ahead, commits of its own, turns, pending records. */
import { expect, test } from "vitest";
import { z } from "zod";
import { topic } from "../../../client/index.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { PolledRun } from "../../../client/calls/consumer-calls.ts";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import { handleOnce, type Transactions } from "../../../client/page/exactly-once.ts";
import { ChunkAssembler } from "../../../client/page/chunks.ts";
import { PausedPartitions } from "../../../client/page/paused-partitions.ts";
import { PositionBook } from "../../../client/page/position-book.ts";
import type { Transaction } from "../../../client/page/transaction.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { systemClock } from "../../../client/web-ports.ts";
import type { Offset, Partition } from "../../../shared/brands.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { batchOf } from "../log/log-fixture.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { MemoryChannels, MemoryTab } from "../memory-tab.ts";
import { until } from "./consumer-lab.ts";

async function world(...values: string[]) {
  const store = new MemoryStore();
  const locks = new MemoryLocks();
  const tab = await MemoryTab.open({
    store,
    locks: () => locks,
    channels: new MemoryChannels(),
    random: new SeededRandom(1),
  });
  const row = await tab.log.catalog.ensure("in", { partitionCount: 3 });
  for (const [index, value] of values.entries()) {
    const partition = (index % 3) as Partition;
    await tab.log.localLog.append([{ topic: "in", partition, batch: batchOf(value) }]);
  }
  const committed = (partition: number): Promise<Offset | null> =>
    tab.log.replica.committed("g", { topicKey: row.topicKey, partition: partition as Partition });
  return { store, locks, tab, row, committed };
}

test.each(["now and then", "after each record", "after four"])(
  "handlers with and without tx, and commits %s, do not get in each other's way",
  async (when) => {
    const values = Array.from({ length: 90 }, (_, index) => `v${index}`);
    const { tab, committed } = await world(...values);
    const consumer = tab.consumer("g", { maxBytes: 400, maxWaitTimeInMs: 20 });
    const random = new SeededRandom(7);
    const seen: string[] = [];
    const told: string[] = [];
    consumer.on("fenced", () => told.push("fenced"));
    consumer.on("crash", ({ error }) => told.push(String(error)));
    await consumer.subscribe({ topic: "in", fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: 3,
      ...(when === "now and then" ? {} : { autoCommitThreshold: when === "after four" ? 4 : 1 }),
      eachMessage: async (payload) => {
        seen.push(payload.message.text() ?? "");
        if (random.chance(0.3)) await systemClock.sleep(1);
        if (random.chance(0.5)) return;
        const { state } = payload.tx;
        state.put(`p${payload.partition}`, payload.message.offset);
        if (random.chance(0.5)) payload.tx.send({ topic: "out", messages: [{ value: "x" }] });
      },
    });
    await until(() => seen.length >= values.length);
    await consumer.stop();
    expect(told).toEqual([]);
    expect(seen.toSorted()).toEqual(values.toSorted());
    expect(await Promise.all([0, 1, 2].map(committed))).toEqual([30, 30, 30]);
    await tab.close();
  },
);

test("what a batch resolved before its handler threw is dropped with its tx", async () => {
  const { tab, committed } = await world("a", "-", "-", "b", "-", "-", "c");
  const consumer = tab.consumer("g", { maxWaitTimeInMs: 20 });
  const counts: unknown[] = [];
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, tx, resolveOffset }) => {
      if (batch.partition !== 0) return;
      const count = (await tx.state.get<number>("count")) ?? 0;
      counts.push([count, batch.firstOffset()]);
      tx.state.put("count", count + 2);
      resolveOffset(1);
      if (counts.length === 1) throw new Error("the first time");
    },
  });
  await until(() => counts.length >= 3);
  await consumer.stop();
  expect(counts.slice(0, 3)).toEqual([
    [0, 0],
    [0, 0],
    [2, 2],
  ]);
  expect(await committed(0)).toBe(2);
  await tab.close();
});

test("what a batch resolves in its tx is not committed without that, however it ends", async () => {
  const { tab, committed } = await world("a", "-", "-", "b");
  const counts: unknown[] = [];
  const start = async (): Promise<PageConsumer> => {
    const consumer = tab.consumer("g", { maxWaitTimeInMs: 20 });
    await consumer.subscribe({ topic: "in", fromBeginning: true });
    await consumer.run({
      eachBatch: async ({ batch, tx, resolveOffset, commitOffsetsIfNecessary }) => {
        if (batch.partition !== 0) return;
        counts.push([(await tx.state.get<number>("count")) ?? 0, batch.firstOffset()]);
        tx.state.put("count", 1);
        resolveOffset(0);
        // As what is due does by itself while a handler is at work.
        await commitOffsetsIfNecessary();
        if (counts.length > 1) return;
        void consumer.stop();
        throw new Error("the first time");
      },
    });
    return consumer;
  };
  const stopped = Promise.withResolvers<void>();
  (await start()).on("stop", () => stopped.resolve());
  await stopped.promise;
  const next = await start();
  await until(() => counts.length >= 2);
  await next.stop();
  expect(counts).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(await committed(0)).toBe(2);
  await tab.close();
});

test("a transaction under an earlier turn is refused, and the consumer goes on where the group came to", async () => {
  const { tab, locks, committed, row } = await world("a", "-", "-", "b");
  const consumer = tab.consumer("g", { maxWaitTimeInMs: 20 });
  const [told, seen]: [string[], string[]] = [[], []];
  consumer.on("fenced", () => told.push("fenced"));
  consumer.on("rebalancing", () => told.push("left"));
  consumer.on("crash", ({ error }) => told.push(String(error)));
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  await consumer.run({
    eachMessage: async (payload) => {
      const { partition, message } = payload;
      if (partition !== 0) return;
      seen.push(message.text() ?? "");
      payload.tx.state.put("last", message.text());
      if (seen.length > 1) return;
      // As another tab does, before this one hears that its lock was taken.
      const ref = { topicKey: row.topicKey, partition: 0 as Partition };
      const [turn = 0] = await tab.log.replica.beginTurns("g", [ref]);
      await tab.log.replica.commit("g", [{ ref, offset: 1 as Offset, turn }]);
    },
  });
  await until(() => seen.length >= 2);
  await consumer.stop();
  expect(seen).toEqual(["a", "b"]);
  expect(told.toSorted()).toEqual(["fenced", "left"]);
  expect(await committed(0)).toBe(2);
  expect(locks.steals).toBe(0);
  await tab.close();
});

test("the store refuses an earlier turn though the offset is the expected one", async () => {
  const { tab, locks, row, committed } = await world("a");
  const consumer = tab.consumer("g", { maxWaitTimeInMs: 20 });
  const [told, seen]: [string[], string[]] = [[], []];
  consumer.on("fenced", () => told.push("fenced"));
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message, tx }) => {
      seen.push(message.text() ?? "");
      tx.send({ topic: "out", messages: [{ value: "x" }] });
      const ref = { topicKey: row.topicKey, partition: 0 as Partition };
      if (seen.length === 1) await tab.log.replica.beginTurns("g", [ref]);
    },
  });
  await until(() => seen.length >= 2);
  await consumer.stop();
  expect(seen).toEqual(["a", "a"]);
  expect(told).toEqual(["fenced"]);
  expect([await committed(0), locks.steals]).toEqual([1, 0]);
  await tab.close();
});

test("a pending record has no offset: tx says so", async () => {
  const { tab } = await world();
  await tab.log.catalog.ensure("edge", null);
  await tab.log.localLog.append([{ topic: "edge", partition: -1 as Partition, batch: batchOf("a") }]);
  const consumer = tab.consumer("g", { isolation: "local", maxWaitTimeInMs: 20 });
  const errors: unknown[] = [];
  consumer.on("crash", ({ error }) => errors.push(error));
  await consumer.subscribe({ topic: "edge", fromBeginning: true });
  await consumer.run({ eachMessage: ({ tx }) => tx.state.put("k", 1) });
  await until(() => errors.length > 0);
  await consumer.stop();
  expect(errors[0]).toMatchObject({ code: "INVALID_ARGUMENT" });
  await tab.close();
});

test("tx.send checks typed topics, also where the validator answers later", async () => {
  const { tab, committed } = await world("a", "-", "-", "b", "-", "-", "c");
  const orders = topic("orders", { value: z.object({ amount: z.number() }) });
  const slow = topic("slow", { value: z.string().refine(async (text) => text !== "b") });
  const consumer = tab.consumer("g", { maxWaitTimeInMs: 20 });
  const errors: unknown[] = [];
  consumer.on("crash", ({ error }) => errors.push(error));
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message, partition, tx }) => {
      if (partition !== 0) return;
      const text = message.text() ?? "";
      const tries = errors.length;
      if (tries < 2) tx.send({ topic: slow, messages: [{ value: text }] });
      else tx.send({ topic: orders, messages: [{ value: { amount: tries === 2 ? ("x" as never) : tries } }] });
    },
  });
  await until(() => errors.length >= 3);
  await systemClock.sleep(30);
  await consumer.stop();
  for (const error of errors) expect(error).toMatchObject({ code: "INVALID_RECORD" });
  expect(errors.length).toBe(3);
  expect(await committed(0)).toBe(3);
  await tab.close();
});

test("what was handled before is not committed while a transaction is under way, and is again where that failed", async () => {
  const book = new PositionBook(new ChunkAssembler({ onBroken: () => {} }), new PausedPartitions());
  const run: PolledRun = {
    topic: "t",
    partition: 0,
    buffer: new ArrayBuffer(),
    from: 0,
    to: 9,
    highWatermark: 9,
    pending: false,
    own: null,
    committed: null,
    joins: 0,
  };
  book.begin(run);
  book.resolve(run, 4);
  const before = [{ topic: "t", partition: 0, offset: 4 }];
  expect(book.uncommitted()).toEqual(before);
  let outcome: "applied" | "failed" = "failed";
  const transactions: Transactions = {
    now: () => 0,
    chunking: { random: new SeededRandom(1), maxMessageBytes: 1 },
    readState: () => Promise.reject(new Error("nobody asked")),
    commit: async () => {
      // Behind what is applied it would take the group back.
      expect(book.uncommitted()).toEqual([]);
      if (outcome === "failed") throw new StrandlineError("INVALID_RECORD", "by the test");
      return "applied";
    },
  };
  const whole = { book, transactions, calling: { now: false } };
  const handling = { handler: (tx: Transaction) => tx.state.put("k", 1), offset: () => 5 };
  await expect(handleOnce(run, whole, handling)).rejects.toMatchObject({ code: "INVALID_RECORD" });
  expect(book.uncommitted()).toEqual(before);
  outcome = "applied";
  expect(await handleOnce(run, whole, handling)).toBe(true);
  expect([book.uncommitted(), book.base(run)]).toEqual([[], { expected: 5, joins: 0 }]);
});

test("a value above the batch limit goes in chunks, as with a producer, and bytes are taken as they were", async () => {
  const { tab } = await world("a");
  await tab.log.catalog.ensure("out", { partitionCount: 3 });
  const consumer = tab.consumer("g", { maxWaitTimeInMs: 20 });
  const crashes: unknown[] = [];
  consumer.on("crash", ({ error }) => crashes.push(error));
  const reused = new Uint8Array([7]);
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  let done = false;
  await consumer.run({
    eachMessage: ({ tx }) => {
      tx.send({ topic: "out", messages: [{ value: new Uint8Array(2_500_000).fill(3) }, { value: reused }] });
      reused[0] = 8;
      done = true;
    },
  });
  await until(() => done);
  await consumer.stop();
  expect(crashes).toEqual([]);
  const reader = tab.consumer(undefined, { maxWaitTimeInMs: 20 });
  await reader.subscribe({ topic: "out", fromBeginning: true });
  const lengths: [number, number | undefined][] = [];
  for await (const { value } of reader) {
    lengths.push([value?.length ?? 0, value?.[0]]);
    if (lengths.length === 2) break;
  }
  expect(lengths.toSorted(([one], [other]) => other - one)).toEqual([
    [2_500_000, 3],
    [1, 7],
  ]);
  await tab.close();
});

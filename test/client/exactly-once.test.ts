/**
 * Consume, transform, produce, commit: exactly once on the device. Two consumers of one group that both believe that it is
 * their turn, workers that end at any moment, writes that are lost or whose answer is, handlers that throw.
 */
import { expect, test } from "vitest";
import { MemoryStore } from "../../client/log/memory-store.ts";
import { messagesOf } from "../../client/page/messages-of.ts";
import type { PageConsumer } from "../../client/page/consumer.ts";
import type { EachMessagePayload } from "../../client/page/consumer-events.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { LocalSequence, Offset, Partition } from "../../shared/brands.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import { exactBuffer } from "../../client/consumer/exact-buffer.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { batchOf } from "./log/log-fixture.ts";
import { MemoryLocks } from "./memory-locks.ts";
import { MemoryChannels, MemoryTab } from "./memory-tab.ts";

const PARTITIONS = 3;
const WORDS = ["pear", "plum", "fig", "kiwi", "lime"];
const INPUTS = 40;
const GROUP = "totals";

interface Input {
  readonly word: string;
  readonly value: number;
}

const utf8 = new TextEncoder();
const partitionOf = (word: string): number => partitionForKey(utf8.encode(word), PARTITIONS);

async function openTab(store: MemoryStore, seed: SeededRandom, channels: MemoryChannels): Promise<MemoryTab> {
  // Locks of its own for each worker: all of them hold the group's.
  const lateMs = (): number | null => (seed.chance(0.1) ? seed.below(8) : null);
  return await MemoryTab.open({ store, channels, random: seed, lateMs, locks: () => new MemoryLocks() });
}

async function fill(tab: MemoryTab, inputs: readonly Input[], knownOut: boolean): Promise<void> {
  await tab.log.catalog.ensure("in", { partitionCount: PARTITIONS });
  await tab.log.catalog.ensure("out", knownOut ? { partitionCount: 1 } : null);
  for (const { word, value } of inputs) {
    const at = { topic: "in", partition: partitionOf(word) as Partition };
    await tab.log.localLog.append([{ ...at, batch: batchOf(`${word}=${value}`) }]);
  }
}

/** What stands in `out`, in order. */
async function outputs(tab: MemoryTab): Promise<string[]> {
  const row = await tab.log.catalog.byName("out");
  if (row === undefined) return [];
  const { topicKey } = row;
  const texts: string[] = [];
  const add = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const run = { topic: "out", partition: 0, buffer: exactBuffer([bytes]), from: 0, to: Number.MAX_SAFE_INTEGER };
    for (const messages of messagesOf(run)) for (const each of await messages) texts.push(each.text() ?? "");
  };
  const waiting = { topicKey, partition: -1 as Partition };
  for (const { bytes } of await tab.log.outbox.read(waiting, 0 as LocalSequence, { bytesMax: 1e9, countMax: 1e6 }))
    await add(bytes);
  const { runs } = await tab.log.replica.read({ topicKey, partition: 0 as Partition }, 0 as Offset, 1e9);
  for (const bytes of runs) await add(bytes);
  return texts;
}

async function state(store: MemoryStore): Promise<Record<string, unknown>> {
  const rows = await store.transact(["state"], { mode: "readonly" }, (transaction) =>
    transaction.entries<{ value: unknown }>("state", { from: [GROUP], to: [`${GROUP}~`] }, 1_000),
  );
  const entries: [string, unknown][] = rows.map(({ key, value }) => [String((key as string[])[1]), value.value]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function sequential(inputs: readonly Input[]): { totals: Record<string, number>; lines: Map<string, string[]> } {
  const totals: Record<string, number> = {};
  const lines = new Map<string, string[]>();
  for (const { word, value } of inputs) {
    const total = (totals[word] ?? 0) + value;
    totals[word] = total;
    lines.set(word, [...(lines.get(word) ?? []), `${word} ${total}`]);
  }
  return { totals, lines };
}

async function isDone(tab: MemoryTab, inputs: readonly Input[]): Promise<boolean> {
  const row = await tab.log.catalog.byName("in");
  if (row === undefined) return false;
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const committed = await tab.log.replica.committed(GROUP, {
      topicKey: row.topicKey,
      partition: partition as Partition,
    });
    if ((committed ?? 0) < inputs.filter(({ word }) => partitionOf(word) === partition).length) return false;
  }
  return true;
}

/** Batches resolve record by record, and end anywhere; what is due by itself is committed meanwhile, often. */
async function start(consumer: PageConsumer, random: SeededRandom, byBatch: boolean): Promise<void> {
  await consumer.subscribe({ topic: "in", fromBeginning: true });
  const handle = async ({ message, tx }: Pick<EachMessagePayload, "message" | "tx">): Promise<void> => {
    const word = new TextDecoder().decode(message.key ?? new Uint8Array());
    const [total = 0, count = 0] = await Promise.all([tx.state.get<number>(word), tx.state.get<number>("count")]);
    const next = total + Number(message.text());
    tx.state.put(word, next);
    if (random.chance(0.1)) throw new Error("of the handler");
    if (random.chance(0.2)) await systemClock.sleep(1);
    expect(await tx.state.get(word)).toBe(next);
    tx.send({
      topic: "out",
      // Of one transaction those that say their partition and those that do not are two lines.
      messages: [{ key: word, value: `${word} ${next}`, ...(!byBatch && random.chance(0.5) ? { partition: 0 } : {}) }],
    });
    tx.state.put("count", count + 1);
    tx.state.put("scratch", count);
    tx.state.delete("scratch");
  };
  const concurrently = { partitionsConsumedConcurrently: 3 };
  if (!byBatch) return await consumer.run({ ...concurrently, eachMessage: handle });
  await consumer.run({
    ...concurrently,
    eachBatchAutoResolve: false,
    ...random.pick([{}, { autoCommitInterval: 1 }, { autoCommitThreshold: 1 }]),
    eachBatch: async ({ batch, tx, resolveOffset, commitOffsetsIfNecessary }) => {
      for (const message of batch.messages) {
        await handle({ message, tx });
        resolveOffset(message.offset);
        if (random.chance(0.2)) await commitOffsetsIfNecessary();
        if (random.chance(0.1)) break;
      }
    },
  });
}

const SEEDS = Array.from(
  { length: 40 },
  (_, seed) => [seed, seed % 4 === 3 ? "batch by batch" : "one by one"] as const,
);

test.each(SEEDS)("seed %i, %s: all equals a sequential run", async (seed, how) => {
  const random = new SeededRandom(seed);
  const store = new MemoryStore();
  const channels = new MemoryChannels();
  const inputs = Array.from({ length: INPUTS }, () => ({ word: random.pick(WORDS), value: 1 + random.below(9) }));
  const tabs = [await openTab(store, random, channels), await openTab(store, random, channels)];
  const [first] = tabs;
  if (first === undefined) throw new Error("no tab");
  await fill(first, inputs, seed % 8 < 4);
  store.fault = (stores) => {
    if (!stores.includes("state") || !random.chance(0.15)) return null;
    return random.pick(["lost", "unanswered", "full"] as const);
  };
  const consumers = tabs.map((tab) => tab.consumer(GROUP));
  const seen = { fenced: 0, crash: 0 };
  for (const consumer of consumers) {
    consumer.on("fenced", () => (seen.fenced += 1));
    consumer.on("crash", () => (seen.crash += 1));
  }
  await Promise.all(consumers.map((consumer) => start(consumer, random, how === "batch by batch")));
  while (!(await isDone(first, inputs))) {
    await systemClock.sleep(random.below(6));
    if (random.chance(0.3)) random.pick(tabs).kill();
  }
  store.fault = () => null;
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  const { totals, lines } = sequential(inputs);
  expect(await state(store)).toEqual({ ...totals, count: INPUTS });
  const out = await outputs(first);
  expect(out.length).toBe(INPUTS);
  for (const [word, expected] of lines) expect(out.filter((line) => line.startsWith(word))).toEqual(expected);
  // Else the seeds prove nothing.
  expect(seen.fenced + seen.crash).toBeGreaterThan(0);
  await Promise.all(tabs.map((tab) => tab.close()));
});

/** What a web developer asks of a consumer beside what KafkaJS has: signals, bounds, and words where something is lost. */
import { expect, test } from "vitest";
import type { RecordSource } from "../../../client/consumer/record-source.ts";
import type { PageConsumer } from "../../../client/page/consumer.ts";
import type { FetchedRun } from "../../../client/log/device-log.ts";
import type { Offset } from "../../../shared/brands.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { ConsumerLab, inWords, until } from "./consumer-lab.ts";

async function withRecords(...values: string[]): Promise<ConsumerLab> {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  await lab.append(`t-0: ${values.join(" ")}`);
  return lab;
}

async function subscribed(consumer: PageConsumer, topic: string | RegExp = "t"): Promise<PageConsumer> {
  await consumer.subscribe({ topic, fromBeginning: true });
  return consumer;
}

test("a signal stops a run promptly, and one that was aborted before refuses it", async () => {
  const lab = await withRecords("a");
  const consumer = await subscribed(lab.consumer({ maxWaitTimeInMs: 60_000 }));
  const stopping = new AbortController();
  let handled = 0;
  const stopped = new Promise<void>((resolve) => consumer.on("stop", () => resolve()));
  await consumer.run({ signal: stopping.signal, eachMessage: () => void (handled += 1) });
  await until(() => handled === 1);
  stopping.abort();
  await stopped;
  await lab.append("t-0: b");
  await systemClock.sleep(10);
  expect(handled).toBe(1);
  const cause = new Error("no");
  await expect(consumer.run({ signal: AbortSignal.abort(cause), eachMessage: () => {} })).rejects.toMatchObject({
    code: "ABORTED",
    cause,
  });
});

test("messages end with their signal, while they wait and before they begin", async () => {
  const lab = await withRecords("a", "b");
  const consumer = await subscribed(lab.consumer({ maxWaitTimeInMs: 60_000 }));
  const stopping = new AbortController();
  const seen: string[] = [];
  for await (const message of consumer.messages({ signal: stopping.signal })) {
    seen.push(inWords(message));
    if (seen.length === 2) void systemClock.sleep(10).then(() => stopping.abort());
  }
  for await (const message of consumer.messages({ signal: AbortSignal.abort() })) seen.push(inWords(message));
  expect(seen).toEqual(["a@0", "b@1"]);
});

test("the page holds two answers at most, however slow its handlers are", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  for (let index = 0; index < 30; index += 1) await lab.append(`t-0: v${index}`);
  const consumer = await subscribed(lab.consumer({ maxBytes: 1 }));
  let [fetched, handled, most] = [0, 0, 0];
  consumer.on("fetch", ({ numberOfBatches }) => (fetched += numberOfBatches));
  await consumer.run({
    async eachMessage() {
      // It takes its time, and no less than the answers that are to come meanwhile.
      await until(() => fetched - handled >= 2 || fetched === 30);
      await systemClock.sleep(1);
      most = Math.max(most, fetched - handled);
      handled += 1;
    },
  });
  await until(() => handled === 30);
  expect(most).toBe(2);
  await consumer.stop();
});

test("minBytes: an answer waits for more, and no longer than it may", async () => {
  const lab = await withRecords("a");
  const consumer = await subscribed(lab.consumer({ minBytes: 100, maxWaitTimeInMs: 60_000 }));
  const sizes: number[] = [];
  consumer.on("fetch", ({ numberOfBatches }) => void (numberOfBatches > 0 && sizes.push(numberOfBatches)));
  const seen: string[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(inWords(message)) });
  await systemClock.sleep(20);
  expect(seen).toEqual([]);
  await lab.append("t-0: b");
  await until(() => seen.length === 2);
  expect(sizes).toEqual([2]);
  await consumer.stop();
  const hasty = await subscribed(lab.consumer({ minBytes: 1_000_000, maxWaitTimeInMs: 30 }));
  await hasty.run({ eachMessage: ({ message }) => void seen.push(inWords(message)) });
  await until(() => seen.length === 4);
  await hasty.stop();
  for (const maxBytes of [0, -1, 1.5, Number.NaN])
    expect(() => lab.consumer({ maxBytes })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error);
});

test("a log that was cut below the position is told, and read again from there", async () => {
  const lab = await withRecords("a", "b", "c");
  const consumer = await subscribed(lab.consumer({ groupId: "g" }));
  const seen: string[] = [];
  const told: object[] = [];
  consumer.on("offset_reset", ({ payload }) => told.push(payload));
  await consumer.run({ eachMessage: ({ message }) => void seen.push(inWords(message)) });
  await until(() => seen.length === 3);
  lab.news.publish({ type: "event", event: { type: "log.truncated", topic: "t", partition: 0, offset: 1 } });
  await lab.polled();
  expect(seen.length).toBe(3);
  lab.news.publish({ type: "replicated", refs: [await lab.tab.ref("t-0")] });
  await until(() => seen.length === 5);
  expect(told).toEqual([{ topic: "t", partition: 0, from: 3, to: 1, reason: "truncated" }]);
  expect(seen.slice(3)).toEqual(["b@1", "c@2"]);
  await consumer.stop();
});

test("storage none reads through the source it is given, without following the topic, and is refused without one", async () => {
  const lab = await ConsumerLab.open();
  await lab.learn("t", 1);
  const refused = lab.consumer();
  await refused.subscribe({ topic: "t", storage: "none" });
  await expect(refused.run({ eachMessage: () => {} })).rejects.toMatchObject({
    code: "UNSUPPORTED_OPERATION",
    details: { topic: "t" },
  });
  await refused.stop();

  const there = await withRecords("far", "away");
  const { replica } = there.tab.log;
  let closed = 0;
  const source = (): RecordSource => ({
    local: false,
    rows: (refs) => replica.rows(refs),
    read: (ref, offset, bytesMax) => replica.read(ref, offset, bytesMax),
    close: () => void (closed += 1),
  });
  const through = await ConsumerLab.open({ readThrough: source });
  await through.learn("t", 1);
  const consumer = through.consumer();
  await consumer.subscribe({ topics: ["t"], storage: "none", fromBeginning: true });
  const seen: string[] = [];
  await consumer.run({ eachMessage: ({ message }) => void seen.push(inWords(message)) });
  await until(() => seen.length === 2);
  expect(seen).toEqual(["far@0", "away@1"]);
  expect((await through.tab.log.catalog.byName("t"))?.followed).toBe(false);
  await consumer.stop();
  expect(closed).toBe(1);
});

test("a topic is followed with its retention, which a consumer leaves as it is, and no more once it is not", async () => {
  const lab = await ConsumerLab.open();
  const { catalog } = lab.tab.log;
  await lab.learn("t", 1);
  const { topicKey } = await lab.tab.ref("t-0");
  await catalog.follow(topicKey, { ms: 1_000 });
  await catalog.follow(topicKey);
  expect(await catalog.byName("t")).toMatchObject({ followed: true, retention: { ms: 1_000 } });
  await catalog.unfollow(topicKey);
  expect(await catalog.byName("t")).toMatchObject({ followed: false, retention: { ms: 1_000 } });
});

test("a group whose log was cut while nobody consumed begins at the cut, and is told", async () => {
  const lab = await withRecords("a", "b", "c");
  const ref = await lab.tab.ref("t-0");
  const { replica } = lab.tab.log;
  await replica.commit("g", [{ ref, offset: 3 as Offset }]);
  const at = { from: 1, firstOffset: 1, nextOffset: 1 } as Record<string, number> as Pick<FetchedRun, "from">;
  const bounds = { highWatermark: 1 as Offset, logStartOffset: 0 as Offset, leaderEpoch: null };
  const cut = { ref, bytes: new Uint8Array(), restart: true, lastCrc: null, ...at, ...bounds } as FetchedRun;
  await replica.store([cut]);
  const consumer = await subscribed(lab.consumer({ groupId: "g" }));
  const told: object[] = [];
  consumer.on("offset_reset", ({ payload }) => told.push(payload));
  await consumer.run({ eachMessage: () => {} });
  await until(() => told.length > 0);
  expect(told).toEqual([{ topic: "t", partition: 0, from: 3, to: 1, reason: "truncated" }]);
  await consumer.stop();
});

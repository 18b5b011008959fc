import { expect, onTestFinished, test } from "vitest";
import { CompressionTypes, Strandline } from "../../client/index.ts";
import { isChromium } from "../../client/web-ports.ts";
import { caught, freshDatabase, openClient, take } from "./client-fixture.ts";

/** After it the best run is the result, whatever it is. */
const MEASURED_MS_MAX = 15_000;

interface Held {
  /** The task that calls `send`, and what follows in it. */
  readonly callingMs: number;
  /** The longest of those after it. */
  readonly afterMs: number;
  readonly tookMs: number;
}

/** How long the page did nothing else at a time. */
async function held(work: () => Promise<unknown>): Promise<Held> {
  const { port1, port2 } = new MessageChannel();
  const gapsMs: number[] = [];
  let last = performance.now();
  port1.onmessage = () => {
    const now = performance.now();
    gapsMs.push(now - last);
    last = now;
    port2.postMessage(null);
  };
  port2.postMessage(null);
  await new Promise((resolve) => setTimeout(resolve, 20));
  gapsMs.length = 0;
  const begunAt = performance.now();
  last = begunAt;
  await work();
  const tookMs = performance.now() - begunAt;
  port1.close();
  const [callingMs = 0, ...after] = gapsMs;
  return { callingMs, afterMs: Math.max(0, ...after), tookMs };
}

/** A machine that holds a page that does nothing for longer is too busy to measure milliseconds on. */
const IDLE_MS_MAX = 10;

/**
 * The milliseconds are promised for Chromium on a machine that is not busy with something else. Elsewhere a collection of
 * garbage, or another program, takes longer than they are: there, what the client does later must not hold the page for
 * longer than the caller's own loop did.
 */
async function shareOfAllowed(sends: () => Promise<unknown>, msMax: number): Promise<number> {
  const { callingMs, afterMs, tookMs } = await held(sends);
  if (!isChromium()) return afterMs / callingMs;
  const idle = await held(() => new Promise((resolve) => setTimeout(resolve, tookMs)));
  const isBusy = Math.max(idle.callingMs, idle.afterMs) > IDLE_MS_MAX;
  return isBusy ? afterMs / callingMs : Math.max(callingMs, afterMs) / msMax;
}

test.each([
  [10_000, 50],
  [1_000, 10],
])("%i sends at once hold the page for less than %i ms at a time", async (count, msMax) => {
  // Not watched by the fixture: what the watch does to each promise would be measured with it.
  const client = new Strandline({ database: freshDatabase() });
  onTestFinished(() => client.close());
  const producer = client.producer();
  const sends = (): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        producer.send({
          topic: "orders",
          messages: [{ key: `k${index % 100}`, value: `value ${index} `.padEnd(100, "x") }],
        }),
      ),
    );
  await sends();
  await sends();
  // Whatever else this machine does makes a run slower and none faster.
  let best = Infinity;
  const until = performance.now() + MEASURED_MS_MAX;
  while (best >= 1 && performance.now() < until) best = Math.min(best, await shareOfAllowed(sends, msMax));
  expect(best).toBeLessThan(1);
});

test("large values go through the worker and the database, and come out whole", async () => {
  const client = openClient();
  const value = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(5_000_000).map((_, index) => value[(index * 7) % 65_536] ?? 0);
  const producer = client.producer();
  await producer.send({
    topic: "photos",
    messages: [
      { key: "p", value: "before" },
      { key: "p", value: large },
    ],
  });
  await producer.send({ topic: "photos", compression: CompressionTypes.GZIP, messages: [{ key: "p", value: large }] });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "photos", fromBeginning: true });
  const messages = await take(consumer, 3);
  expect(messages.map((message) => message.value?.byteLength)).toEqual([6, 5_000_000, 5_000_000]);
  // Comparing five million elements of what may be anything takes WebKit 15 seconds.
  for (const { value: received } of messages.slice(1))
    expect(large.findIndex((byte, index) => byte !== received?.[index])).toBe(-1);
});

test("linger, flush and an abort over a real worker", async () => {
  const client = openClient();
  const producer = client.producer({ linger: 5_000 });
  const stopping = new AbortController();
  const sends = [
    producer.send({ topic: "t", messages: [{ value: "a" }] }),
    caught(producer.send({ topic: "t", messages: [{ value: "b" }], signal: stopping.signal })),
    producer.send({ topic: "t", messages: [{ value: "c" }] }),
  ];
  stopping.abort();
  await producer.flush({ timeout: 20_000 });
  expect(await sends[1]).toMatchObject({ code: "ABORTED", details: { stored: false } });
  await client.sync.flush({ timeout: 20_000 });
  expect(await client.sync.status()).toMatchObject({ pendingRecords: 0, pendingBytes: 0, inflightRecords: 0 });
  expect(await client.deadLetters.list()).toEqual([]);
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "t", fromBeginning: true });
  expect((await take(consumer, 2)).map((message) => message.text())).toEqual(expect.arrayContaining(["a", "c"]));
});

test("a topic that does not exist is refused where it may not be made", async () => {
  const client = openClient();
  const producer = client.producer({ allowAutoTopicCreation: false });
  expect(await caught(producer.send({ topic: "none", messages: [{ value: "a" }] }))).toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  await client.admin().createTopics({ topics: [{ topic: "there" }] });
  await producer.send({ topic: "there", messages: [{ value: "a" }] });
});

/** `storage: "none"` against a real broker, in a real browser and in Node: over cuts, with a group, by time, and nothing stored. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Strandline } from "../../client/http.ts";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const PAGE = `<!doctype html><title>through</title><script type="module" src="read-through-page.js"></script>`;
const RETRY = { initialRetryTime: 20, maxRetryTime: 200 };

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let broker: Workerd;
let proxy: TcpProxy;
let browser: LaunchedBrowser;
let writer: Strandline;
let topic: string;
let topics = 0;

beforeAll(async () => {
  dir = await tempDir("read-through");
  broker = await startBroker({ dir: join(dir.path, "broker") });
  proxy = await startTcpProxy({ upstreamPort: broker.port });
  const page = await bundlePage({ entry: "test/system/read-through-page.ts" });
  server = await startStaticServer(new Map([...page, ["index.html", PAGE]]));
  browser = await launchBrowser({ userDataDir: join(dir.path, "profile") });
  writer = new Strandline({ url: broker.url, retry: RETRY });
});
beforeEach(async () => {
  topics += 1;
  topic = `through-${topics}`;
  await writer.admin().createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await browser.page.goto(`${server.url}/?edge=${encodeURIComponent(proxy.url)}`);
  await browser.page.waitForFunction(() => "through" in window);
});
afterEach(() => proxy.restore());
afterAll(async () => {
  await writer.close();
  await browser.kill();
  await proxy.close();
  await broker.kill();
  await server.close();
  await dir.remove();
});

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `v${from + index}`);
const write = (values: readonly string[], timestamp?: number) =>
  writer.producer().send({
    topic,
    acks: -1,
    messages: values.map((value) => (timestamp === undefined ? { value } : { value, timestamp: String(timestamp) })),
  });
const seen = (): Promise<readonly string[]> => browser.page.evaluate(() => window.through.seen);
const until = async (count: number): Promise<readonly string[]> => {
  await browser.page.waitForFunction((wanted) => window.through.seen.length >= wanted, {}, count);
  return await seen();
};

test("what is there and what comes later is handed out once and in order, over cuts, and the device stores none of it", async () => {
  for (let batch = 0; batch < 5; batch += 1) await write(numbered(batch * 100, batch * 100 + 100));
  await browser.page.evaluate((name) => window.through.watch(name), topic);
  await until(500);
  await write(numbered(500, 510));
  await until(510);
  proxy.cut();
  await write(numbered(510, 520));
  await new Promise((resolve) => setTimeout(resolve, 300));
  proxy.restore();
  expect(await until(520)).toEqual(numbered(0, 520));
  expect(await browser.page.evaluate(() => window.through.storedRecords())).toBe(0);
  expect(await browser.page.evaluate(() => window.through.crashes)).toEqual([]);
  await browser.page.evaluate(() => window.through.stop());
});

test("its group goes on where it has come to, after a reload too", async () => {
  await write(numbered(0, 10));
  await browser.page.evaluate((name) => window.through.watch(name, { groupId: "g" }), topic);
  await until(10);
  await browser.page.evaluate(() => window.through.stop());
  await write(numbered(10, 20));
  await browser.page.reload();
  await browser.page.waitForFunction(() => "through" in window);
  await browser.page.evaluate((name) => window.through.watch(name, { groupId: "g" }), topic);
  expect(await until(10)).toEqual(numbered(10, 20));
  await browser.page.evaluate(() => window.through.stop());
});

test("seek by time, also when it is asked for while the edge is out of reach", async () => {
  await write(numbered(0, 5), 1_000_000);
  await write(numbered(5, 10), 2_000_000);
  await browser.page.evaluate((name) => window.through.watch(name), topic);
  await until(10);
  await browser.page.evaluate(() => window.through.stop());
  await browser.page.evaluate(() => window.through.forget());
  proxy.cut();
  await browser.page.evaluate((name) => window.through.watch(name, { timestamp: 1_500_000 }), topic);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await seen()).toEqual([]);
  proxy.restore();
  expect(await until(5)).toEqual(numbered(5, 10));
});

test("close ends it while a poll waits at the edge", async () => {
  await browser.page.evaluate((name) => window.through.watch(name), topic);
  await write(numbered(0, 1));
  await until(1);
  const began = performance.now();
  await browser.page.evaluate(() => window.through.close());
  expect(performance.now() - began).toBeLessThan(5_000);
});

test("in Node as well", async () => {
  await write(numbered(0, 10));
  const client = new Strandline({ url: broker.url, retry: RETRY });
  const consumer = client.consumer();
  await consumer.subscribe({ topic, fromBeginning: true, storage: "none" });
  const values: (string | null)[] = [];
  for await (const message of consumer) {
    values.push(message.text());
    if (values.length === 10) break;
  }
  expect(values).toEqual(numbered(0, 10));
  await client.close();
});

test("a pattern matches topics of the edge that a consumer was opened for while offline", async () => {
  await write(numbered(0, 3));
  proxy.cut();
  const client = new Strandline({ url: proxy.url, retry: RETRY });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: new RegExp(`^${topic}$`), fromBeginning: true });
  const values: (string | null)[] = [];
  await consumer.run({ eachMessage: ({ message }) => void values.push(message.text()) });
  await new Promise((resolve) => setTimeout(resolve, 300));
  proxy.restore();
  await vi.waitFor(() => expect(values).toEqual(numbered(0, 3)));
  await client.close();
});

/** `strandline/http` in Node against a real broker, over a proxy that cuts connections and loses answers. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Strandline, type HttpOptions } from "../../client/http.ts";
import { ROOT } from "../harness/paths.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
let proxy: TcpProxy;
let clients: Strandline[] = [];
beforeAll(async () => {
  dir = await tempDir("http-node");
  broker = await startBroker({ dir: dir.path });
});
beforeEach(async () => {
  proxy = await startTcpProxy({ upstreamPort: broker.port });
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close({ flush: false })));
  clients = [];
  await proxy.close();
});
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

function open(options: HttpOptions = {}): Strandline {
  const client = new Strandline({ url: proxy.url, retry: { initialRetryTime: 20, maxRetryTime: 200 }, ...options });
  clients.push(client);
  return client;
}

/** What a client of its own finds, in the order of each partition. */
async function stored(topic: string, count: number): Promise<(string | null)[]> {
  const client = open({ url: broker.url });
  const consumer = client.consumer();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: (string | null)[] = [];
  for await (const message of consumer) {
    values.push(message.text());
    if (values.length === count) break;
  }
  return values;
}

const numbered = (count: number): { key: string; value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ key: "one partition", value: `v${index}` }));

test("topics, records and their receipts, as in a browser", async () => {
  const client = open();
  const admin = client.admin();
  expect(await admin.createTopics({ topics: [{ topic: "node-made", numPartitions: 2 }] })).toBe(true);
  const [sent] = await client.producer().send({
    topic: "node-made",
    acks: -1,
    compression: "gzip",
    messages: [{ key: "k", value: { answer: 42 }, headers: { kind: "json" } }],
  });
  expect(sent).toMatchObject({ topicName: "node-made", baseOffset: 0, count: 1 });
  expect(await client.receipt(sent?.receipt.id ?? "").synced).toMatchObject({ offset: 0 });
  const { topics } = await admin.fetchTopicMetadata({ topics: ["node-made"] });
  expect(topics[0]?.partitions).toHaveLength(2);
  expect(await stored("node-made", 1)).toEqual(['{"answer":42}']);
});

test("a consumer hears of records while it runs, and its group goes on where it stopped", async () => {
  const client = open();
  const producer = client.producer();
  await producer.send({ topic: "node-live", acks: -1, messages: numbered(2) });
  const seen: (string | null)[] = [];
  const read = async (until: number): Promise<void> => {
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topic: "node-live", fromBeginning: true });
    const enough = Promise.withResolvers<void>();
    await consumer.run({
      eachMessage: async ({ message }) => {
        seen.push(message.text());
        if (seen.length === 2)
          await producer.send({ topic: "node-live", messages: [{ key: "one partition", value: "live" }] });
        if (seen.length === until) enough.resolve();
      },
    });
    await enough.promise;
    await consumer.disconnect();
  };
  await read(3);
  await producer.send({ topic: "node-live", messages: [{ key: "one partition", value: "later" }] });
  await read(4);
  expect(seen).toEqual(["v0", "v1", "live", "later"]);
});

test("a topic may be read without storing, by name, as in a browser", async () => {
  const client = open();
  await client.producer().send({ topic: "node-through", acks: -1, messages: numbered(3) });
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "node-through", fromBeginning: true, storage: "none" });
  for await (const message of consumer) {
    expect(message.text()).toBe("v0");
    break;
  }
});

test("what a consumer has read is not kept in memory", { timeout: 60_000 }, async () => {
  const client = open({ url: broker.url });
  const value = "x".repeat(256 * 1024);
  for (let sent = 0; sent < 16; sent += 1)
    await client.producer().send({ topic: "node-much", acks: -1, messages: Array(8).fill({ key: "k", value }) });
  const script = `
    import { Strandline } from "./client/http.ts";
    const client = new Strandline({ url: process.argv[1] });
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topic: "node-much", fromBeginning: true });
    let seen = 0;
    for await (const message of consumer) if ((seen += message.text().length) === 16 * 8 * 256 * 1024) break;
    const heldMb = () => (gc(), Math.round(process.memoryUsage().arrayBuffers / 1e6));
    // What is being read ahead goes a little later.
    for (let tries = 0; tries < 50 && heldMb() >= 16; tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    console.log(heldMb());
    await client.close();
  `;
  const flags = ["--expose-gc", "--input-type=module-typescript", "-e", script, broker.url];
  const run = spawnSync(process.execPath, flags, { cwd: join(ROOT), encoding: "utf8", timeout: 50_000 });
  expect(run.stderr).toBe("");
  // Of 33 MB.
  expect(run.stdout).toMatch(/^\d+\n$/);
  expect(Number(run.stdout)).toBeLessThan(16);
});

test("acks -1 waits while the edge cannot be reached, and each record arrives once when it can", async () => {
  proxy.cut();
  const client = open();
  const sending = client.producer().send({ topic: "node-offline", acks: -1, messages: numbered(3) });
  const early = await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 400, "waits"))]);
  expect(early).toBe("waits");
  expect((await client.sync.status()).pendingRecords).toBe(3);
  proxy.restore();
  const [sent] = await sending;
  expect(sent?.baseOffset).toBe(0);
  expect(await stored("node-offline", 3)).toEqual(["v0", "v1", "v2"]);
});

test("records whose answers are lost are sent again and stored once", async () => {
  const client = open();
  const producer = client.producer();
  await producer.send({ topic: "node-lost", acks: -1, messages: numbered(1) });
  proxy.holdAnswers(({ path }) => path === "/v1/produce");
  await producer.send({ topic: "node-lost", messages: numbered(50) });
  await proxy.until(({ answersHeld }) => answersHeld > 0);
  // The edge has stored them, and nobody heard of it.
  proxy.cut();
  proxy.releaseAnswers();
  proxy.restore();
  await client.close();
  expect(proxy.totals().answersLost).toBeGreaterThan(0);
  const reader = open({ url: broker.url });
  await reader.producer().send({ topic: "node-lost", acks: -1, messages: [{ key: "one partition", value: "end" }] });
  expect(await stored("node-lost", 52)).toEqual(["v0", ...numbered(50).map(({ value }) => value), "end"]);
});

test("close says what could not be synced in time, and is final", async () => {
  proxy.cut();
  const client = open();
  await client.producer().send({ topic: "node-cut", messages: numbered(7) });
  await expect(client.close({ timeout: 200 })).rejects.toMatchObject({
    code: "REQUEST_TIMED_OUT",
    details: { unsyncedRecords: 7, timeoutMs: 200 },
  });
  await expect(client.sync.status()).rejects.toMatchObject({ code: "CLOSED" });
  const dropped = open();
  await dropped.producer().send({ topic: "node-cut", messages: numbered(2) });
  expect(await dropped.logout({ discard: true })).toEqual({ unsyncedRecords: 2 });
});

test("what waits when the client is closed is told so", async () => {
  proxy.cut();
  const client = open();
  const acked = client.producer().send({ topic: "node-settles", acks: -1, messages: numbered(1) });
  const listed = client.admin().createTopics({ topics: [{ topic: "node-settles" }] });
  const outcomes = Promise.allSettled([acked, listed]);
  await client.sync.status();
  await client.close({ flush: false });
  for (const outcome of await outcomes) expect(outcome.status).toBe("rejected");
});

test("without an edge the process is its own broker", async () => {
  const client = new Strandline();
  clients.push(client);
  const [sent] = await client.producer().send({ topic: "here", messages: numbered(2) });
  expect(sent?.baseOffset).toBe(0);
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "here", fromBeginning: true });
  for await (const message of consumer) {
    expect(message.text()).toBe("v0");
    break;
  }
});

test("a process ends by itself once its client is closed, also with a consumer and a retry under way", () => {
  proxy.cut();
  const script = `
    import { Strandline } from "./client/http.ts";
    const client = new Strandline({ url: process.argv[1] });
    const consumer = client.consumer({ groupId: "g" });
    await consumer.subscribe({ topic: "node-exit" });
    await consumer.run({ eachMessage: async () => {} });
    await client.producer().send({ topic: "node-exit", messages: [{ value: "x" }] });
    await client.close({ flush: false });
    const closed = performance.now();
    process.on("exit", () => console.log(Math.round(performance.now() - closed)));
  `;
  const run = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", script, proxy.url], {
    cwd: join(ROOT),
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  // The shortest of what could hold it takes 30 s.
  expect(Number(run.stdout)).toBeLessThan(25_000);
});

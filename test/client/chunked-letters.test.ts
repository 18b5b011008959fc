/** A chunk that was refused is sent again with all of its value, and discarded with what else of it was refused. */
import { expect, test } from "vitest";
import type { RecordSource } from "../../client/consumer/record-source.ts";
import { DeviceNews } from "../../client/device-news.ts";
import { ChunkAssembler, type BrokenMessage } from "../../client/page/chunks.ts";
import { deadLetters, type DeadLetters } from "../../client/page/dead-letters.ts";
import { messagesOf } from "../../client/page/messages-of.ts";
import { cryptoRandom, systemClock } from "../../client/web-ports.ts";
import type { WorkerOptions } from "../../client/calls/worker-options.ts";
import { WorkerCore } from "../../client/worker/core.ts";
import type { Device } from "../../client/worker/device.ts";
import type { LocalSequence, Offset, Partition } from "../../shared/brands.ts";
import { SILENT_CHANNEL } from "./consumer/fake-log.ts";
import { FakeWorker } from "./page/fake-worker.ts";
import { Tab } from "./log/log-fixture.ts";

const VALUE = new Uint8Array(2 * 1024 * 1024).map((_, at) => (at * 7 + (at >> 8)) & 0xff);
const CHUNKS = 4;

/** A device whose four chunks wait at `orders-0~0`. */
async function device(followed: boolean, readThrough: (() => RecordSource) | null = null) {
  const tab = await Tab.known();
  const ref = await tab.ref("orders-0");
  if (followed) await tab.log.catalog.follow(ref.topicKey);
  const worker = new FakeWorker();
  worker.counts.set("orders", 1);
  await worker.producer({}, cryptoRandom).send({ topic: "orders", messages: [{ key: "k", value: VALUE }] });
  const appends = worker.batches.map(({ bytes }) => ({ topic: "orders", partition: 0 as Partition, batch: bytes }));
  expect(await tab.log.localLog.append(appends)).toHaveLength(CHUNKS);
  const news = new DeviceNews(SILENT_CHANNEL, systemClock);
  const made = { ...tab.log, news, clock: systemClock, sync: null, readThrough } as Partial<Device> as Device;
  const { calls } = new WorkerCore(made, { options: {} as WorkerOptions, tellPage: () => {}, paused: false });
  const letters = deadLetters({
    call: (ask) => ask(calls),
    askReceipt: (place, timeoutMs) => calls.receipt(place, timeoutMs),
  });
  return { tab, ref, letters };
}

type World = Awaited<ReturnType<typeof device>>;

/** `cxcc`: what becomes of the chunks one after the other, committed from offset 0 on. */
async function becomes({ tab }: World, outcomes: string): Promise<void> {
  let offset = 0;
  for (const outcome of outcomes)
    if (outcome === "x") await tab.refuseFirst("orders-0");
    else await tab.commit("orders-0", 1, offset++);
}

async function read(tab: Tab): Promise<{ values: (Uint8Array | null)[]; broken: BrokenMessage[] }> {
  const broken: BrokenMessage[] = [];
  const chunks = new ChunkAssembler({ onBroken: (one) => broken.push(one) });
  const values: (Uint8Array | null)[] = [];
  const { runs } = await tab.log.replica.read(await tab.ref("orders-0"), 0 as Offset, 1e9);
  for (const { buffer } of runs)
    for (const some of messagesOf({ topic: "orders", partition: 0, buffer, from: 0, to: 1e9 }))
      values.push(...chunks.whole(await some).map(({ value }) => value));
  return { values, broken };
}

const listed = async (letters: DeadLetters): Promise<string[]> => (await letters.list()).map(({ receipt }) => receipt);

for (const outcomes of ["xccc", "cxcc", "cccx", "xxxx", "cxxc"])
  test(`${outcomes}: a retry of one chunk makes the value whole`, async () => {
    const world = await device(true);
    const { tab, letters } = world;
    await becomes(world, outcomes);
    const [first] = await letters.list();
    const [receipt, ...more] = await letters.retry(first!);
    expect([receipt?.id, more]).toEqual(["orders-0~7", []]);
    expect(await listed(letters)).toEqual([]);
    // Others of the value are no letters any more.
    expect(await letters.retry(first!)).toEqual([]);
    const committed = outcomes.replaceAll("x", "").length;
    await tab.commit("orders-0", CHUNKS, committed);
    expect((await read(tab)).values).toEqual([VALUE]);
    expect(await receipt?.synced).toMatchObject({ partition: 0, offset: committed + CHUNKS - 1 });
    // The old receipt of the letter leads to the new record.
    const at = outcomes.indexOf("x");
    expect(await tab.find("orders-0", at)).toBe(`committed orders-0~${CHUNKS + at} @${committed + at}`);
  });

test("chunks that still wait are sent where they stand, and once more with the value", async () => {
  const world = await device(true);
  const { tab, letters } = world;
  await becomes(world, "cx");
  await letters.retry(await letters.list());
  await tab.commit("orders-0", 2 + CHUNKS, 1);
  const { values, broken } = await read(tab);
  expect(values).toEqual([VALUE]);
  expect(broken).toHaveLength(1);
});

/** As the edge has it: brought only after it was asked for once. */
function edgeOf(all: Tab, seen: { opened: number }): RecordSource {
  let asked = false;
  let told: (() => void) | null = null;
  seen.opened += 1;
  return {
    local: false,
    rows: (refs) => all.log.replica.rows(refs),
    read: async (ref, offset, bytesMax) => {
      if (asked) return await all.log.replica.read(ref, offset, bytesMax);
      asked = true;
      void systemClock.sleep(1).then(() => told?.());
      const none = 0 as Offset;
      return {
        runs: [],
        nextOffset: offset,
        replicatedTo: none,
        logStartOffset: none,
        heldFrom: none,
        highWatermark: none,
      };
    },
    onNews: (listener) => {
      told = () => listener([]);
      return () => {};
    },
    close: () => void (seen.opened -= 1),
  };
}

test("what the device does not have of it comes from the edge", async () => {
  const seen = { opened: 0 };
  const edge = await Tab.known();
  await edge.log.catalog.follow((await edge.ref("orders-0")).topicKey);
  const world = await device(false, () => edgeOf(edge, seen));
  const { tab, ref, letters } = world;
  const sent = await tab.log.outbox.read(ref, 0 as LocalSequence, { bytesMax: 1e9, countMax: 9 });
  await edge.log.localLog.append(
    [0, 1, 3].map((at) => ({ topic: "orders", partition: 0 as Partition, batch: sent[at]!.bytes.slice() })),
  );
  await edge.commit("orders-0", 3, 0);
  await becomes(world, "ccxc");
  await letters.retry(await letters.list());
  expect(seen.opened).toBe(0);
  const again = await tab.log.outbox.read(ref, 4 as LocalSequence, { bytesMax: 1e9, countMax: 9 });
  await edge.log.localLog.append(
    again.map(({ bytes }) => ({ topic: "orders", partition: 0 as Partition, batch: bytes.slice() })),
  );
  await edge.commit("orders-0", CHUNKS, 3);
  expect((await read(edge)).values).toEqual([VALUE]);
});

test("where a chunk is not to be had nothing is sent, and the letter stays", async () => {
  const world = await device(false);
  const { tab, letters } = world;
  await becomes(world, "cxcc");
  await expect(letters.retry(await letters.list())).rejects.toMatchObject({
    code: "INVALID_RECORD",
    message: expect.stringMatching(/chunk 0 of 4/) as string,
  });
  expect(await listed(letters)).toEqual(["orders-0~1"]);
  expect(await tab.pending("orders-0")).toBe("");
  expect(await letters.discard("orders-0~1")).toBe(1);
});

test("with one chunk all refused ones of its value are discarded, and none of another value", async () => {
  const world = await device(true);
  const { tab, letters } = world;
  await becomes(world, "xcxx");
  await tab.append("orders-0: other");
  await tab.refuseFirst("orders-0");
  expect(await letters.discard("orders-0~2")).toBe(3);
  expect(await listed(letters)).toEqual(["orders-0~4"]);
  expect(await tab.find("orders-0", 0)).toBe("dead orders-0~0 INVALID_RECORD");
});

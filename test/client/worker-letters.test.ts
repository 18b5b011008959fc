import { describe, expect, test } from "vitest";
import { DeviceNews } from "../../client/device-news.ts";
import type { WorkerOptions } from "../../client/calls/worker-options.ts";
import { flushOutbox } from "../../client/page/flush.ts";
import { deadLetters } from "../../client/page/dead-letters.ts";
import { systemClock } from "../../client/web-ports.ts";
import { WorkerCore } from "../../client/worker/core.ts";
import type { Device } from "../../client/worker/device.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { SILENT_CHANNEL } from "./consumer/fake-log.ts";
import { OTHER_TOPIC_ID, Tab } from "./log/log-fixture.ts";

function coreOf(tab: Tab): { core: WorkerCore; news: DeviceNews } {
  const news = new DeviceNews(SILENT_CHANNEL, systemClock);
  const device = { ...tab.log, news, clock: systemClock, sync: null } as Partial<Device> as Device;
  return { core: new WorkerCore(device, { options: {} as WorkerOptions, tellPage: () => {}, paused: false }), news };
}

function flush(core: WorkerCore, options: { timeout?: number; signal?: AbortSignal } = {}): Promise<void> {
  return flushOutbox({ call: (ask) => ask(core.calls), clock: systemClock, retryMs: 1 }, options);
}

async function settled(tab: Tab, news: DeviceNews, place: string, count: number): Promise<void> {
  await tab.commit(place, count, 0);
  news.publish({ type: "settled", refs: [await tab.ref(place)] });
}

describe("flush", () => {
  test("resolves at once where nothing waits", async () => {
    await flush(coreOf(await Tab.known()).core, { timeout: 0 });
  });

  test("waits for what was stored before it, in every partition, and for nothing after it", async () => {
    const tab = await Tab.known();
    await tab.append("orders-0: a", "orders-1: b");
    const { core, news } = coreOf(tab);
    let done = false;
    const flushed = flush(core).then(() => (done = true));
    await systemClock.sleep(5);
    await tab.append("orders-0: later");
    await settled(tab, news, "orders-0", 1);
    await systemClock.sleep(5);
    expect(done).toBe(false);
    await settled(tab, news, "orders-1", 1);
    await flushed;
  });

  test("follows records that wait for their partition to where they go", async () => {
    const tab = await Tab.known();
    await tab.append("flows: k=a l=b m=c");
    const { core, news } = coreOf(tab);
    let done = false;
    const flushed = flush(core).then(() => (done = true));
    await systemClock.sleep(5);
    await tab.learn("flows", 1, "33333333-2222-4333-8444-555555555555" as Parameters<Tab["learn"]>[2]);
    news.publish({ type: "learned" });
    await systemClock.sleep(20);
    expect(done).toBe(false);
    await settled(tab, news, "flows-0", 3);
    await flushed;
  });

  test("says at its timeout that the records are safe, and by its signal that nothing was lost", async () => {
    const tab = await Tab.known();
    await tab.append("orders-0: a");
    const { core } = coreOf(tab);
    await expect(flush(core, { timeout: 20 })).rejects.toMatchObject({ code: "NOT_SYNCED_YET" });
    await expect(flush(core, { timeout: -1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const stopping = new AbortController();
    const flushed = flush(core, { signal: stopping.signal });
    await systemClock.sleep(5);
    stopping.abort();
    await expect(flushed).rejects.toMatchObject({ code: "ABORTED", details: { stored: true } });
    expect(await tab.pending("orders-0")).toBe("0: a");
  });

  test("goes on with the next worker where one ends", async () => {
    const tab = await Tab.known();
    await tab.append("orders-0: a");
    const { core, news } = coreOf(tab);
    let deaths = 2;
    const flushed = flushOutbox(
      {
        call: (ask) => ((deaths -= 1) < 0 ? ask(core.calls) : Promise.reject(new StrandlineError("WORKER_DIED", ""))),
        clock: systemClock,
        retryMs: 1,
      },
      {},
    );
    await systemClock.sleep(20);
    await settled(tab, news, "orders-0", 1);
    await flushed;
  });
});

describe("dead letters", () => {
  test("are listed by topic, sent again by letter, receipt or id, and discarded", async () => {
    const tab = await Tab.known();
    await tab.append("orders-0: a b", "audit-1: x", "audit-2: y");
    for (const place of ["orders-0", "audit-1", "audit-2"]) await tab.refuseFirst(place);
    const { core } = coreOf(tab);
    const letters = deadLetters({
      call: (ask) => ask(core.calls),
      askReceipt: (place, timeoutMs) => core.calls.receipt(place, timeoutMs),
    });
    const texts = async (topic?: string): Promise<string[]> =>
      (await letters.list(topic === undefined ? {} : { topic })).map(({ messages, receipt, blocking }) =>
        [receipt, ...messages.map((message) => message.text()), blocking].join(" "),
      );
    expect(await texts()).toEqual(["orders-0~0 a b false", "audit-1~0 x false", "audit-2~0 y false"]);
    expect(await texts("audit")).toEqual(["audit-1~0 x false", "audit-2~0 y false"]);
    expect(await letters.list({ limit: 1 })).toHaveLength(1);
    await expect(letters.list({ limit: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const [first] = await letters.list({ topic: "orders" });
    const again = await letters.retry([first!, "orders-0~1", "audit-1~0"]);
    expect(again.map(({ id }) => id)).toEqual(["orders-0~2", "audit-1~1"]);
    expect(await again[0]?.state()).toMatchObject({ kind: "pending" });
    expect(await letters.retry("orders-0~0")).toEqual([]);
    expect(await letters.discard(["audit-2~0", "audit-2~0"])).toBe(1);
    expect(await texts()).toEqual([]);
    expect((await core.calls.status()).pendingBytes).toBeGreaterThan(0);
    await expect(letters.retry("nonsense")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("a topic that was made again under its name", () => {
  const place = (localSequence: number, remade?: number) => ({
    topic: "orders",
    partition: 0,
    localSequence,
    ...(remade === undefined ? {} : { remade }),
  });

  test("has receipts of its own: each leads to its record, and none to the other's", async () => {
    const tab = await Tab.open();
    await tab.learn("orders", 1);
    await tab.append("orders-0: a b");
    await tab.learn("orders", 1, OTHER_TOPIC_ID);
    const { calls } = coreOf(tab).core;
    expect(await calls.receipt(place(1), 0)).toEqual({ kind: "pending", partition: 0 });
    expect(await calls.receipt(place(1, 1), 0)).toEqual({ kind: "unknown" });
    const [again] = await tab.appended("orders-0: c d");
    expect(again).toMatchObject({ localSequence: 0, remade: 1 });
    await tab.commit("orders-0", 2, 40);
    expect(await calls.receipt(place(1, 1), 0)).toEqual({ kind: "committed", partition: 0, offset: 41 });
    expect(await calls.receipt(place(1), 0)).toEqual({ kind: "pending", partition: 0 });
    expect(await calls.receipt(place(2), 0)).toEqual({ kind: "unknown" });
    expect(await calls.receipt(place(0, 2), 0)).toEqual({ kind: "unknown" });
  });

  test("and so have its letters, which are sent again into the one that is", async () => {
    const tab = await Tab.open();
    await tab.learn("orders", 1);
    await tab.append("orders-0: old");
    await tab.refuseFirst("orders-0");
    await tab.learn("orders", 1, OTHER_TOPIC_ID);
    await tab.append("orders-0: new");
    await tab.refuseFirst("orders-0");
    const { calls } = coreOf(tab).core;
    const letters = deadLetters({
      call: (ask) => ask(calls),
      askReceipt: (at, timeoutMs) => calls.receipt(at, timeoutMs),
    });
    expect((await letters.list()).map(({ receipt, messages }) => `${receipt} ${messages[0]?.text()}`)).toEqual([
      "orders-0~0 old",
      "orders-0~0~1 new",
    ]);
    const [again] = await letters.retry("orders-0~0");
    expect(again?.id).toBe("orders-0~1~1");
    expect(await tab.pending("orders-0")).toBe("1: old");
    expect(await letters.discard("orders-0~0")).toBe(0);
    expect(await letters.discard("orders-0~0~1")).toBe(1);
  });
});

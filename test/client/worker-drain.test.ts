/** A service worker waits for what is sent, and not for what cannot go on. */
import { expect, test } from "vitest";
import { DeviceNews } from "../../client/device-news.ts";
import type { DrainResult } from "../../client/worker/drain.ts";
import { demandNoMore, drained } from "../../client/worker/drain.ts";
import type { LocalSequence } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { ROOT, Tab } from "./log/log-fixture.ts";
import { MemoryChannels } from "./memory-tab.ts";

/** Its time is never up. */
const PATIENT: Clock = {
  now: () => 0,
  sleep: (ms, signal) =>
    ms === 0
      ? Promise.resolve()
      : new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true })),
};

async function device(...records: string[]) {
  const tab = await Tab.open();
  await tab.learn("orders", 2);
  await tab.log.catalog.setStrictOrder(["orders"]);
  await tab.append(...records);
  const news = new DeviceNews(new MemoryChannels().open(), PATIENT);
  const settings = { paused: async () => false, setPaused: async () => {} };
  const block = async (place: string): Promise<void> => {
    const ref = await tab.ref(place);
    await tab.log.outbox.open(ref, ROOT);
    const error = new StrandlineError("INVALID_RECORD", "refused by the test").toBody();
    const blocked = { localSequence: 0 as LocalSequence, count: 1, blockedAt: 0, error };
    expect(await tab.log.outbox.block(ref, blocked)).toBe(true);
  };
  const drain = (): Promise<DrainResult> =>
    drained({ database: "d", outbox: tab.log.outbox, news, settings, clock: PATIENT }, 60_000);
  return { tab, news, block, drain };
}

test("what a refused batch blocks in strict order is not waited for, nor is the event asked for again", async () => {
  const { block, drain } = await device("orders-0: a", "orders-0: b c");
  await block("orders-0");
  const result = await drain();
  expect(result).toEqual({ outcome: "blocked", pendingRecords: 3 });
  expect(() => demandNoMore(result)).not.toThrow();
});

test("other partitions are waited for, and what is blocked meanwhile is heard of", async () => {
  const { tab, news, block, drain } = await device("orders-0: a", "orders-1: x");
  await block("orders-0");
  let over = false;
  const draining = drain().finally(() => (over = true));
  await tab.log.outbox.waiting();
  expect(over).toBe(false);
  await block("orders-1");
  const [topic, receipt] = ["orders", "orders-1~0"];
  const error = new StrandlineError("INVALID_RECORD", "refused by the test").toBody();
  news.tellHere({ type: "event", event: { type: "producer.blocked", topic, partition: 1, receipt, error } });
  expect(await draining).toEqual({ outcome: "blocked", pendingRecords: 2 });
});

test("what a later layout of the topic holds back behind a blocked partition is not waited for either", async () => {
  const { tab, block, drain } = await device("orders-0: a");
  await block("orders-0");
  await tab.learn("orders", 4);
  await tab.append("orders-3: z");
  expect(await drain()).toEqual({ outcome: "blocked", pendingRecords: 2 });
});

test("a batch that its user has given up is waited for: the edge is to be told", async () => {
  const { tab, news, block, drain } = await device("orders-0: a");
  await block("orders-0");
  await tab.log.outbox.discard(await tab.ref("orders-0"), 0 as LocalSequence);
  const draining = drain();
  await tab.refuseFirst("orders-0");
  news.tellHere({ type: "settled", refs: [] });
  expect(await draining).toEqual({ outcome: "drained", pendingRecords: 0 });
});

test.each(["late", "led"] as const)("%s: the event is asked for again", (outcome) => {
  expect(() => demandNoMore({ outcome, pendingRecords: 1 })).toThrow(
    expect.objectContaining({ code: "NOT_SYNCED_YET", details: { pendingRecords: 1 } }),
  );
});

/** R18: many tabs of one device in a real browser. One at a time sends, and none that ends or freezes stops the others. */
import type { Page } from "puppeteer-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEdgeLog } from "../demo/edge-log.ts";
import { delivery } from "./delivery.ts";
import { INSECURE_HOST, TabsLab, timed, until } from "./tabs-lab.ts";

const TOPIC = "tabs";
const PARTITIONS = 3;
const TABS = 8;
const SUCCEEDED_MS = 5_000;

let lab: TabsLab;
beforeEach(async () => {
  lab = await TabsLab.open();
  await lab.createTopic(TOPIC, PARTITIONS);
});
afterEach(async () => await lab.close());

interface Tab {
  readonly name: string;
  readonly page: Page;
}

async function theLeader(tabs: readonly Tab[]): Promise<Tab> {
  let leaders: number[] = [];
  await until("one tab leads", async () => (leaders = await lab.leaders(tabs.map(({ page }) => page))).length === 1);
  return tabs[leaders[0] ?? -1] as Tab;
}

/** Every tab sends at once. */
async function sendAll(tabs: readonly Tab[], first: number, count: number): Promise<void> {
  await Promise.all(tabs.map(({ page }) => lab.send(page, TOPIC, first, count)));
}

/** How long until another tab leads and has sent what waited, of which there is something in each tab. */
async function succession(rest: readonly Tab[], first: number, end: () => Promise<void>): Promise<number> {
  return await timed(async () => {
    await end();
    await sendAll(rest, first, 5);
    await theLeader(rest);
    await Promise.all(rest.map(({ page }) => lab.drained(page)));
  });
}

async function crash({ page }: Tab): Promise<void> {
  const devtools = await page.createCDPSession();
  devtools.send("Page.crash").catch(() => undefined);
}

test("R18 eight tabs at once: one leads; a crash, a close and a freeze are each succeeded in time", async () => {
  let tabs: Tab[] = await Promise.all(
    Array.from({ length: TABS }, async (_, index) => ({ name: `tab${index}`, page: await lab.tab(`tab${index}`) })),
  );
  const without = (tab: Tab): Tab[] => (tabs = tabs.filter((other) => other !== tab));
  await sendAll(tabs, 0, 40);
  // What the same work takes where nobody goes, on this machine: a succession may take five seconds more.
  const ordinaryMs = await succession(tabs, 50, async () => {});
  const crashed = await theLeader(tabs);
  const afterCrashMs = await succession(without(crashed), 100, () => crash(crashed));
  const closed = await theLeader(tabs);
  const afterCloseMs = await succession(without(closed), 200, () => closed.page.close());

  // Frozen with requests under way, whose answers it hears when it wakes.
  const frozen = await theLeader(tabs);
  let holding = true;
  lab.proxy.holdAnswers(({ path }) => holding && path === "/v1/produce");
  await lab.send(frozen.page, TOPIC, 300, 20);
  await until("a request is unanswered", () => Promise.resolve(lab.proxy.held().length > 0));
  const rest = without(frozen);
  // Within `freeze` a second is spent on seeing that its worker stands still.
  const afterFreezeMs = await succession(rest, 300, async () => {
    await lab.freeze(frozen.page, frozen.name);
    holding = false;
  });
  expect(await lab.silentMs(frozen.name)).toBeGreaterThan(1_000);
  expect(await lab.thefts()).toBeGreaterThan(0);
  lab.proxy.releaseAnswers();
  await lab.thaw(frozen.page, frozen.name);
  const all = [...rest, frozen];
  await sendAll(all, 400, 10);
  await theLeader(all);
  await Promise.all(all.map(({ page }) => lab.drained(page)));

  const { records } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);
  expect(delivery(lab.acked, records, [])).toEqual({ lost: [], doubled: [], inverted: [] });
  expect(records.length).toBe(lab.acked.size);
  for (const { page } of all) await lab.allSettled(page);
  const divergences = await Promise.all(all.map(({ page }) => page.evaluate(() => window.tab.divergences())));
  expect(Math.max(...divergences)).toBe(0);
  const times = { ordinaryMs, afterCrashMs, afterCloseMs, afterFreezeMs };
  expect(Math.max(...Object.values(times)) - ordinaryMs, JSON.stringify(times)).toBeLessThan(SUCCEEDED_MS);
});

test("R15 connections on which nothing is answered any more: every call settles, in the tab that leads and in another", async () => {
  const tabs = [await lab.tab("leads"), await lab.tab("follows")];
  await Promise.all(tabs.map((page) => lab.send(page, TOPIC, 0, 5)));
  await lab.drained(tabs[0] as Page);
  lab.proxy.holdAnswers(() => true);
  const before = performance.now();
  const outcomes = await Promise.all(tabs.map((page) => page.evaluate((topic) => window.tab.everyCall(topic), TOPIC)));
  const tookMs = performance.now() - before;
  for (const told of outcomes) {
    expect(told).toEqual(expect.arrayContaining(["send: resolved", "send acks -1: NOT_SYNCED_YET", "stop: resolved"]));
    expect(told.filter((one) => one.startsWith("createTopics"))).toEqual(["createTopics: REQUEST_TIMED_OUT"]);
  }
  expect(tookMs).toBeLessThan(45_000);
  for (const page of tabs) await lab.allSettled(page);
  lab.proxy.releaseAnswers();
  for (const page of tabs) await lab.drained(page);
});

test("a page without https has no Web Locks, and says so at every call", async () => {
  const page = await lab.browser.newPage();
  await page.goto(`http://${INSECURE_HOST}:${lab.server.port}/?tab=insecure&edge=${encodeURIComponent(lab.proxy.url)}`);
  await page.waitForFunction(() => "tab" in window);
  expect(await page.evaluate(() => [isSecureContext, "locks" in navigator])).toEqual([false, false]);
  for (let call = 0; call < 2; call += 1)
    expect(await page.evaluate(() => window.tab.attempt())).toMatch(/Web Locks are missing: serve the page over https/);
  await lab.allSettled(page);
});

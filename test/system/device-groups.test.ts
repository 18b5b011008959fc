/** The tabs of a real browser share a group's partitions without an edge; one that closes, dies or freezes is succeeded. */
import type { Page } from "puppeteer-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TabsLab, until } from "./tabs-lab.ts";

const TOPIC = "shared";
const PARTITIONS = 6;
const RECORDS = 3_000;
const HANDLING_MS = 20;

let lab: TabsLab;
beforeEach(async () => {
  lab = await TabsLab.open();
});
afterEach(async () => await lab.close());

interface Tab {
  readonly name: string;
  readonly page: Page;
}

async function open(name: string): Promise<Tab> {
  const page = await lab.tab(name, { more: "&local" });
  return { name, page };
}

const consume = ({ page }: Tab): Promise<void> =>
  page.evaluate(async (...args) => await window.tab.consume(...args), "g", TOPIC, HANDLING_MS);

async function owned(tabs: readonly Tab[]): Promise<(readonly number[])[]> {
  return await Promise.all(tabs.map(({ page }) => page.evaluate(() => window.tab.owned())));
}

/** Evenly: one that is there first has them all for a moment. */
async function shared(tabs: readonly Tab[]): Promise<void> {
  let shares: (readonly number[])[] = [];
  await until(`${tabs.length} tabs share the partitions`, async () => {
    shares = await owned(tabs);
    const isFair = shares.every(({ length }) => length === PARTITIONS / tabs.length);
    return isFair && new Set(shares.flat()).size === PARTITIONS;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(shares)}`);
  });
}

test("three tabs have two partitions each, offline; a closed, a frozen and a killed one are succeeded, and nothing is left out", async () => {
  const [a, b, c] = [await open("a"), await open("b"), await open("c")];
  await lab.send(a.page, TOPIC, 0, RECORDS);
  // No word of any of this leaves the browser.
  for (const { page } of [a, b, c]) await page.setOfflineMode(true);
  await Promise.all([a, b, c].map(consume));
  await shared([a, b, c]);

  await a.page.close();
  await shared([b, c]);

  await lab.freeze(b.page, b.name);
  await shared([c]);
  await lab.thaw(b.page, b.name);
  await shared([b, c]);

  const devtools = await c.page.createCDPSession();
  devtools.send("Page.crash").catch(() => undefined);
  await shared([b]);

  const places = async (): Promise<number> => await lab.front.evaluate(() => new Set(window.handled).size);
  await until("all is handled", async () => (await places()) === RECORDS, 60_000).catch(async (error: unknown) => {
    throw new Error(`${String(error)}: ${await places()} of ${RECORDS}`);
  });
  expect(new Set((await owned([b])).flat()).size).toBe(PARTITIONS);
}, 120_000);

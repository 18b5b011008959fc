/** R16: tabs of an old and a new version of the library, whose schema is a later one, over one database. */
import type { Page } from "puppeteer-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SCHEMA_VERSION } from "../../client/log/idb-schema.ts";
import { readEdgeLog } from "../demo/edge-log.ts";
import { bundlePage } from "../harness/bundle-page.ts";
import type { Files } from "../harness/static-server.ts";
import { delivery } from "./delivery.ts";
import { TabsLab, timed, until, withPulse } from "./tabs-lab.ts";

const TOPIC = "versions";
const PARTITIONS = 2;
const SETTLED_MS = 5_000;
const NEW = { path: "new/" };

let lab: TabsLab;
beforeEach(async () => {
  lab = await TabsLab.open(await newVersion());
  await lab.createTopic(TOPIC, PARTITIONS);
});
afterEach(async () => await lab.close());

async function newVersion(): Promise<Files> {
  // Its schema has nothing new but its number.
  const changed = (source: string): string =>
    source
      .replace(/SCHEMA_VERSION = \d+/, `SCHEMA_VERSION = ${SCHEMA_VERSION + 1}`)
      .replace(
        "for (const name of STORE_NAMES)",
        "if (database.objectStoreNames.length === 0) for (const name of STORE_NAMES)",
      );
  const page = await bundlePage({ entry: "test/system/tabs-page.ts", changed });
  const built = new Map([...page, ["worker.js", withPulse(page.get("worker.js"))] as const]);
  const index = `<!doctype html><title>new</title><script type="module" src="tabs-page.js"></script>`;
  return new Map([...built, ["index.html", index] as const].map(([name, text]) => [`new/${name}`, text]));
}

async function expectOnce(): Promise<void> {
  const { records } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);
  expect(delivery(lab.acked, records, [])).toEqual({ lost: [], doubled: [], inverted: [] });
  expect(records.length).toBe(lab.acked.size);
}

const attempt = (page: Page): Promise<string> => page.evaluate(() => window.tab.attempt());

test("R16 the old tab lets the new one in, is told, and what it left is sent by the new one", async () => {
  lab.proxy.cut();
  const begin = async (name: string, version = {}): Promise<Page> => {
    const page = await lab.tab(name, version);
    await lab.send(page, TOPIC, 0, 50);
    await until("the tab leads", async () => (await lab.status(page)).leader);
    return page;
  };
  const oldBegan = performance.now();
  const old = await begin("old");
  const freshBegan = performance.now();
  const fresh = await begin("fresh", NEW);
  await until("the old tab is told", async () => await old.evaluate(() => window.tab.outdated()));
  // Longer than a tab takes where there is no other, on this machine.
  expect(performance.now() - freshBegan - (freshBegan - oldBegan)).toBeLessThan(SETTLED_MS);
  expect(await attempt(old)).toMatch(/newer version of this site .* reload the page/);
  expect(await fresh.evaluate(() => window.tab.outdated())).toBe(false);
  lab.proxy.restore();
  await lab.drained(fresh);
  await lab.allSettled(old);
  await expectOnce();
  // A page that is opened from an old cache is told at its first call.
  const late = await lab.tab("late");
  expect(await attempt(late)).toMatch(/newer version of this site/);
  await lab.send(fresh, TOPIC, 50, 10);
  await lab.drained(fresh);
  await expectOnce();
});

test("R16 while the old tab is frozen the new one says what it waits for, and goes on when that wakes", async () => {
  const old = await lab.tab("old");
  // What an open and a send take where nobody is in the way, on this machine.
  const ordinaryMs = await timed(async () => {
    await lab.send(old, TOPIC, 0, 30);
    await lab.drained(old);
  });
  lab.proxy.cut();
  await lab.send(old, TOPIC, 30, 20);
  await lab.freeze(old, "old");
  const fresh = await lab.tab("fresh", NEW);
  let told = "";
  const toldMs = await timed(async () => (told = await attempt(fresh)));
  expect(toldMs - ordinaryMs).toBeLessThan(SETTLED_MS);
  lab.proxy.restore();
  // The browser may end a frozen page rather than let it block another; then there is nothing to wait for.
  expect(told).toMatch(/^resolved$|keeps an older version of/);
  if (told !== "resolved") {
    expect(await lab.silentMs("old")).toBeGreaterThan(1_000);
    await lab.thaw(old, "old");
  }
  const thawedMs = await timed(async () => {
    await until("the new tab works", async () => (await attempt(fresh)) === "resolved");
    await lab.send(fresh, TOPIC, 0, 50);
    await until("the new tab leads", async () => (await lab.status(fresh)).leader);
    await lab.drained(fresh);
  });
  expect(thawedMs - ordinaryMs).toBeLessThan(SETTLED_MS);
  await lab.allSettled(fresh);
  await expectOnce();
});

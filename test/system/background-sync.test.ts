/** After the tab is gone: the app's service worker sends what waits, once and in order, in a real browser. */
import type { CDPSession, Page } from "puppeteer-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEdgeLog } from "../demo/edge-log.ts";
import { bundlePage } from "../harness/bundle-page.ts";
import { delivery } from "./delivery.ts";
import { TabsLab, until } from "./tabs-lab.ts";

const TOPIC = "later";
const PARTITIONS = 2;
const WITH_SERVICE_WORKER = { more: "&sw=1" };

let lab: TabsLab;
let devtools: CDPSession;
let registrations: string[];
beforeEach(async () => {
  const script = await bundlePage({ entry: "test/system/sync-service-worker.ts" });
  lab = await TabsLab.open(new Map([...script].filter(([name]) => name === "sync-service-worker.js")));
  await lab.createTopic(TOPIC, PARTITIONS);
  devtools = await lab.front.createCDPSession();
  registrations = [];
  devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations: all }) => {
    for (const { registrationId, isDeleted } of all) if (!isDeleted) registrations.push(registrationId);
  });
  await devtools.send("ServiceWorker.enable");
});
afterEach(async () => await lab.close());

/** Appended while the edge is out of reach, by a tab that is closed then. */
async function leftBehind(name: string, count: number): Promise<void> {
  const page = await lab.tab(name, WITH_SERVICE_WORKER);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  lab.proxy.cut();
  await lab.send(page, TOPIC, 0, count);
  await page.close();
}

/** As the browser does when it is online again. */
async function fireSync(): Promise<void> {
  const [registrationId = ""] = registrations;
  await devtools.send("ServiceWorker.dispatchSyncEvent", {
    origin: lab.server.url,
    registrationId,
    tag: "strandline",
    lastChance: false,
  });
}

async function arrived(count: number): Promise<void> {
  await until("all records stand in the log", async () => {
    const { ends } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);
    return ends.reduce((sum, end) => sum + end, 0) >= count;
  });
}

async function expectOnce(): Promise<void> {
  const { records } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);
  expect(delivery(lab.acked, records, [])).toEqual({ lost: [], doubled: [], inverted: [] });
  expect(records.length).toBe(lab.acked.size);
}

test("records of a tab that is gone are sent once the network is back", async () => {
  await leftBehind("gone", 200);
  expect((await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS)).records).toEqual([]);
  lab.proxy.restore();
  await fireSync();
  await arrived(200);
  await expectOnce();
  // And a second event finds nothing to do.
  await fireSync();
  const page = await lab.tab("next");
  await lab.drained(page);
  await expectOnce();
});

test("a tab that opens at the same time doubles nothing, and goes on in order", async () => {
  await leftBehind("gone", 300);
  lab.proxy.restore();
  const pages: Page[] = [];
  await Promise.all([
    fireSync(),
    (async () => {
      const page = await lab.tab("back", WITH_SERVICE_WORKER);
      pages.push(page);
      await lab.send(page, TOPIC, 0, 100);
    })(),
    fireSync(),
  ]);
  await arrived(400);
  for (const page of pages) await lab.drained(page);
  await expectOnce();
});

test("a page asks for the event when its records cannot be sent", async () => {
  const page = await lab.tab("asks", WITH_SERVICE_WORKER);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const tags = (): Promise<string[]> =>
    page.evaluate(async () => {
      const registration = (await navigator.serviceWorker.ready) as unknown as {
        sync: { getTags(): Promise<string[]> };
      };
      return await registration.sync.getTags();
    });
  await page.setOfflineMode(true);
  lab.proxy.cut();
  expect(await tags()).toEqual([]);
  await lab.send(page, TOPIC, 0, 5);
  await until("the tag is registered", async () => (await tags()).includes("strandline"));
});

/** Pages that go and come back, and tabs that are copied: in a real browser, over one database. */
import { createServer, type Server } from "node:http";
import type { Page } from "puppeteer-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEdgeLog } from "../demo/edge-log.ts";
import { listenOnLocalhost } from "../harness/listen.ts";
import { delivery } from "./delivery.ts";
import { TabsLab, timed, until } from "./tabs-lab.ts";

const TOPIC = "parked";
const PARTITIONS = 2;
const SUCCEEDED_MS = 5_000;

let lab: TabsLab;
beforeEach(async () => {
  lab = await TabsLab.open();
  await lab.createTopic(TOPIC, PARTITIONS);
});
afterEach(async () => await lab.close());

async function expectOnce(): Promise<void> {
  const { records } = await readEdgeLog(lab.broker.url, TOPIC, PARTITIONS);
  expect(delivery(lab.acked, records, [])).toEqual({ lost: [], doubled: [], inverted: [] });
  expect(records.length).toBe(lab.acked.size);
}

/** What the page hears of the browser when it goes into the back/forward cache, and when it comes out of it. */
async function tell(page: Page, type: "pagehide" | "pageshow"): Promise<void> {
  await page.evaluate((name) => {
    window.dispatchEvent(new PageTransitionEvent(name, { persisted: true }));
  }, type);
}

const leads = (page: Page) => async (): Promise<boolean> => (await lab.status(page)).leader;

test("a parked page leads no more, and when it is back it works and waits its turn", async () => {
  const parked = await lab.tab("parked");
  await lab.send(parked, TOPIC, 0, 10);
  await until("it leads", leads(parked));
  const other = await lab.tab("other");
  await lab.send(other, TOPIC, 0, 10);
  await tell(parked, "pagehide");
  await until("the other leads", leads(other));
  // It was handed over, not taken after the silence of a frozen tab.
  expect(await lab.thefts()).toBe(0);
  await tell(parked, "pageshow");
  await lab.send(parked, TOPIC, 10, 10);
  await lab.drained(parked);
  expect(await lab.leaders([parked, other])).toEqual([1]);
  await other.close();
  await until("it leads again", leads(parked));
  await lab.send(parked, TOPIC, 20, 10);
  await lab.drained(parked);
  await expectOnce();
});

test("navigating away and back: whether the browser has kept the page or not, it goes on", async () => {
  // The lab's own pages are never stored, which keeps them out of the back/forward cache.
  const { server, url } = await cacheable(lab.server.url);
  try {
    const page = await lab.browser.newPage();
    const visit = async (tab: string): Promise<void> => {
      await page.goto(`${url}/?tab=${tab}&edge=${encodeURIComponent(lab.proxy.url)}`);
      await page.waitForFunction(() => "tab" in window);
      await lab.send(page, TOPIC, 0, 10);
      await lab.drained(page);
    };
    const firstMs = await timed(() => visit("a"));
    await page.evaluate(() => {
      addEventListener("pagehide", ({ persisted }) => localStorage.setItem("parked", String(persisted)));
    });
    const nextMs = await timed(() => visit("b"));
    expect(await page.evaluate(() => localStorage.getItem("parked"))).toBe("true");
    expect(nextMs - firstMs).toBeLessThan(SUCCEEDED_MS);
    await page.goBack();
    await page.waitForFunction(() => "tab" in window && new URLSearchParams(location.search).get("tab") === "a");
    await lab.send(page, TOPIC, 10, 10);
    await lab.drained(page);
    await lab.allSettled(page);
    await expectOnce();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a duplicated tab has the database in common with its original, and nothing else", async () => {
  const original = await lab.tab("original");
  await lab.send(original, TOPIC, 0, 20);
  // As "duplicate tab" does: with a copy of the session's storage.
  await original.evaluate(() => sessionStorage.setItem("mine", "copied"));
  const opened = new Promise<Page>((resolve) => original.once("popup", (page) => resolve(page as Page)));
  await original.evaluate(() => void window.open(location.href.replace("tab=original", "tab=duplicate")));
  const duplicate = await opened;
  await duplicate.waitForFunction(() => "tab" in window);
  expect(await duplicate.evaluate(() => sessionStorage.getItem("mine"))).toBe("copied");
  await Promise.all([original, duplicate].map((page) => lab.send(page, TOPIC, 20, 40)));
  await Promise.all([original, duplicate].map((page) => lab.drained(page)));
  expect(await lab.leaders([original, duplicate])).toEqual([0]);
  const divergences = await Promise.all(
    [original, duplicate].map((page) => page.evaluate(() => window.tab.divergences())),
  );
  expect(divergences).toEqual([0, 0]);
  await expectOnce();
});

async function cacheable(origin: string): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    void fetch(`${origin}${request.url ?? "/"}`).then(async (answer) => {
      const body = new Uint8Array(await answer.arrayBuffer());
      response
        .writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" })
        .end(body);
    });
  });
  return { server, url: `http://localhost:${await listenOnLocalhost(server)}` };
}

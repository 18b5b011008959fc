/** The page that `npm start` serves, as a person uses it: send, switch the network off and on, open a second tab. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { ROOT } from "../harness/paths.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
let server: StaticServer;
let browser: LaunchedBrowser;
beforeAll(async () => {
  const built = spawnSync(process.execPath, ["test/harness/build-playground.ts"], { cwd: ROOT, encoding: "utf8" });
  expect(built.status, built.stderr).toBe(0);
  dir = await tempDir("playground");
  broker = await startBroker({ dir: join(dir.path, "broker") });
  server = await startStaticServer(join(ROOT, "dist", "playground"));
  browser = await launchBrowser({ userDataDir: join(dir.path, "profile") });
});
afterAll(async () => {
  await browser.kill();
  await broker.kill();
  await server.close();
  await dir.remove();
});

async function open(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${server.url}/?edge=${encodeURIComponent(broker.url)}`);
  await until(page, "#state", "wait");
  return page;
}

const placeOfFirst = (page: Page): Promise<string> =>
  page.$eval("#sent li:first-child .place", (cell) => cell.textContent ?? "");

async function until(page: Page, selector: string, pattern: string): Promise<void> {
  await page.waitForFunction(
    (at, wanted) => new RegExp(wanted).test(document.querySelector(at)?.textContent ?? ""),
    { timeout: 20_000 },
    selector,
    pattern,
  );
}

test("a record goes from pending to its offset, waits while the network is off, and every tab sees one log", async () => {
  const page = await open();
  await page.click("button[type=submit]");
  await until(page, "#sent li:first-child .place", "^playground-\\d@0$");
  await until(page, "#log li:first-child .value", "^hello$");

  await page.click("#network");
  await until(page, "#state", "^switched off here, nothing waits$");
  await page.click("button[type=submit]");
  await until(page, "#state", "^switched off here, 1 wait$");
  expect(await placeOfFirst(page)).toMatch(/^playground-\d~1 pending$/);

  const second = await open();
  await until(second, "#state", "1 wait");
  await page.bringToFront();
  await page.click("#network");
  await until(page, "#sent li:first-child .place", "^playground-\\d@1$");
  await second.bringToFront();
  await until(second, "#committed", "^2$");
  expect(await second.$$eval("#log li .value", (cells) => cells.map((cell) => cell.textContent))).toEqual([
    "hello",
    "hello",
  ]);
});

test("what one tab sends while the network is off stands in another as waiting, with a progress bar, and is synced in both", async () => {
  const page = await open();
  await page.click("#network");
  await until(page, "#state", "^switched off here");
  const formTop = (): Promise<number> => page.$eval("#record", (form) => form.getBoundingClientRect().top);
  const before = await formTop();
  await page.click("#bulk");
  await until(page, "#progress-text", "^0 of 1,000 synced");
  // What is below the bar stays where it is: a pointer may be on its way to it.
  expect(await formTop()).toBe(before);
  const second = await open();
  await until(second, "#sent", "waiting here before");
  await second.type("#key", "bob-");
  await second.click("button[type=submit]");
  await until(second, "#progress-text", "^0 of 1,001 synced");
  await page.bringToFront();
  await until(page, "#sent li:first-child .key", "bob-");
  await page.click("#network");
  await until(page, "#waiting", "^0$");
  expect(await page.$eval("#progress-line", (line) => (line as HTMLElement).hidden)).toBe(true);
  for (const tab of [page, second]) {
    await tab.bringToFront();
    await tab.waitForFunction(() => document.querySelector("#sent .pending") === null, { timeout: 20_000 });
    expect(await tab.$$eval("#sent .committed", (rows) => rows.length)).toBeGreaterThan(1);
  }
});

test("what the edge refuses stays on the page until it is discarded, or retried once the topic takes it", async () => {
  const page = await open();
  const refuse = async (): Promise<void> => {
    await page.click("#too-large");
    await until(page, "#letters", "larger than its limit");
    await until(page, "#sent li:first-child .place", "^GIVEN_UP$");
  };
  const press = async (name: string): Promise<void> => {
    await (await page.waitForSelector(`#letters ::-p-text(${name})`))?.click();
    await page.waitForSelector("#refused", { hidden: true });
  };
  await refuse();
  await press("Discard");
  await refuse();
  const raised = await fetch(`${broker.url}/v1/topics/playground-small`, {
    method: "PATCH",
    body: JSON.stringify({ config: { "max.message.bytes": "100000" } }),
  });
  expect(raised.status).toBe(200);
  await press("Retry");
  await until(page, "#sent li:first-child .place", "^playground-small-0@0$");
});

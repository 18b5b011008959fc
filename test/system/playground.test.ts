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

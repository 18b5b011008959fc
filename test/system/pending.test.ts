/** `isolation: 'local'` in a real browser, before and after the edge has taken what it shows. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const PAGE = `<!doctype html><title>pending</title><script type="module" src="pending-page.js"></script>`;

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let broker: Workerd;
let browser: LaunchedBrowser;

beforeAll(async () => {
  dir = await tempDir("pending");
  broker = await startBroker({ dir: join(dir.path, "broker") });
  const page = await bundlePage({ entry: "test/system/pending-page.ts" });
  server = await startStaticServer(new Map([...page, ["index.html", PAGE]]));
  browser = await launchBrowser({ userDataDir: join(dir.path, "profile") });
  await browser.page.goto(`${server.url}/?edge=${encodeURIComponent(broker.url)}`);
  await browser.page.waitForFunction(() => "pending" in window);
});
afterAll(async () => {
  await browser.kill();
  await broker.kill();
  await server.close();
  await dir.remove();
});

const seen = (): Promise<readonly string[]> => browser.page.evaluate(() => window.pending.seen);
const until = async (value: string): Promise<void> =>
  void (await browser.page.waitForFunction(
    (wanted) => window.pending.seen.some((each) => each.startsWith(wanted)),
    { timeout: 30_000 },
    value,
  ));

test("what waits is shown at once, and every record once, whoever sent it and whenever it was committed", async () => {
  const response = await fetch(`${broker.url}/v1/topics`, {
    method: "POST",
    body: JSON.stringify({ name: "notes", partitionCount: 1 }),
  });
  expect(response.ok).toBe(true);
  // The device has not heard of the topic: what it sends waits without a partition.
  await browser.page.evaluate(() => window.pending.pause());
  await browser.page.evaluate(() => window.pending.watch("notes"));
  await browser.page.evaluate(() => window.pending.send("notes", ["a", "b", "c"]));
  await until("c~");
  expect(await seen()).toEqual(["a~0", "b~1", "c~2"]);

  await browser.page.evaluate(() => window.pending.sendFromElsewhere("notes", ["far"]));
  await browser.page.evaluate(() => window.pending.resume());
  await until("far@");
  for (let turn = 0; turn < 10; turn += 1) {
    await browser.page.evaluate((each) => window.pending.send("notes", [`d${each}`]), turn);
    await browser.page.evaluate((each) => window.pending.sendFromElsewhere("notes", [`far${each}`]), turn);
  }
  await browser.page.evaluate(() => window.pending.sendFromElsewhere("notes", ["end"]));
  await until("end@");

  const values = (await seen()).map((each) => each.replace(/[@~].*/, ""));
  const mine = ["a", "b", "c", ...Array.from({ length: 10 }, (_, turn) => `d${turn}`)];
  const theirs = ["far", ...Array.from({ length: 10 }, (_, turn) => `far${turn}`), "end"];
  expect(values.filter((value) => mine.includes(value))).toEqual(mine);
  expect(values.filter((value) => !mine.includes(value))).toEqual(theirs);
});

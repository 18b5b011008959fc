/** What the edge refuses, in a real browser on a real edge: dead letters, strict order, large values, and the progress of it all. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";
import type { LettersPage } from "./letters-page.ts";

const PAGE = `<!doctype html><title>letters</title><script type="module" src="letters-page.js"></script>`;

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let broker: Workerd;
let browser: LaunchedBrowser;

type Calls = { [Name in keyof LettersPage]: LettersPage[Name] };

async function on<Name extends keyof Calls>(
  name: Name,
  ...args: Parameters<Calls[Name]>
): Promise<Awaited<ReturnType<Calls[Name]>>> {
  const ask = (method: string, given: unknown[]): unknown =>
    (window.letters as unknown as Record<string, (...all: unknown[]) => unknown>)[method]?.(...given);
  return (await browser.page.evaluate(ask, name, args)) as Awaited<ReturnType<Calls[Name]>>;
}

async function load(strictOrder: readonly string[] | null): Promise<void> {
  await browser.page.goto(`${server.url}/?edge=${encodeURIComponent(broker.url)}`);
  await browser.page.waitForFunction(() => "letters" in window);
  await on("open", strictOrder);
}

async function edge(method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${broker.url}${path}`, { method, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`did not come true: ${what}`);
}

const small = { "max.message.bytes": "2000" };
const large = { "max.message.bytes": "1048576" };

beforeAll(async () => {
  dir = await tempDir("letters");
  const files = await bundlePage({ entry: "test/system/letters-page.ts" });
  server = await startStaticServer(new Map([...files, ["index.html", PAGE]]));
  broker = await startBroker({ dir: `${dir.path}/broker`, variables: { STRANDLINE_ORIGINS: server.url } });
  for (const name of ["loose", "strict", "strict2"])
    await edge("POST", "/v1/topics", { name, partitionCount: 1, config: small });
  browser = await launchBrowser({ userDataDir: `${dir.path}/profile` });
});
afterAll(async () => {
  await browser.kill();
  await broker.kill();
  await server.close();
  await dir.remove();
});

test("a dead letter is listed after a reload, sent again once its reason is gone, and stands at the end", async () => {
  await load(null);
  await on("send", "loose", [10, 5_000, 11]);
  expect(await on("flush", 20_000)).toBe("flushed");
  await on("close");
  await load(null);
  expect(await on("letters")).toEqual([expect.stringMatching(/^loose-(0|\?)~1 MESSAGE_TOO_LARGE 5000$/)]);
  await edge("PATCH", "/v1/topics/loose", { config: large });
  expect(await on("retryAll")).toEqual(["loose-0~3"]);
  expect(await on("flush", 20_000)).toBe("flushed");
  expect(await on("letters")).toEqual([]);
  expect(await on("read", "loose", 3)).toEqual([10, 11, 5_000]);
  await on("close");
});

test("in strict order it blocks, over a reload and without the option, and goes on once it is tried again or discarded", async () => {
  await load(["strict", "strict2"]);
  await on("send", "strict", [10, 5_000, 11]);
  await on("send", "strict2", [20, 6_000, 21]);
  await until("both are blocked", async () => (await on("blocked")).length >= 2);
  expect((await on("blocked")).map((one) => one.split(" ")[1])).toEqual(["MESSAGE_TOO_LARGE", "MESSAGE_TOO_LARGE"]);
  expect(await on("flush", 500)).toBe("NOT_SYNCED_YET");
  await on("close");
  await load(null);
  const letters = await on("letters");
  expect(letters.map((letter) => letter.replace(/^\S+ /, "")).toSorted((a, b) => a.localeCompare(b))).toEqual([
    "MESSAGE_TOO_LARGE 5000 blocking",
    "MESSAGE_TOO_LARGE 6000 blocking",
  ]);
  expect(await on("status")).toMatchObject({ pendingRecords: 4 });
  await on("close");
  // The option is said again by a page that means it: the other topic is no longer strict, and gives up.
  await load(["strict"]);
  await until("one is given up", async () => (await on("status")).pendingRecords === 2);
  await edge("PATCH", "/v1/topics/strict", { config: large });
  expect(await on("retryAll")).toHaveLength(2);
  expect(await on("flush", 20_000)).toBe("flushed");
  expect(await on("read", "strict", 3)).toEqual([10, 5_000, 11]);
  expect(await on("read", "strict2", 2)).toEqual([20, 21]);
  // What was sent again to the other died again.
  expect(await on("letters")).toHaveLength(1);
  expect(await on("discardAll")).toBe(1);
  expect(await on("letters")).toEqual([]);
  await on("close");
});

test("a value of many batches goes to the edge and comes back whole, and its progress is told down to nothing", async () => {
  await load(null);
  await on("send", "photos", [100, 6_000_000, 101]);
  expect(await on("flush", 60_000)).toBe("flushed");
  expect(await on("read", "photos", 3)).toEqual([100, 6_000_000, 101]);
  await until("the last is told", async () => (await on("progress")).at(-1)?.pendingRecords === 0);
  const last = (await on("progress")).at(-1);
  expect(last).toMatchObject({ pendingRecords: 0, pendingBytes: 0, inflightRecords: 0 });
  expect(await on("status")).toMatchObject({ pendingRecords: 0, pendingBytes: 0 });
  await on("close");
});

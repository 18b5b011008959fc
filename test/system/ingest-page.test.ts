/** Pages of other origins in a real browser, which decides by itself what it asks for and what it lets a page read. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Page } from "puppeteer-core";
import type { IngestKey } from "../../shared/api/ingest-keys.ts";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let storage: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let broker: Workerd;
let browser: LaunchedBrowser;
beforeAll(async () => {
  [dir, storage] = await Promise.all([tempDir("ingest-page"), tempDir("ingest-broker")]);
  server = await startStaticServer(new Map([["index.html", "<!doctype html><title>a page</title>"]]));
  broker = await startBroker({ dir: storage.path });
  // Pages that are not this machine's, as far as the browser and the edge can tell.
  browser = await launchBrowser({ userDataDir: dir.path, flags: ["--host-resolver-rules=MAP *.example 127.0.0.1"] });
});
afterAll(async () => {
  await browser.kill();
  await broker.kill();
  await server.close();
  await Promise.all([dir.remove(), storage.remove()]);
});

function originOf(host: string): string {
  return `http://${host}:${server.port}`;
}

async function ask<Answer>(path: string, json?: object): Promise<Answer> {
  const init = json === undefined ? {} : { method: "POST", body: JSON.stringify(json) };
  const response = await fetch(`http://localhost:${broker.port}${path}`, init);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Answer;
}

async function valuesOf(topic: string): Promise<(string | null | undefined)[]> {
  const { records } = await ask<RecordsAnswer>(`/v1/topics/${topic}/partitions/0/records`);
  return records.map(({ value }) => value);
}

async function pageOf(host: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${originOf(host)}/index.html`);
  return page;
}

/** What the page may read of it; null: the browser kept it from the page. */
async function fetched(page: Page, path: string, type: string, body: string): Promise<number | null> {
  const url = `http://localhost:${broker.port}${path}`;
  return await page.evaluate(
    async (...[to, contentType, text]) => {
      try {
        const init = { method: "POST", body: text, headers: { "content-type": contentType } };
        return (await fetch(to, init)).status;
      } catch {
        return null;
      }
    },
    url,
    type,
    body,
  );
}

describe("an ingest key that lists a page's origin", () => {
  test("takes its beacons and what it fetches, with a preflight and without; another page gets nothing in", async () => {
    await ask("/v1/topics", { name: "clicks", partitionCount: 1 });
    const terms = { topic: "clicks", origins: [originOf("shop.example")] };
    const { key } = await ask<IngestKey>("/v1/ingest-keys", terms);
    const path = `/v1/ingest/${key}`;
    const shop = await pageOf("shop.example");
    expect(await fetched(shop, path, "text/plain", '{"value":"simple"}')).toBe(200);
    expect(await fetched(shop, path, "application/json", '{"value":"asked for"}')).toBe(200);
    expect(await fetched(shop, path, "text/html", "x")).toBe(415);
    const evil = await pageOf("evil.example");
    expect(await fetched(evil, path, "text/plain", '{"value":"evil"}')).toBeNull();
    expect(await fetched(evil, path, "application/json", '{"value":"evil"}')).toBeNull();
    const url = `http://localhost:${broker.port}${path}`;
    for (const [page, value] of [
      [evil, "evil"],
      [shop, "beacon"],
    ] as const)
      expect(
        await page.evaluate((...[to, text]) => navigator.sendBeacon(to, text), url, JSON.stringify({ value })),
      ).toBe(true);
    // A beacon is answered to nobody: the page goes, and it still arrives.
    await shop.close();
    await expect.poll(async () => await valuesOf("clicks")).toEqual(["simple", "asked for", "beacon"]);
    await evil.close();
  });
});

describe("a topic that lists a page's origin", () => {
  test("may be written by it, and by no other page", async () => {
    const config = { "cors.origins": originOf("shop.example") };
    await ask("/v1/topics", { name: "orders", partitionCount: 1, config });
    const [shop, evil] = [await pageOf("shop.example"), await pageOf("evil.example")];
    const path = "/v1/topics/orders/records";
    expect(await fetched(evil, path, "application/json", '{"value":"evil"}')).toBeNull();
    expect(await fetched(shop, path, "application/json", '{"value":"shop"}')).toBe(200);
    expect(await fetched(shop, "/v1/topics", "application/json", '{"name":"made-by-a-page"}')).toBeNull();
    expect(await valuesOf("orders")).toEqual(["shop"]);
    await expect(ask("/v1/topics/made-by-a-page")).rejects.toThrow("UNKNOWN_TOPIC_OR_PARTITION");
  });
});

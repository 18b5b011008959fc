/** A broker, a proxy before it, and one browser with any number of tabs of one device. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "puppeteer-core";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import type { OpenPromise } from "../harness/promise-watch.ts";
import { startStaticServer, type Files, type StaticServer } from "../harness/static-server.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const PAGE = `<!doctype html><title>tab</title><script type="module" src="tabs-page.js"></script>`;
/** Before the library's worker: what stops with it is frozen, and who takes a lock from its holder is told of. */
const PULSE = `
{
  const pulse = new BroadcastChannel("pulse");
  setInterval(() => pulse.postMessage(new URLSearchParams(location.search).get("tab")), 50);
  const thefts = new BroadcastChannel("thefts");
  const request = navigator.locks?.request.bind(navigator.locks);
  if (request !== undefined)
    navigator.locks.request = (lock, options, ...rest) => {
      if (options.steal) thefts.postMessage(lock);
      return request(lock, options, ...rest);
    };
}
`;
/** The lab's own pages under a name that browsers do not trust without https. */
export const INSECURE_HOST = "insecure.test";
const FROZEN_AFTER_MS = 1_000;

export class TabsLab {
  readonly broker: Workerd;
  readonly proxy: TcpProxy;
  readonly browser: LaunchedBrowser;
  readonly server: StaticServer;
  readonly front: Page;
  /** Every value that a tab was told to be safe on the device. */
  readonly acked: Set<string> = new Set();
  readonly #removeDir: () => Promise<void>;

  private constructor(parts: Pick<TabsLab, "broker" | "proxy" | "browser" | "server">, removeDir: () => Promise<void>) {
    this.broker = parts.broker;
    this.proxy = parts.proxy;
    this.browser = parts.browser;
    this.server = parts.server;
    this.front = parts.browser.page;
    this.#removeDir = removeDir;
  }

  static async open(more: Files = new Map()): Promise<TabsLab> {
    const dir = await tempDir("tabs");
    const broker = await startBroker({ dir: join(dir.path, "broker") });
    const proxy = await startTcpProxy({ upstreamPort: broker.port });
    const page = await bundlePage({ entry: "test/system/tabs-page.ts" });
    const files = new Map([...page, ["worker.js", withPulse(page.get("worker.js"))], ["index.html", PAGE], ...more]);
    const server = await startStaticServer(files);
    const flags = [`--host-resolver-rules=MAP ${INSECURE_HOST} localhost`];
    const browser = await launchBrowser({ userDataDir: join(dir.path, "profile"), flags });
    const lab = new TabsLab({ broker, proxy, browser, server }, () => dir.remove());
    await lab.front.goto(`${server.url}/?tab=front`);
    return lab;
  }

  async createTopic(name: string, partitionCount: number): Promise<void> {
    const body = JSON.stringify({ name, partitionCount });
    const response = await fetch(`${this.broker.url}/v1/topics`, { method: "POST", body });
    if (!response.ok) throw new Error(await response.text());
  }

  /** A tab behind the one in front. */
  async tab(name: string, { path = "", more = "" } = {}): Promise<Page> {
    const page = await this.browser.newPage();
    await page.goto(`${this.server.url}/${path}?tab=${name}&edge=${encodeURIComponent(this.proxy.url)}${more}`);
    await page.waitForFunction(() => "tab" in window);
    return page;
  }

  async send(page: Page, topic: string, first: number, count: number): Promise<void> {
    const values = await page.evaluate(
      async (...args) => await window.tab.send(...args),
      ...([topic, first, count] as const),
    );
    for (const value of values) this.acked.add(value);
  }

  async drained(page: Page): Promise<void> {
    await until("nothing waits to be sent", async () => (await this.status(page)).pendingRecords === 0);
  }

  async status(page: Page): Promise<Awaited<ReturnType<Window["tab"]["status"]>>> {
    return await page.evaluate(async () => await window.tab.status());
  }

  /** R15, of a tab that runs. */
  async allSettled(page: Page): Promise<void> {
    const unsettled = (): Promise<OpenPromise[]> => page.evaluate(() => window.tab.unsettled());
    await until("every promise has settled", async () => (await unsettled()).length === 0, 10_000).catch(async () => {
      throw new Error(`never settled: ${JSON.stringify(await unsettled())}`);
    });
  }

  /** Of tabs that run. */
  async leaders(tabs: readonly Page[]): Promise<number[]> {
    const leading = await Promise.all(tabs.map(async (page) => (await this.status(page)).leader));
    return leading.flatMap((leads, index) => (leads ? [index] : []));
  }

  /** As the browser does to a tab that has long been in the background. Resolves once its worker stands still. */
  async freeze(page: Page, name: string): Promise<void> {
    await this.front.bringToFront();
    const devtools = await page.createCDPSession();
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await until(`the worker of ${name} stands still`, async () => (await this.silentMs(name)) > FROZEN_AFTER_MS);
  }

  async thaw(page: Page, name: string): Promise<void> {
    const devtools = await page.createCDPSession();
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await until(`the worker of ${name} runs`, async () => (await this.silentMs(name)) < FROZEN_AFTER_MS / 2);
  }

  /** Since when the tab's worker has not been heard of. */
  async silentMs(name: string): Promise<number> {
    return await this.front.evaluate((tab) => performance.now() - (window.pulses.get(tab) ?? 0), name);
  }

  /** How often a lock was taken from a tab that held it. */
  async thefts(): Promise<number> {
    return await this.front.evaluate(() => window.thefts);
  }

  async close(): Promise<void> {
    await this.browser.kill();
    await this.proxy.close();
    await this.server.close();
    await this.broker.kill();
    await this.#removeDir();
  }
}

export function withPulse(worker: string | Uint8Array | undefined): string {
  if (!(worker instanceof Uint8Array)) throw new Error("the bundle has no worker");
  return PULSE + new TextDecoder().decode(worker);
}

/** In milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

export async function until(what: string, isSo: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(20);
  }
}

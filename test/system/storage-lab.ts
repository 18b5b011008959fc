/** A broker, a page for storage tests, and one browser whose quota and databases the test may change. */
import { join } from "node:path";
import type { CDPSession, Page } from "puppeteer-core";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";
import type { StoragePage } from "./storage-page.ts";

const PAGE = `<!doctype html><title>storage</title><script type="module" src="storage-page.js"></script>`;

export class StorageLab {
  readonly broker: Workerd;
  readonly server: StaticServer;
  readonly #dir: Awaited<ReturnType<typeof tempDir>>;
  readonly #browsers = new Set<LaunchedBrowser>();

  private constructor(parts: { broker: Workerd; server: StaticServer; dir: Awaited<ReturnType<typeof tempDir>> }) {
    this.broker = parts.broker;
    this.server = parts.server;
    this.#dir = parts.dir;
  }

  static async open(): Promise<StorageLab> {
    const dir = await tempDir("storage");
    const broker = await startBroker({ dir: join(dir.path, "broker") });
    const page = await bundlePage({ entry: "test/system/storage-page.ts" });
    const server = await startStaticServer(new Map([...page, ["index.html", PAGE]]));
    return new StorageLab({ broker, server, dir });
  }

  async createTopic(name: string, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const body = JSON.stringify({ name, partitionCount: 1, config });
    const response = await fetch(`${this.broker.url}/v1/topics`, { method: "POST", body });
    if (!response.ok) throw new Error(await response.text());
  }

  /** A browser of its own, with a tab in it that has not loaded the page yet: Chromium remembers for half a minute what room an origin had. */
  async device(profile: string, flags: readonly string[] = []): Promise<StorageTab> {
    const browser = await launchBrowser({ userDataDir: join(this.#dir.path, profile), flags });
    this.#browsers.add(browser);
    return await this.#tab(browser.page, () => this.another(browser));
  }

  async another(browser: LaunchedBrowser): Promise<StorageTab> {
    return await this.#tab(await browser.newPage(), () => this.another(browser));
  }

  async #tab(page: Page, another: () => Promise<StorageTab>): Promise<StorageTab> {
    return new StorageTab(page, await page.createCDPSession(), { lab: this, another });
  }

  async close(): Promise<void> {
    for (const browser of this.#browsers) await browser.kill();
    await this.broker.kill();
    await this.server.close();
    await this.#dir.remove();
  }
}

export class StorageTab {
  readonly #page: Page;
  readonly #cdp: CDPSession;
  readonly #lab: StorageLab;
  readonly another: () => Promise<StorageTab>;

  constructor(page: Page, cdp: CDPSession, more: { lab: StorageLab; another: () => Promise<StorageTab> }) {
    this.#page = page;
    this.#cdp = cdp;
    this.#lab = more.lab;
    this.another = more.another;
  }

  /** Again, as a reload does. `edge`: another than the lab's, and who signs in there. */
  async load(edge: { readonly url: string; readonly token?: string } = this.#lab.broker): Promise<void> {
    const { url, token } = edge;
    const query = new URLSearchParams({ edge: url, ...(token === undefined ? {} : { token }) });
    await this.#page.goto(`${this.#lab.server.url}/?${query.toString()}`);
    await this.#page.waitForFunction(() => "storagePage" in window);
  }

  /** No page of the origin runs in it any more. */
  async leave(): Promise<void> {
    await this.#page.goto("about:blank");
  }

  async call<Name extends keyof StoragePage>(
    name: Name,
    ...args: Parameters<StoragePage[Name]>
  ): Promise<Awaited<ReturnType<StoragePage[Name]>>> {
    return (await this.#page.evaluate(
      async (method, given) => await (window.storagePage[method] as (...all: unknown[]) => unknown)(...given),
      name,
      args,
    )) as Awaited<ReturnType<StoragePage[Name]>>;
  }

  /** Null: as the browser would. */
  async quota(bytes: number | null): Promise<void> {
    const origin = this.#lab.server.url;
    await this.#cdp.send("Storage.overrideQuotaForOrigin", bytes === null ? { origin } : { origin, quotaSize: bytes });
  }

  async clear(storageTypes: "indexeddb" | "all"): Promise<void> {
    await this.#cdp.send("Storage.clearDataForOrigin", { origin: this.#lab.server.url, storageTypes });
  }
}

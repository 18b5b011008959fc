/** A broker, a proxy in front of it, the profile page, and browsers on profiles that outlive them. */
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundlePage } from "../harness/bundle-page.ts";
import { FailingPower } from "../harness/failing-power.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { beganEmpty, tearLogs } from "../harness/leveldb-files.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const PAGE = `<!doctype html><title>profile</title><script type="module" src="profile-page.js"></script>`;

export class DeviceLab {
  readonly broker: Workerd;
  readonly proxy: TcpProxy;
  /** Every value that a page was told to be safe on its device. */
  readonly acked: Set<string> = new Set();
  readonly #dir: Awaited<ReturnType<typeof tempDir>>;
  readonly #server: StaticServer;
  readonly #running = new Set<LaunchedBrowser>();

  private constructor(parts: {
    broker: Workerd;
    proxy: TcpProxy;
    dir: Awaited<ReturnType<typeof tempDir>>;
    server: StaticServer;
  }) {
    this.broker = parts.broker;
    this.proxy = parts.proxy;
    this.#dir = parts.dir;
    this.#server = parts.server;
  }

  static async open(): Promise<DeviceLab> {
    const dir = await tempDir("lab");
    const broker = await startBroker({ dir: join(dir.path, "broker") });
    const proxy = await startTcpProxy({ upstreamPort: broker.port });
    const page = await bundlePage({ entry: "test/system/profile-page.ts" });
    const server = await startStaticServer(new Map([...page, ["index.html", PAGE]]));
    return new DeviceLab({ broker, proxy, dir, server });
  }

  async createTopic(name: string, partitionCount: number): Promise<void> {
    const response = await fetch(`${this.broker.url}/v1/topics`, {
      method: "POST",
      body: JSON.stringify({ name, partitionCount }),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  /** A browser on that profile, with the page open in it. */
  async launch(profile: string, env: Readonly<Record<string, string>> = {}): Promise<LaunchedBrowser> {
    const browser = await launchBrowser({ userDataDir: join(this.#dir.path, profile), env });
    this.#running.add(browser);
    await browser.page.exposeFunction("acked", (values: string[]) => {
      for (const value of values) this.acked.add(value);
    });
    await browser.page.goto(`${this.#server.url}/?edge=${encodeURIComponent(this.proxy.url)}`);
    await browser.page.waitForFunction(() => "profile" in window);
    return browser;
  }

  async kill(browser: LaunchedBrowser): Promise<void> {
    this.#running.delete(browser);
    await browser.kill();
  }

  /** For browsers on that profile. */
  failingPower(profile: string): FailingPower {
    return new FailingPower({
      folder: join(this.#dir.path, `${profile}-power`),
      userDataDir: join(this.#dir.path, profile),
    });
  }

  /** Of a browser that does not run. */
  copyProfile(from: string, to: string): void {
    cpSync(join(this.#dir.path, from), join(this.#dir.path, to), { recursive: true });
  }

  /** Of a browser that does not run: as if the kill had met it within a write. */
  tearLogs(profile: string): boolean {
    return tearLogs(join(this.#dir.path, profile));
  }

  /** Whether the browser that ran last on that profile found no database there. */
  beganEmpty(profile: string): boolean {
    return beganEmpty(join(this.#dir.path, profile));
  }

  /** Ends the browsers; a copy of the profiles and of the broker's files, for whoever has to find out what became of a record. */
  async keep(): Promise<string> {
    for (const browser of this.#running) await this.kill(browser);
    const kept = mkdtempSync(join(tmpdir(), "strandline-kept-"));
    cpSync(this.#dir.path, kept, { recursive: true });
    return kept;
  }

  async close(): Promise<void> {
    for (const browser of this.#running) await browser.kill();
    await this.proxy.close();
    await this.broker.kill();
    await this.#server.close();
    await this.#dir.remove();
  }
}

/** Firefox for vitest's browser tests, over WebDriver BiDi: a page of its own for every session. */
import { setTimeout as sleep } from "node:timers/promises";
import { defineBrowserProvider } from "@vitest/browser";
import { launch, type Browser, type Page } from "puppeteer-core";
import type { BrowserProvider, BrowserProviderOption, TestProject } from "vitest/node";
import { ensureFirefox } from "./find-engines.ts";
import { groupGone, signalGroup } from "./process-group.ts";

const OPEN_MS_MAX = 60_000;
const CLOSE_MS_MAX = 10_000;

class FirefoxProvider implements BrowserProvider {
  readonly name = "firefox";
  readonly supportsParallelism = false;
  readonly #pages = new Map<string, Page>();
  #browser: Promise<Browser> | null = null;

  constructor(project: TestProject) {
    // The size of the window matters to no test of ours.
    project.browser?.registerCommand("__vitest_viewport" as never, (async () => {}) as never);
  }

  getCommandsContext(): Record<string, unknown> {
    return {};
  }

  async openPage(sessionId: string, url: string): Promise<void> {
    this.#browser ??= launch({
      browser: "firefox",
      executablePath: ensureFirefox(),
      headless: true,
      timeout: OPEN_MS_MAX,
    });
    const browser = await this.#browser;
    await this.#pages.get(sessionId)?.close();
    const page = await browser.newPage();
    this.#pages.set(sessionId, page);
    await page.goto(url, { timeout: OPEN_MS_MAX });
  }

  async close(): Promise<void> {
    // One that never opened has been told of, and has nothing to close.
    const browser = await this.#browser?.catch(() => null);
    this.#browser = null;
    this.#pages.clear();
    if (browser !== null && browser !== undefined) await closed(browser);
  }
}

/** One that hangs is ended: it never answers. */
async function closed(browser: Browser): Promise<void> {
  const pid = browser.process()?.pid;
  const hangs = sleep(CLOSE_MS_MAX, undefined, { ref: false });
  await Promise.race([browser.close(), hangs]).catch(() => undefined);
  if (pid === undefined) return;
  signalGroup(pid, "SIGKILL");
  await groupGone(pid);
}

export function firefox(): BrowserProviderOption {
  return defineBrowserProvider({
    name: "firefox",
    supportedBrowser: ["firefox"],
    providerFactory: (project) => new FirefoxProvider(project),
  });
}

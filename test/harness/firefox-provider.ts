/** Firefox for vitest's browser tests, over WebDriver BiDi: a page of its own for every session. */
import { defineBrowserProvider } from "@vitest/browser";
import { launch, type Browser, type Page } from "puppeteer-core";
import type { BrowserProvider, BrowserProviderOption, TestProject } from "vitest/node";
import { ensureFirefox } from "./find-engines.ts";

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
    this.#browser ??= launch({ browser: "firefox", executablePath: ensureFirefox(), headless: true });
    const browser = await this.#browser;
    await this.#pages.get(sessionId)?.close();
    const page = await browser.newPage();
    this.#pages.set(sessionId, page);
    await page.goto(url);
  }

  async close(): Promise<void> {
    const browser = await this.#browser;
    this.#browser = null;
    this.#pages.clear();
    await browser?.close();
  }
}

export function firefox(): BrowserProviderOption {
  return defineBrowserProvider({
    name: "firefox",
    supportedBrowser: ["firefox"],
    providerFactory: (project) => new FirefoxProvider(project),
  });
}

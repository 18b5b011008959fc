/** WebKit for vitest's browser tests: one window, one session after the other. */
import { defineBrowserProvider } from "@vitest/browser";
import type { BrowserProvider, BrowserProviderOption, TestProject } from "vitest/node";
import { openWebKit, type WebKitSession } from "./webkit-driver.ts";

class WebKitProvider implements BrowserProvider {
  readonly name = "webkit";
  readonly supportsParallelism = false;
  #session: Promise<WebKitSession> | null = null;

  constructor(project: TestProject) {
    // The size of the window matters to no test of ours.
    project.browser?.registerCommand("__vitest_viewport" as never, (async () => {}) as never);
  }

  getCommandsContext(): Record<string, unknown> {
    return {};
  }

  async openPage(_sessionId: string, url: string): Promise<void> {
    this.#session ??= openWebKit();
    await (await this.#session).goto(url);
  }

  async close(): Promise<void> {
    // One that never opened has been told of, and has nothing to close.
    const session = await this.#session?.catch(() => null);
    this.#session = null;
    await session?.close();
  }
}

export function webkit(): BrowserProviderOption {
  return defineBrowserProvider({
    name: "webkit",
    supportedBrowser: ["webkit"],
    providerFactory: (project) => new WebKitProvider(project),
  });
}

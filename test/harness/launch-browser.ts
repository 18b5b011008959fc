/** A real Chromium on a profile that outlives it: killed without warning and started again on the same data. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { launch, type Browser, type Page } from "puppeteer-core";
import { CHROMIUM_FLAGS } from "./chromium-flags.ts";
import { ensureChromium } from "./find-chromium.ts";
import { groupGone, signalGroup } from "./process-group.ts";

export interface LaunchOptions {
  /** The profile. Kept: launching again on it finds the same IndexedDB. */
  readonly userDataDir: string;
  readonly flags?: readonly string[];
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface LaunchedBrowser {
  readonly browser: Browser;
  /** The tab that the browser opened with. */
  readonly page: Page;
  readonly pid: number;
  newPage(): Promise<Page>;
  /** SIGKILL to the browser and all of its processes. Resolves when none of them runs. */
  kill(): Promise<void>;
  /** Closes it as a user would. */
  close(): Promise<void>;
}

export async function launchBrowser(options: LaunchOptions): Promise<LaunchedBrowser> {
  dropStaleLocks(options.userDataDir);
  const browser = await launch({
    executablePath: ensureChromium(),
    headless: true,
    userDataDir: options.userDataDir,
    args: [...CHROMIUM_FLAGS, ...(options.flags ?? [])],
    env: { ...process.env, ...options.env },
    // The harness ends what it starts; puppeteer's own handlers would turn a kill into a clean exit.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  const pid = browser.process()?.pid;
  if (pid === undefined) throw new Error("the browser has no process");
  const page = (await browser.pages())[0] ?? (await browser.newPage());
  return {
    browser,
    page,
    pid,
    newPage: () => browser.newPage(),
    kill: async () => {
      const disconnected = untilDisconnected(browser);
      signalGroup(pid, "SIGKILL");
      await groupGone(pid);
      await disconnected;
    },
    close: async () => {
      await browser.close();
      await groupGone(pid);
    },
  };
}

/** Puppeteer hears of the end a little after the process is gone. */
function untilDisconnected(browser: Browser): Promise<void> {
  if (!browser.connected) return Promise.resolve();
  return new Promise((resolve) => browser.once("disconnected", () => resolve()));
}

/** What a killed Chromium leaves behind names a process that is gone; a new one would refuse the profile for it. */
function dropStaleLocks(userDataDir: string): void {
  for (const name of ["SingletonLock", "SingletonCookie", "SingletonSocket"]) {
    rmSync(join(userDataDir, name), { force: true });
  }
}

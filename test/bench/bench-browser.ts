/** A fresh Chromium on a fresh profile, with a bundle of the bench served to it from localhost. */
import { bundlePage, type PageBundleOptions } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type Files } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";
import type { Page } from "puppeteer-core";

export interface BenchBrowser extends LaunchedBrowser {
  readonly url: string;
  /** A new tab with the page's script run. */
  open(): Promise<Page>;
}

export async function withBrowser<Result>(
  bundle: PageBundleOptions & { readonly more?: Files },
  body: (browser: BenchBrowser) => Promise<Result>,
): Promise<Result> {
  const files = new Map(await bundlePage(bundle));
  for (const [path, contents] of bundle.more ?? []) files.set(path, contents);
  const script = [...files.keys()].find((path) => path.endsWith(".js") && path !== "worker.js") ?? "";
  const html = `<!doctype html><title>bench</title><script type="module" src="/${script}"></script>`;
  files.set("index.html", new TextEncoder().encode(html));
  const server = await startStaticServer(files);
  const profile = await tempDir("bench");
  const launched = await launchBrowser({ userDataDir: profile.path });
  const open = async (): Promise<Page> => {
    const page = await launched.newPage();
    page.setDefaultTimeout(0);
    await page.goto(server.url, { waitUntil: "load" });
    return page;
  };
  try {
    return await body({ ...launched, url: server.url, open });
  } finally {
    await launched.kill();
    await server.close();
    await profile.remove();
  }
}

/** Calls a function that the page's script has put on `globalThis`. */
export async function call<Result>(page: Page, name: string, argument: unknown): Promise<Result> {
  const run = (called: string, given: unknown): unknown =>
    (globalThis as unknown as Record<string, (one: unknown) => unknown>)[called]?.(given);
  return (await page.evaluate(run, name, argument)) as Result;
}

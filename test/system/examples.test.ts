/** The first programs of a new user, opened in a browser as they are and read by what they print. */
import type { Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { startTcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let browser: LaunchedBrowser;
let server: StaticServer | null = null;
beforeAll(async () => {
  dir = await tempDir("examples");
  browser = await launchBrowser({ userDataDir: `${dir.path}/profile` });
});
afterEach(async () => {
  await server?.close();
  server = null;
});
afterAll(async () => {
  await browser.kill();
  await dir.remove();
});

/** What a page has printed, and what it has thrown. */
class Printed {
  readonly page: Page;
  readonly lines: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => this.lines.push(message.text()));
    page.on("pageerror", (error) => this.lines.push(`thrown: ${String(error)}`));
  }

  async until(line: RegExp): Promise<void> {
    await expect.poll(() => this.lines, { timeout: 20_000 }).toContainEqual(expect.stringMatching(line));
  }
}

/** Each example has an origin of its own, and so an empty browser. */
async function serve(example: string): Promise<string> {
  const files = new Map(await bundlePage({ entry: `examples/first/${example}.ts` }));
  files.set(
    "index.html",
    `<!doctype html><title>${example}</title><link rel="icon" href="data:,"><script type="module" src="${example}.js"></script>`,
  );
  server = await startStaticServer(files);
  return server.url;
}

async function open(url: string): Promise<Printed> {
  const printed = new Printed(await browser.newPage());
  await printed.page.goto(url);
  return printed;
}

test("offline: a record is on disk, and read back", async () => {
  const printed = await open(await serve("offline"));
  await printed.until(/^read at 0: pears$/);
  expect(printed.lines).toEqual([expect.stringMatching(/^on disk as notes-\d~0$/), "read at 0: pears"]);
});

test("sync: on disk while the edge is out of reach, at the edge once it is back", async () => {
  const broker = await startBroker({ dir: `${dir.path}/broker` });
  const proxy = await startTcpProxy({ upstreamPort: broker.port });
  try {
    const url = `${await serve("sync")}/?edge=${encodeURIComponent(proxy.url)}`;
    proxy.cut();
    const printed = await open(url);
    await printed.until(/^on disk as orders-\?~0$/);
    expect(printed.lines.filter((line) => line.startsWith("at the edge"))).toEqual([]);
    proxy.restore();
    await printed.until(/^at the edge as orders-\d@0$/);
    expect(printed.lines).toContain("online");
  } finally {
    await proxy.close();
    await broker.kill();
  }
});

test("tabs: they share the jobs, and the others go on where one was closed", async () => {
  const url = await serve("tabs");
  const first = await open(url);
  await first.until(/^did /);
  const second = await open(url);
  await second.until(/^sent /);
  // Nobody closes before that: each job is done once.
  await expect.poll(() => jobs("did", first, second), { timeout: 20_000 }).toEqual(jobs("sent", first, second));
  await first.page.close();
  const third = await open(url);
  await third.until(/^sent /);
  // What the closed one had done and not yet committed is done again.
  const done = (): string[] => [...new Set(jobs("did", first, second, third))];
  await expect.poll(done, { timeout: 20_000 }).toEqual(jobs("sent", first, second, third));
  await third.page.close();
  await second.page.close();
});

function jobs(what: "sent" | "did", ...tabs: readonly Printed[]): string[] {
  const lines = tabs.flatMap((tab) => tab.lines).filter((line) => line.startsWith(`${what} `));
  return lines.map((line) => line.slice(what.length + 1)).toSorted();
}

test("typed: what fits is read with its type, what does not is refused, and what others sent is set aside", async () => {
  const printed = await open(await serve("typed"));
  await printed.until(/^3 of pear$/);
  expect(printed.lines).toEqual([
    expect.stringMatching(/^refused: .*message 0 to orders: value\.amount: Too small/),
    "set aside: sent by an older version, no JSON",
    "3 of pear",
  ]);
});

test("table: each change is told, and what is left is the latest of each key", async () => {
  const printed = await open(await serve("table"));
  await printed.until(/^\[\["a",\{"text":"buy pears","done":true\}\]\]$/);
  expect(printed.lines[0]).toContain("buy pears");
});

test("exactly-once: a handler that crashed leaves nothing, and each word is counted once", async () => {
  const printed = await open(await serve("exactly-once"));
  await printed.until(/^pear: 2$/);
  const counts = printed.lines.filter((line) => !line.startsWith("[strandline"));
  expect(counts).toEqual(["pear: 1", "plum: 1", "pear: 2"]);
  expect(printed.lines.length).toBe(counts.length + 1);
});

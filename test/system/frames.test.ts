/** A page under a strict Content-Security-Policy, in another site's frame, and in a frame without an origin. */
import { join } from "node:path";
import type { Frame, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type Files, type StaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";

const PAGE = '<!doctype html><title>a page</title><script type="module" src="frame-page.js"></script>';

let dir: Awaited<ReturnType<typeof tempDir>>;
let browser: LaunchedBrowser;
let files: Files;
let servers: StaticServer[] = [];
beforeAll(async () => {
  dir = await tempDir("frames");
  browser = await launchBrowser({ userDataDir: join(dir.path, "profile") });
  files = new Map([...(await bundlePage({ entry: "test/system/frame-page.ts" })), ["index.html", PAGE]]);
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});
afterAll(async () => {
  await browser.kill();
  await dir.remove();
});

async function serve(headers: Readonly<Record<string, string>>, extra: Files = new Map()): Promise<StaticServer> {
  const server = await startStaticServer(new Map([...files, ...extra]), headers);
  servers.push(server);
  return server;
}

/** Another site than `localhost`, and as secure. */
const elsewhere = ({ port }: StaticServer): string => `http://127.0.0.1:${port}/`;

/** A page of `localhost` that frames this one. */
async function framing(
  framed: string,
  attributes: string = "",
): Promise<{ readonly page: Page; readonly frame: Frame }> {
  const html = `<!doctype html><title>around</title><iframe ${attributes} src="${framed}"></iframe>`;
  const around = await serve({}, new Map([["around.html", html]]));
  const page = await browser.newPage();
  await page.goto(`${around.url}/around.html`);
  return { page, frame: await framedIn(page) };
}

async function framedIn(page: Page): Promise<Frame> {
  const element = await page.waitForSelector("iframe");
  const frame = await element?.contentFrame();
  if (frame === null || frame === undefined) throw new Error("the frame shows nothing");
  await ready(frame);
  return frame;
}

const ready = (frame: Frame | Page): Promise<unknown> => frame.waitForFunction(() => "framed" in window);
const sendAndRead = (frame: Frame | Page, value: string): Promise<readonly string[]> =>
  frame.evaluate((sent) => window.framed.sendAndRead(sent), value);

/** Opens the page under this policy with its edge allowed; what it sent and read, and what the policy complained of. */
async function underPolicy(
  policy: string,
  query: string = "",
): Promise<{ read: readonly string[]; refused: string[] }> {
  const folder = await tempDir("policy");
  const broker = await startBroker({ dir: folder.path });
  const server = await serve({ "content-security-policy": `${policy}; connect-src ${broker.url}; img-src 'self'` });
  const page = await browser.newPage();
  const refused: string[] = [];
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) refused.push(message.text());
  });
  await page.goto(`${server.url}/?edge=${encodeURIComponent(broker.url)}${query}`);
  await ready(page);
  const read = await sendAndRead(page, "under a policy");
  await page.close();
  await broker.kill();
  await folder.remove();
  return { read, refused };
}

const STRICT = "default-src 'none'; script-src 'self'; worker-src 'self'";
const TRUSTED = `${STRICT}; require-trusted-types-for 'script'; trusted-types strandline`;

test("a policy that allows the page's own scripts and workers, and the edge, is enough", async () => {
  expect(await underPolicy(STRICT)).toEqual({ read: ["under a policy"], refused: [] });
});

test("where types are to be trusted the page makes the worker, and is told so", async () => {
  expect(await underPolicy(TRUSTED, "&trusted")).toEqual({ read: ["under a policy"], refused: [] });
  const { read } = await underPolicy(TRUSTED);
  expect(read[0]).toBe("UNSUPPORTED_OPERATION");
  expect(read[1]).toContain("TrustedScriptURL");
});

test("a worker that the policy forbids is told of, and the call settles", async () => {
  const server = await serve({ "content-security-policy": "default-src 'none'; script-src 'self'; worker-src 'none'" });
  const page = await browser.newPage();
  await page.goto(server.url);
  await ready(page);
  const [code, message] = await sendAndRead(page, "never");
  expect(code).toBe("WORKER_DIED");
  expect(message).toContain("failed to start");
  await page.close();
});

test("in another site's frame the log is the frame's own, and lasts", async () => {
  const framed = await serve({});
  const { page, frame } = await framing(elsewhere(framed));
  expect(await sendAndRead(frame, "framed 1")).toEqual(["framed 1"]);
  await page.reload();
  expect(await sendAndRead(await framedIn(page), "framed 2")).toEqual(["framed 1", "framed 2"]);

  const alone = await browser.newPage();
  await alone.goto(elsewhere(framed));
  await ready(alone);
  expect(await sendAndRead(alone, "alone")).toEqual(["alone"]);
  await Promise.all([page.close(), alone.close()]);
});

test("a sandboxed frame with allow-same-origin works as any other", async () => {
  const framed = await serve({});
  const { page, frame } = await framing(elsewhere(framed), 'sandbox="allow-scripts allow-same-origin"');
  expect(await sendAndRead(frame, "sandboxed")).toEqual(["sandboxed"]);
  await page.close();
});

test("a frame without an origin is told what to do, and works in memory through strandline/http", async () => {
  // Its module scripts are fetched across origins.
  const framed = await serve({ "access-control-allow-origin": "*" });
  const { page, frame } = await framing(elsewhere(framed), 'sandbox="allow-scripts"');
  const [code, message] = await sendAndRead(frame, "never");
  expect(code).toBe("UNSUPPORTED_OPERATION");
  expect(message).toContain("allow-same-origin");
  const inMemory = await frame.evaluate(() => window.framed.sendAndReadInMemory("kept in memory"));
  expect(inMemory).toEqual(["kept in memory"]);
  await page.close();
});

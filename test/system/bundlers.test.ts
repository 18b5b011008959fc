/** The built package in the projects of its users: a record is sent and read back, so the worker was found. */
import { spawnSync } from "node:child_process";
import { cp, readFile, symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { build as esbuild, type BuildOptions } from "esbuild";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publint } from "publint";
import { build as viteBuild, createServer } from "vite";
import { buildPackage, projectWithPackage } from "../harness/built-package.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { ROOT } from "../harness/paths.ts";
import { packageSizes } from "../harness/package-sizes.ts";
import { sizesIn } from "../harness/sizes-row.ts";
import { startStaticServer, type Files } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let browser: LaunchedBrowser;
beforeAll(async () => {
  dir = await tempDir("bundlers");
  await buildPackage(join(dir.path, "package"));
  browser = await launchBrowser({ userDataDir: join(dir.path, "profile") });
});
afterAll(async () => {
  await browser.kill();
  await dir.remove();
});

/** The project in a folder of that name, with the package among its modules. */
async function install(project: string, name: string): Promise<string> {
  const folder = join(dir.path, name);
  await projectWithPackage(project, { built: join(dir.path, "package"), folder });
  return folder;
}

/** What the page shows in the end, and whether its worker was made of its text. */
async function shownAt(url: string): Promise<string> {
  const page = await browser.newPage();
  const said: string[] = [];
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("console", (message) => said.push(message.text()));
  page.on("requestfailed", (request) => said.push(`failed: ${request.url()}`));
  try {
    await page.goto(url);
    await page.waitForFunction(() => (document.body?.textContent ?? "").includes(" at "), { timeout: 20_000 });
    const fromText = page.workers().some((worker) => worker.url().startsWith("blob:"));
    return (await page.evaluate(() => document.body.textContent ?? "")) + (fromText ? ", from text" : "");
  } catch (error) {
    throw new Error(`${String(error)}\n${said.join("\n")}`, { cause: error });
  } finally {
    await page.close();
  }
}

async function shownIn(files: string | Files, headers?: Record<string, string>): Promise<string> {
  const server = await startStaticServer(files, headers);
  try {
    return await shownAt(server.url);
  } finally {
    await server.close();
  }
}

test("the package says of itself what is so", async () => {
  const { messages } = await publint({ pkgDir: join(dir.path, "package"), pack: false });
  expect(messages).toEqual([]);
});

test("the README's sizes are what the package has", async () => {
  const { first, consuming, whole, worker } = await packageSizes(join(dir.path, "package"));
  const told = sizesIn(await readFile(join(ROOT, "README.md"), "utf8"));
  expect(told).toHaveLength(4);
  for (const [index, bytes] of [first, consuming, whole, worker].entries())
    expect(Math.abs((told[index] ?? 0) * 1_000 - bytes) / bytes, `${told[index]} kB`).toBeLessThan(0.05);
});

test("every entry of the package is imported in Node, where nothing but react is installed beside it", async () => {
  const root = await install("script", "node");
  await symlink(join(ROOT, "node_modules", "react"), join(root, "node_modules", "react"));
  const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, unknown>;
  };
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json"));
  const script = entries.map((entry) => `await import("${entry.replace(".", "strandline")}");`).join("\n");
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: root,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(entries).toContain("./http");
});

test("Vite finds the worker, building and developing, without configuration", async () => {
  const root = await install("vite", "vite");
  await viteBuild({ root, configFile: false, logLevel: "silent" });
  expect(await shownIn(join(root, "dist"))).toBe("hello from Vite at 0");

  const server = await createServer({ root, configFile: false, logLevel: "silent", server: { host: "127.0.0.1" } });
  try {
    await server.listen(0);
    expect(await shownAt(server.resolvedUrls?.local[0] ?? "")).toBe("hello from Vite at 0");
  } finally {
    await server.close();
  }
});

/** `main.ts` and the page in `www`, built with these entry points. */
async function shownByEsbuild(
  project: string,
  options: BuildOptions,
  headers?: Record<string, string>,
): Promise<string> {
  const root = await install("esbuild", project);
  const { outputFiles = [] } = await esbuild({
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    target: "es2024",
    outdir: "www",
    write: false,
    logLevel: "silent",
    ...options,
  });
  const page = await readFile(join(root, "index.html"));
  const files = outputFiles.map(({ path, contents }) => [relative(join(root, "www"), path), contents] as const);
  return await shownIn(new Map<string, Uint8Array>([...files, ["index.html", page]]), headers);
}

test("esbuild needs no configuration: the worker comes with the page", async () => {
  expect(await shownByEsbuild("esbuild", { entryPoints: ["main.ts"] })).toBe("hello from esbuild at 0, from text");
  // A classic script knows no address of its own.
  const classic = await shownByEsbuild("esbuild-classic", { entryPoints: ["main.ts"], format: "iife" });
  expect(classic).toBe("hello from esbuild at 0, from text");
});

test("esbuild takes the worker as a second entry point, which a strict policy lets pass", async () => {
  const entryPoints = { main: "main.ts", worker: "strandline/worker" };
  const headers = { "content-security-policy": "default-src 'none'; script-src 'self'; worker-src 'self'" };
  expect(await shownByEsbuild("esbuild-worker", { entryPoints, splitting: true }, headers)).toBe(
    "hello from esbuild at 0",
  );
});

test("a page takes the package from another origin, as from a network that delivers it", async () => {
  const root = await install("script", "delivered");
  const from = join(root, "node_modules", "strandline", "dist");
  const delivery = await startStaticServer(from, { "access-control-allow-origin": "*" });
  const page = await readFile(join(root, "index.html"), "utf8");
  expect(await shownIn(new Map([["index.html", page.replace("./strandline/", `${delivery.url}/`)]]), {})).toBe(
    "hello from a script at 0, from text",
  );
  await delivery.close();
});

test("a page without a bundler takes the package as it is built", async () => {
  const root = await install("script", "script");
  await cp(join(root, "node_modules", "strandline", "dist"), join(root, "strandline"), { recursive: true });
  expect(await shownIn(root)).toBe("hello from a script at 0");
});

const PARTS = ["consumer-work", "table-view", "dead-letters", "page-admin"];

interface PartlessPage {
  readonly page: Page;
  readonly letThrough: () => void;
  readonly close: () => Promise<void>;
}

/** A page that sends, and whose parts are not to be had until they are let through. */
async function pageWithoutParts(): Promise<PartlessPage> {
  const root = await install("script", `parts-${crypto.randomUUID()}`);
  await cp(join(root, "node_modules", "strandline", "dist"), join(root, "strandline"), { recursive: true });
  const server = await startStaticServer(root);
  const page = await browser.newPage();
  let blocked = true;
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const isPart = PARTS.some((part) => request.url().includes(part));
    void (isPart && blocked ? request.abort("internetdisconnected") : request.continue());
  });
  await page.goto(`${server.url}/parts.html`);
  const close = async (): Promise<void> => {
    await page.close();
    await server.close();
  };
  return { page, letThrough: () => void (blocked = false), close };
}

/** Each part, once the page has asked for it of its own accord: its address. */
function partsAsked(page: Page): Promise<string[]> {
  const asked = PARTS.map((part) => page.waitForRequest((request) => request.url().includes(part)));
  return Promise.all(asked.map(async (request) => (await request).url()));
}

/** In the page. */
interface Tried {
  readonly client: {
    consumer(): { subscribe(subscription: object): Promise<void> };
    producer(): { send(record: object): Promise<readonly unknown[]> };
  };
  load(url: string): Promise<unknown>;
}

/**
 * How many of them come to be. A page has one module of an address, so this ends after the loading that is under way, with
 * whatever it imports.
 */
async function evaluated(page: Page, addresses: readonly string[]): Promise<number> {
  return await page.evaluate(async (urls) => {
    const ended = await Promise.allSettled(urls.map((url) => (globalThis as unknown as Tried).load(url)));
    return ended.filter(({ status }) => status === "fulfilled").length;
  }, addresses);
}

async function subscribed(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    const { client } = globalThis as unknown as Tried;
    try {
      await client.consumer().subscribe({ topic: "t" });
      return "subscribed";
    } catch (error) {
      return (error as { readonly code: string }).code;
    }
  });
}

async function sent(page: Page): Promise<number> {
  return await page.evaluate(async () => {
    const { client } = globalThis as unknown as Tried;
    return (await client.producer().send({ topic: "t", messages: [{ value: "a" }] })).length;
  });
}

test("a part that cannot be loaded says so, sending goes on, and the next call tries again", async () => {
  const { page, letThrough, close } = await pageWithoutParts();
  try {
    expect(await subscribed(page)).toBe("PART_NOT_LOADED");
    expect(await sent(page)).toBe(1);
    letThrough();
    expect(await subscribed(page)).toBe("subscribed");
  } finally {
    await close();
  }
});

test("all parts are there once the page was idle, also if the network goes then", async () => {
  const { page, letThrough, close } = await pageWithoutParts();
  try {
    letThrough();
    const asked = partsAsked(page);
    await sent(page);
    expect(await evaluated(page, await asked)).toBe(PARTS.length);
    await page.setOfflineMode(true);
    expect(await subscribed(page)).toBe("subscribed");
  } finally {
    await close();
  }
});

test("parts that could not be had when the page was idle are fetched once it is online again", async () => {
  const { page, letThrough, close } = await pageWithoutParts();
  try {
    const refused = partsAsked(page);
    await sent(page);
    expect(await evaluated(page, await refused)).toBe(0);
    await page.setOfflineMode(true);
    letThrough();
    const asked = partsAsked(page);
    await page.setOfflineMode(false);
    expect(await evaluated(page, await asked)).toBe(PARTS.length);
    await page.setOfflineMode(true);
    expect(await subscribed(page)).toBe("subscribed");
  } finally {
    await close();
  }
});

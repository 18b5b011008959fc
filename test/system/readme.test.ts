/** The blocks of the README that are marked `ts run`, each in a page of a real browser, with no edge. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { ROOT } from "../harness/paths.ts";
import { codeBlocks } from "../harness/readme-blocks.ts";
import { startStaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";

const README = join(ROOT, "README.md");
const runnable = (existsSync(README) ? codeBlocks(readFileSync(README, "utf8")) : []).filter((one) => one.isRunnable);
const RUN_MS_MAX = 20_000;
const PAGE = '<!doctype html><title>running</title><script type="module" src="./block.js"></script>';

let dir: Awaited<ReturnType<typeof tempDir>>;
let launched: LaunchedBrowser;
beforeAll(async () => {
  dir = await tempDir("readme");
  launched = await launchBrowser({ userDataDir: join(dir.path, "profile") });
});
afterAll(async () => {
  await launched.kill();
  await dir.remove();
});

/** What went wrong, or null. */
async function run(code: string): Promise<string | null> {
  const entry = join(dir.path, "block.ts");
  writeFileSync(entry, `${code}\ndocument.title = "done";\n`);
  const files = await bundlePage({ entry });
  const server = await startStaticServer(new Map([...files, ["index.html", PAGE]]));
  const page = await launched.newPage();
  const failed = new Promise<string>((resolve) => page.once("pageerror", (error) => resolve(String(error))));
  const done = page
    .goto(server.url)
    .then(() => page.waitForFunction(() => document.title === "done", { timeout: RUN_MS_MAX }))
    .then(
      () => null,
      (error: unknown) => String(error),
    );
  const outcome = await Promise.race([failed, done]);
  await page.close();
  await server.close();
  return outcome;
}

describe("README", () => {
  test("a block that throws is caught", async () => {
    expect(await run('throw new Error("planted");')).toContain("planted");
  });

  test("marks at least one block as runnable", () => {
    expect(runnable.length).toBeGreaterThan(0);
  });

  test.each(runnable)("the block at line $line runs", async ({ code }) => {
    expect(await run(code)).toBeNull();
  });
});

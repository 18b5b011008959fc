import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { tempDir } from "../harness/temp-dir.ts";

/** A database with one counter; each load of the page adds one, strictly durable, and shows the sum. */
const PAGE = `<!doctype html><title>counting</title><script type="module">
  const open = indexedDB.open("counter");
  open.onupgradeneeded = () => open.result.createObjectStore("n");
  open.onsuccess = () => {
    const transaction = open.result.transaction("n", "readwrite", { durability: "strict" });
    const store = transaction.objectStore("n");
    const got = store.get("n");
    let sum = 0;
    got.onsuccess = () => store.put(sum = (got.result ?? 0) + 1, "n");
    transaction.oncomplete = () => document.title = String(sum);
  };
</script>`;

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let launched: LaunchedBrowser | null = null;
beforeAll(async () => {
  dir = await tempDir("profile");
  server = await startStaticServer(new Map([["index.html", PAGE]]));
});
afterAll(async () => {
  await launched?.kill();
  await server.close();
  await dir.remove();
});

async function count(): Promise<string> {
  launched = await launchBrowser({ userDataDir: dir.path });
  await launched.page.goto(server.url);
  await launched.page.waitForFunction(() => document.title !== "counting");
  expect(await launched.page.evaluate(() => crossOriginIsolated)).toBe(true);
  return launched.page.title();
}

describe("a browser of our own", () => {
  test("is killed with all of its processes and finds its data again", async () => {
    expect(await count()).toBe("1");
    await launched?.kill();
    expect(launched?.browser.connected).toBe(false);
    expect(await count()).toBe("2");
    await launched?.close();
    expect(await count()).toBe("3");
  });
});

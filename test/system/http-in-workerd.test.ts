/** `strandline/http` inside the runtime of Cloudflare Workers, against a broker in another one. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bundleWorker } from "../harness/bundle-worker.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import { startWorkerd, type Workerd } from "../harness/workerd.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
let worker: Workerd | null = null;
beforeAll(async () => {
  dir = await tempDir("http-worker");
  broker = await startBroker({ dir: join(dir.path, "broker") });
});
afterEach(async () => await worker?.kill());
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

async function ask(started: Workerd, path: string): Promise<unknown> {
  const answer = await fetch(started.url + path);
  const text = await answer.text();
  expect(answer.status, `${text}\n${started.stderr()}`).toBe(200);
  return JSON.parse(text);
}

// The older one knows no `cache` of a request, and none knows `credentials`.
test.each(["2024-01-01", "2026-08-01"])(
  "a Worker of %s sends, has its record acknowledged, and reads, each within one request",
  async (compatibilityDate) => {
    const code = await bundleWorker("test/system/http-worker.ts");
    const variables = { EDGE: broker.url, TOPIC: `from-a-worker-${compatibilityDate}` };
    const folder = join(dir.path, compatibilityDate);
    const started = await startWorkerd({
      code,
      objects: [],
      variables,
      fetchesLocally: true,
      compatibilityDate,
      dir: folder,
    });
    worker = started;
    expect(await ask(started, "/")).toBe(6);
    expect(await ask(started, "/acked?first")).toBe(0);
    // Answered when stored in memory; the flush of `close` outlives the answer through waitUntil.
    expect(await ask(started, "/send?second")).toBe("stored");
    expect(await ask(started, "/acked?third")).toBeGreaterThan(0);
    const values = (await ask(started, "/read?count=3")) as string[];
    expect(values.toSorted()).toEqual(["first", "second", "third"]);
    expect(started.stderr()).toBe("");
  },
);

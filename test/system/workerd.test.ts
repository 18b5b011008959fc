import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tempDir } from "../harness/temp-dir.ts";
import { startWorkerd, WorkerdStartError, type Workerd } from "../harness/workerd.ts";

/** Counts requests in a Durable Object's SQLite, and says what it was configured with. */
const COUNTER = `
import { DurableObject } from "cloudflare:workers";
export class Counter extends DurableObject {
  async fetch() {
    this.ctx.storage.sql.exec("create table if not exists hits (n integer primary key)");
    this.ctx.storage.sql.exec("insert into hits default values");
    return new Response(String(this.ctx.storage.sql.exec("select count(*) as n from hits").one().n));
  }
}
export default {
  fetch(request, env) {
    const path = new URL(request.url).pathname;
    if (path === "/greeting") return new Response(env.GREETING);
    if (path === "/count") return env.COUNTER.get(env.COUNTER.idFromName("one")).fetch(request);
    return new Response("ready");
  },
};`;

let dir: Awaited<ReturnType<typeof tempDir>>;
let running: Workerd | null = null;
beforeAll(async () => {
  dir = await tempDir("workerd");
});
afterEach(async () => {
  await running?.kill();
  running = null;
});
afterAll(() => dir.remove());

const start = async (code: string): Promise<Workerd> =>
  (running = await startWorkerd({
    code,
    objects: [{ className: "Counter", binding: "COUNTER" }],
    variables: { GREETING: 'hello "you"' },
    dir: dir.path,
  }));

const get = async (path: string): Promise<string> => (await fetch(`${running?.url}${path}`)).text();

describe("bare workerd", () => {
  test("keeps what its objects stored through a kill and through a stop, on the same port", async () => {
    const first = await start(COUNTER);
    expect(await get("/greeting")).toBe('hello "you"');
    expect(await get("/count")).toBe("1");
    await first.kill();
    await expect(get("/count")).rejects.toThrow("fetch failed");
    const second = await first.restart();
    running = second;
    expect(second.port).toBe(first.port);
    expect(await get("/count")).toBe("2");
    await second.stop();
    running = await second.restart();
    expect(await get("/count")).toBe("3");
  });

  test("says why it did not start", async () => {
    const failure: unknown = await start("export default nonsense nonsense").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkerdStartError);
    expect((failure as WorkerdStartError).stderr).toContain("SyntaxError");
  });
});

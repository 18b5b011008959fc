/** The locks of a client without a browser keep the promises of Web Locks. */
import { expect, test } from "vitest";
import { MemoryLocks } from "../../client/memory-locks.ts";
import type { LockOptions } from "../../client/ports.ts";

interface Asked {
  readonly settled: Promise<void>;
  readonly end: (error?: Error) => void;
}

function lab(): { readonly log: string[]; readonly ask: (who: string, options?: LockOptions) => Asked } {
  const locks = new MemoryLocks();
  const log: string[] = [];
  const ask = (who: string, options: LockOptions = {}): Asked => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settled = locks.request("lock", options, async () => {
      log.push(`${who} holds`);
      await promise;
    });
    settled.then(
      () => log.push(`${who} ended`),
      (error: Error) => log.push(`${who} ${error.name}`),
    );
    return { settled, end: (error) => (error === undefined ? resolve() : reject(error)) };
  };
  return { log, ask };
}

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test("one holds at a time, in the order in which they asked, also after one that fails", async () => {
  const { log, ask } = lab();
  const [a, b, c] = [ask("a"), ask("b"), ask("c")];
  await turns();
  expect(log).toEqual(["a holds"]);
  a.end();
  await turns();
  b.end(new TypeError("no"));
  await turns();
  c.end();
  await turns();
  expect(log).toEqual(["a holds", "a ended", "b holds", "b TypeError", "c holds", "c ended"]);
});

test("shared holders hold together, and none overtakes who waits to be alone", async () => {
  const { log, ask } = lab();
  const shared = { mode: "shared" } as const;
  const [a, b] = [ask("a", shared), ask("b", shared)];
  ask("alone");
  ask("late", shared);
  await turns();
  expect(log).toEqual(["a holds", "b holds"]);
  a.end();
  b.end();
  await turns();
  expect(log.filter((entry) => entry.endsWith("holds"))).toEqual(["a holds", "b holds", "alone holds"]);
});

test("ifAvailable does not wait, and a signal ends a wait but not a hold", async () => {
  const { log, ask } = lab();
  const ending = new AbortController();
  const a = ask("a", { signal: ending.signal });
  const b = ask("b", { signal: ending.signal });
  const c = ask("c");
  await ask("d", { ifAvailable: true }).settled;
  ending.abort();
  await expect(b.settled).rejects.toMatchObject({ name: "AbortError" });
  await expect(ask("e", { signal: ending.signal }).settled).rejects.toMatchObject({ name: "AbortError" });
  expect(log).toEqual(["a holds", "d ended", "b AbortError", "e AbortError"]);
  a.end();
  c.end();
  await c.settled;
  expect(log.filter((entry) => entry.endsWith("holds"))).toEqual(["a holds", "c holds"]);
});

test("a lock is stolen from its holder, and its end does not free what it no longer holds", async () => {
  const { log, ask } = lab();
  const a = ask("a");
  ask("waits");
  const thief = ask("thief", { steal: true });
  await expect(a.settled).rejects.toMatchObject({ name: "AbortError" });
  a.end();
  await turns();
  expect(log.filter((entry) => entry.endsWith("holds"))).toEqual(["a holds", "thief holds"]);
  thief.end();
  await turns();
  expect(log).toContain("waits holds");
});

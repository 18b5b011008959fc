/** A worker that is killed before its first line tells nobody: another is tried, long before a call's time is up. */
import { expose } from "comlink";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { WorkerOptions } from "../../../client/calls/worker-options.ts";
import { WorkerConnection } from "../../../client/page/worker-connection.ts";
import { MemoryLocks } from "../memory-locks.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

type Open = (options: unknown, tell: unknown, ask: unknown, onAlive: (name: string) => void) => Promise<void>;

/** Each of these in turn is a worker whose `open` that is; null: it runs no line. */
function connectionTo(opens: readonly (Open | null)[]) {
  const locks = new MemoryLocks();
  const ended: number[] = [];
  let spawned = 0;
  const spawn = (): Worker => {
    const index = spawned;
    spawned += 1;
    const { port1, port2 } = new MessageChannel();
    const open = opens[index] ?? null;
    // As the worker does; named by what `begins` tells.
    void locks.request("life", {}, () => new Promise(() => {}));
    if (open !== null) expose({ open, partitionCount: async () => index }, port2 as never);
    const worker = port1 as unknown as Worker;
    port1.start();
    worker.terminate = () => {
      ended.push(index);
      port1.close();
    };
    return worker;
  };
  const connection = new WorkerConnection({
    spawn,
    spawnOther: null,
    locks: () => locks,
    options: {} as WorkerOptions,
    askToken: null,
    onEvent: () => {},
    onDeath: () => {},
  });
  /** On which worker it is answered, or how it fails. */
  const call = (): Promise<unknown> =>
    connection.call((api) => api.partitionCount("orders", { refresh: false }), null).catch((error: unknown) => error);
  return { connection, call, ended, spawned: () => spawned };
}

/** Messages take real time; what they lead to is there once this many tasks are over. */
async function passed(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    for (let task = 0; task < 5; task += 1) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(Math.min(left, 1_000));
  }
}

const begins: Open = async (_options, _tell, _ask, onAlive) => onAlive("life");

test("one that never begins is replaced, and calls are answered by the next", async () => {
  const { connection, call, ended, spawned } = connectionTo([null, begins]);
  const answer = call();
  await passed(7_000);
  expect(spawned()).toBe(1);
  await passed(1_000);
  expect([await answer, ended]).toEqual([1, [0]]);
  void connection.close();
  await passed(6_000);
});

test("one that lives and opens slowly is not", async () => {
  const opened = Promise.withResolvers<void>();
  const slow: Open = async (options, tell, ask, onAlive) => {
    await begins(options, tell, ask, onAlive);
    await opened.promise;
  };
  const { connection, call, ended, spawned } = connectionTo([slow]);
  const answer = call();
  await passed(20_000);
  opened.resolve();
  expect([await answer, spawned(), ended]).toEqual([0, 1, []]);
  void connection.close();
  await passed(6_000);
});

test("where all is slow the next has all the time there is, and what never begins fails in the end", async () => {
  const { call, ended, spawned } = connectionTo([null, null]);
  const answer = call();
  await passed(8_000 + 29_000);
  expect([spawned(), ended]).toEqual([2, [0]]);
  await passed(1_000);
  expect(await answer).toMatchObject({ code: "REQUEST_TIMED_OUT" });
  expect(ended).toEqual([0, 1]);
});

test("one that is closed meanwhile is not replaced", async () => {
  const { connection, call, ended, spawned } = connectionTo([null, begins]);
  const answer = call();
  await passed(2_000);
  void connection.close();
  expect(await answer).toMatchObject({ code: "CLOSED" });
  await passed(20_000);
  expect([spawned(), ended]).toEqual([1, [0]]);
});

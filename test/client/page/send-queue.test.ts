import { expect, test } from "vitest";
import type { PreparedSend } from "../../../client/page/packer.ts";
import { SendQueue, type Waiting } from "../../../client/page/send-queue.ts";
import { systemClock } from "../../../client/web-ports.ts";

const IN_LINE = 200_000;
/** To take all is about as much work as to add them where each is found at once; where each has to be looked for, hundreds of times. */
const TIMES_MAX = 30;

function waiting(signal?: AbortSignal): Waiting {
  const send: PreparedSend = {
    topics: [],
    timeoutMs: 60_000,
    signal,
    durability: "strict",
    compression: "none",
    partitioning: undefined as never,
  };
  return { send, resolve: () => {}, reject: () => {} };
}

function timed(work: () => void): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}

/** How much longer it takes to take all of a long line than to add it. */
function timesLonger(): number {
  const queue = new SendQueue(systemClock, () => {});
  const line = Array.from({ length: IN_LINE }, () => waiting());
  const addedMs = timed(() => line.forEach((one) => queue.add(one)));
  const takenMs = timed(() =>
    line.forEach((one) => {
      if (queue.head !== one || !queue.take(one)) throw new Error("out of its order");
    }),
  );
  expect(queue.empty).toBe(true);
  expect(queue.head).toBeUndefined();
  return takenMs / addedMs;
}

test("a long line is taken from its head without looking for it", () => {
  // The best of several: what else the machine is at counts for one of them.
  expect(Math.min(...Array.from({ length: 3 }, timesLonger))).toBeLessThan(TIMES_MAX);
});

test("who has left, at the head or further back, is not found again, and a line that was empty begins anew", () => {
  const queue = new SendQueue(systemClock, () => {});
  const stopping = new AbortController();
  const line = [waiting(stopping.signal), waiting(), waiting(stopping.signal), waiting()];
  for (const one of line) queue.add(one);
  stopping.abort();
  expect(queue.head).toBe(line[1]);
  expect(queue.take(line[1] as Waiting)).toBe(true);
  expect(queue.take(line[0] as Waiting)).toBe(false);
  expect(queue.head).toBe(line[3]);
  expect(queue.take(line[3] as Waiting)).toBe(true);
  expect(queue.empty).toBe(true);
  const next = waiting();
  queue.add(next);
  expect(queue.head).toBe(next);
  queue.take(next);
});

/** A page for tests that kill browsers: numbered records are appended as fast as they are acked on the device. */
import { Strandline, type OutboxStatus } from "../../client/index.ts";
import { PromiseWatch } from "../harness/promise-watch.ts";

export interface ProfilePage {
  /** Sends records `name:0`, `name:1` … of mixed sizes until the page ends; each ack is told to `window.acked`. */
  appendForEver(topic: string, name: string, durability?: "strict" | "relaxed"): void;
  /** Sends that many; resolves when all are acked on the device. */
  append(topic: string, name: string, count: number): Promise<void>;
  status(): Promise<OutboxStatus>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  drained(): Promise<void>;
  divergences(): number;
  dead(): Promise<string[]>;
  /** Ends the library's worker as a crash would. */
  killWorker(): void;
  /** R15: closes the client; rejects with what it has promised and not kept since the page was opened. */
  settled(): Promise<void>;
}

declare global {
  interface Window {
    profile: ProfilePage;
    /** Exposed by the runner: it outlives the browser, which may be killed at any moment. */
    acked(values: string[]): Promise<void>;
  }
}

const BURSTS = [1, 3, 1, 40, 1, 200, 8];
const KEYS = ["ams", "cdg", "lhr", "jfk", "sfo", "nrt", "syd"];

let worker: Worker | null = null;
const url = new URLSearchParams(location.search).get("edge") ?? "";
const watch = new PromiseWatch();
const strandline = watch.watch(
  new Strandline({
    url,
    retry: { initialRetryTime: 20, maxRetryTime: 200 },
    worker: () => (worker = new Worker("worker.js", { type: "module" })),
  }),
);

let divergences = 0;
strandline.on("producer.diverged", () => void (divergences += 1));

interface Numbered {
  readonly topic: string;
  readonly name: string;
  readonly first: number;
  readonly count: number;
  readonly durability?: "strict" | "relaxed";
}

async function send({ topic, name, first, count, durability = "strict" }: Numbered): Promise<void> {
  const messages = Array.from({ length: count }, (_, index) => {
    const number = first + index;
    return { key: KEYS[number % KEYS.length] ?? "", value: `${name}:${number}` };
  });
  await strandline.producer().send({ topic, messages, durability });
  await window.acked(messages.map(({ value }) => value));
}

async function appendForEver(topic: string, name: string, durability?: "strict" | "relaxed"): Promise<void> {
  let first = 0;
  for (let turn = 0; ; turn += 1) {
    const count = BURSTS[turn % BURSTS.length] ?? 1;
    // What a dying worker did not ack may or may not be stored, so its numbers are never used again.
    await send({ topic, name, first, count, ...(durability && { durability }) }).catch(() => undefined);
    first += count;
  }
}

async function drained(): Promise<void> {
  while ((await strandline.sync.status()).pendingRecords > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

window.profile = {
  appendForEver: (topic, name, durability) => void appendForEver(topic, name, durability),
  append: async (topic, name, count) => {
    for (let first = 0; first < count; first += 10)
      await send({ topic, name, first, count: Math.min(10, count - first) });
  },
  status: () => strandline.sync.status(),
  pause: () => strandline.sync.pause(),
  resume: () => strandline.sync.resume(),
  drained,
  divergences: () => divergences,
  dead: async () =>
    (await strandline.deadLetters.list()).flatMap((letter) => letter.messages.map((message) => message.text() ?? "")),
  killWorker: () => worker?.terminate(),
  settled: async () => {
    await strandline.close();
    if (watch.seen === 0) throw new Error("nothing was promised");
    await watch.expectAllSettled();
  },
};

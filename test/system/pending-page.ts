/** A page whose consumer shows what its device has not synced yet; beside it, on a database of its own, another device. */
import { Strandline } from "../../client/index.ts";

export interface PendingPage {
  /** What the consumer was shown, in order: `a@0` committed, `b~3` pending. */
  readonly seen: readonly string[];
  watch(topic: string): Promise<void>;
  send(topic: string, values: readonly string[]): Promise<void>;
  /** Resolves when they are in the edge's log. */
  sendFromElsewhere(topic: string, values: readonly string[]): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
}

declare global {
  interface Window {
    pending: PendingPage;
  }
}

const options = {
  url: new URLSearchParams(location.search).get("edge") ?? "",
  retry: { initialRetryTime: 20, maxRetryTime: 200 },
  worker: () => new Worker("worker.js", { type: "module" }),
};
const strandline = new Strandline(options);
const elsewhere = new Strandline({ ...options, database: "elsewhere" });
const seen: string[] = [];

async function watch(topic: string): Promise<void> {
  const consumer = strandline.consumer({ isolation: "local", maxWaitTimeInMs: 500 });
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage({ message }) {
      seen.push(`${message.text()}${message.pending ? `~${message.localSequence}` : `@${message.offset}`}`);
    },
  });
}

async function send(topic: string, values: readonly string[]): Promise<void> {
  for (const value of values) await strandline.producer().send({ topic, messages: [{ value }] });
}

async function sendFromElsewhere(topic: string, values: readonly string[]): Promise<void> {
  const sent = await elsewhere.producer().send({ topic, messages: values.map((value) => ({ value })) });
  await Promise.all(sent.map(({ receipt }) => receipt.synced));
}

window.pending = {
  seen,
  watch,
  send,
  sendFromElsewhere,
  pause: () => strandline.sync.pause(),
  resume: () => strandline.sync.resume(),
};

/** A page that sends what the edge may refuse, and deals with it. */
import { Strandline, type OutboxStatus, type SyncProgress } from "../../client/index.ts";

export interface LettersPage {
  /** Null: without the option. */
  open(strictOrder: readonly string[] | null): void;
  /** Lengths of the values; resolves when they are on the device. */
  send(topic: string, lengths: readonly number[]): Promise<void>;
  flush(ms: number): Promise<string>;
  letters(): Promise<readonly string[]>;
  retryAll(): Promise<readonly string[]>;
  discardAll(): Promise<number>;
  blocked(): readonly string[];
  progress(): readonly SyncProgress[];
  status(): Promise<OutboxStatus>;
  /** Lengths of the values that a reader from the beginning gets. */
  read(topic: string, count: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

declare global {
  interface Window {
    letters: LettersPage;
  }
}

const url = new URLSearchParams(location.search).get("edge") ?? "";
const blocked: string[] = [];
const progress: SyncProgress[] = [];
let client: Strandline;

window.letters = {
  open: (strictOrder) => {
    client = new Strandline({
      url,
      ...(strictOrder === null ? {} : { strictOrder }),
      retry: { initialRetryTime: 20, maxRetryTime: 200 },
      worker: () => new Worker("worker.js", { type: "module" }),
    });
    client.on("producer.blocked", ({ receipt, error }) => blocked.push(`${receipt} ${error.code}`));
    client.on("sync.progress", (event) => progress.push(event));
  },
  send: async (topic, lengths) => {
    for (const length of lengths)
      await client.producer().send({ topic, messages: [{ key: "k", value: new Uint8Array(length) }] });
  },
  flush: (timeout) =>
    client.sync.flush({ timeout }).then(
      () => "flushed",
      (error: unknown) => (error as { code: string }).code,
    ),
  letters: async () =>
    (await client.deadLetters.list()).map(
      ({ receipt, error, blocking, messages }) =>
        `${receipt} ${error.code} ${messages[0]?.value?.byteLength}${blocking ? " blocking" : ""}`,
    ),
  retryAll: async () => (await client.deadLetters.retry(await client.deadLetters.list())).map(({ id }) => id),
  discardAll: async () => await client.deadLetters.discard(await client.deadLetters.list()),
  blocked: () => blocked,
  progress: () => progress,
  status: () => client.sync.status(),
  read: async (topic, count) => {
    const lengths: number[] = [];
    const consumer = client.consumer();
    await consumer.subscribe({ topic, fromBeginning: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    await consumer.run({
      eachMessage: ({ message }) => {
        if (lengths.push(message.value?.byteLength ?? 0) === count) resolve();
      },
    });
    await promise;
    await consumer.disconnect();
    return lengths;
  },
  close: () => client.close(),
};

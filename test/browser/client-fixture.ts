/** Clients on databases of their own, closed and deleted after the test. */
import { afterEach } from "vitest";
import {
  Strandline,
  type Consumer,
  type EachMessagePayload,
  type ReceivedMessage,
  type StrandlineOptions,
} from "../../client/index.ts";
import { PromiseWatch } from "../harness/promise-watch.ts";

const opened: Strandline[] = [];
/** R15: every promise of the public interface settles, in each of these tests. */
const watch = new PromiseWatch();
const databases = new Set<string>();

afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()));
  for (const name of databases) indexedDB.deleteDatabase(name);
  databases.clear();
  await watch.expectAllSettled();
});

export function freshDatabase(): string {
  const name = `test-${crypto.randomUUID()}`;
  databases.add(name);
  return name;
}

/** With a worker of its own, as if it were in another tab. */
export function openClient(options: StrandlineOptions = {}): Strandline {
  const client = watch.watch(new Strandline({ database: freshDatabase(), clientId: crypto.randomUUID(), ...options }));
  opened.push(client);
  return client;
}

/** A client whose workers the test can kill. */
export function openMortalClient(options: StrandlineOptions = {}): {
  readonly client: Strandline;
  readonly kill: () => void;
  readonly workers: () => number;
} {
  const workers: Worker[] = [];
  const worker = (): Worker => {
    const made = new Worker(new URL("../../client/worker.ts", import.meta.url), { type: "module" });
    workers.push(made);
    return made;
  };
  return {
    client: openClient({ ...options, worker }),
    kill: () => workers.at(-1)?.terminate(),
    workers: () => workers.length,
  };
}

/** Runs the consumer until it has seen `count` messages. */
export async function take(consumer: Consumer, count: number): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await consumer.run({
    eachMessage({ message }: EachMessagePayload) {
      messages.push(message);
      if (messages.length === count) resolve();
    },
  });
  if (count > 0) await promise;
  return messages;
}

export async function caught(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

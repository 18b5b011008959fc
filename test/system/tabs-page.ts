/** One of several tabs of a device, for tests that close, crash and freeze them. */
import { Strandline, StrandlineError, type OutboxStatus } from "../../client/index.ts";
import { PromiseWatch, type OpenPromise } from "../harness/promise-watch.ts";

export interface TabsPage {
  /** Sends `<tab>:<first>` … ; resolves when they are safe on the device. */
  send(topic: string, first: number, count: number): Promise<string[]>;
  status(): Promise<OutboxStatus>;
  divergences(): number;
  /** A newer version runs in another tab. */
  outdated(): boolean;
  /** What a call answers or rejects with: `status: resolved`, `status: STORE_OUTDATED ...`. */
  attempt(): Promise<string>;
  /** What the public interface has promised and not kept. */
  unsettled(): OpenPromise[];
  /** Consumes in the group; each record takes so long. */
  consume(groupId: string, topic: string, handlingMs: number): Promise<void>;
  /** Partitions of the group that are its own. */
  owned(): readonly number[];
  /** Every call that may need the edge, with what became of it: `admin.createTopics: REQUEST_TIMED_OUT`. */
  everyCall(topic: string): Promise<string[]>;
}

declare global {
  interface Window {
    tab: TabsPage;
    /** When the worker of each tab was last heard of; in the page that is in front. */
    pulses: Map<string, number>;
    /** `partition@offset` of what the consumers of all tabs have handled; in the page that is in front. */
    handled: string[];
    thefts: number;
  }
}

const KEYS = ["ams", "cdg", "lhr", "jfk", "sfo"];
const search = new URLSearchParams(location.search);
const name = search.get("tab") ?? "";

function open(): TabsPage {
  const watch = new PromiseWatch();
  const strandline = watch.watch(
    new Strandline({
      // With `local` the device is its own broker: there is no edge at all.
      ...(search.has("local") ? { localPartitionCount: 6 } : { url: search.get("edge") ?? "" }),
      backgroundSync: search.has("sw"),
      retry: { initialRetryTime: 20, maxRetryTime: 200 },
      worker: () => new Worker(`worker.js?tab=${name}`, { type: "module" }),
    }),
  );
  let divergences = 0;
  strandline.on("producer.diverged", () => void (divergences += 1));
  let outdated = false;
  strandline.on("app.outdated", () => void (outdated = true));
  const producer = strandline.producer();
  const handled = new BroadcastChannel("handled");
  let owned: readonly number[] = [];
  return {
    send: async (topic, first, count) => {
      const messages = Array.from({ length: count }, (_, index) => {
        const number = first + index;
        return { key: KEYS[number % KEYS.length] ?? "", value: `${name}:${number}` };
      });
      await producer.send({ topic, messages });
      return messages.map(({ value }) => value);
    },
    status: () => strandline.sync.status(),
    divergences: () => divergences,
    outdated: () => outdated,
    attempt: async () => await strandline.sync.status().then(() => "resolved", String),
    unsettled: () => watch.unsettled(),
    consume: async (groupId, topic, handlingMs) => {
      const consumer = strandline.consumer({ groupId });
      consumer.on("group_join", ({ memberAssignment }) => void (owned = memberAssignment[topic] ?? []));
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        partitionsConsumedConcurrently: 6,
        eachMessage: async ({ partition, message }) => {
          await new Promise((resolve) => setTimeout(resolve, handlingMs));
          // Before it can be committed.
          handled.postMessage(`${partition}@${message.offset}`);
        },
      });
    },
    owned: () => owned,
    everyCall: async (topic) => await everyCall(strandline, topic),
  };
}

async function everyCall(strandline: Strandline, topic: string): Promise<string[]> {
  const [admin, consumer] = [strandline.admin(), strandline.consumer({ groupId: name })];
  await consumer.subscribe({ topic });
  await consumer.run({ eachMessage: () => {} });
  const record = { topic, messages: [{ value: `${name}:waits` }], timeout: 5_000 };
  const calls: readonly (readonly [string, Promise<unknown>])[] = [
    ["send", strandline.producer().send({ ...record, acks: 1 })],
    ["send acks -1", strandline.producer().send({ ...record, acks: -1 })],
    ["createTopics", admin.createTopics({ topics: [{ topic: `${topic}-new`, numPartitions: 2 }] })],
    ["fetchTopicMetadata", admin.fetchTopicMetadata({ topics: [topic] })],
    ["listTopics", admin.listTopics()],
    ["status", strandline.sync.status()],
    ["deadLetters", strandline.deadLetters.list()],
    ["stop", consumer.stop()],
  ];
  return await Promise.all(
    calls.map(async ([call, promise]) => {
      const outcome = await promise.then(
        () => "resolved",
        (error: unknown) => (error instanceof StrandlineError ? error.code : String(error)),
      );
      return `${call}: ${outcome}`;
    }),
  );
}

if (name === "front") {
  window.thefts = 0;
  new BroadcastChannel("thefts").onmessage = () => (window.thefts += 1);
  window.pulses = new Map();
  window.handled = [];
  new BroadcastChannel("handled").onmessage = ({ data }: MessageEvent<string>) => window.handled.push(data);
  new BroadcastChannel("pulse").onmessage = ({ data }: MessageEvent<string>) =>
    window.pulses.set(data, performance.now());
} else {
  if (search.has("sw"))
    void navigator.serviceWorker.register(
      `sync-service-worker.js?edge=${encodeURIComponent(search.get("edge") ?? "")}`,
    );
  window.tab = open();
  void window.tab.status();
}

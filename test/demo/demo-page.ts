/** The demo's page: the library as an application uses it. What the runner asks for hangs on `window.demo`. */
import { Strandline, type OutboxStatus } from "strandline";

export interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** A flight with its number among all that are sent: two flights may look the same, two records may not be the same. */
export interface NumberedFlight extends Flight {
  readonly number: number;
}

export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

export interface DemoPage {
  /** Resolves once the topic exists at the edge. */
  createTopic(topic: string, partitions: number): Promise<void>;
  /** Appends in sends of mixed sizes, each awaited; resolves with the records acked on the device and the time. */
  append(topic: string): Promise<{ readonly acked: number; readonly ms: number }>;
  status(): Promise<OutboxStatus>;
  /** Resolves when nothing waits, with the time since the call. */
  drained(): Promise<number>;
  /** From the beginning, until every partition has been read up to its end. */
  readAll(topic: string, ends: readonly number[]): Promise<{ readonly records: ReadRecord[]; readonly ms: number }>;
}

declare global {
  interface Window {
    demo: DemoPage;
  }
}

/** Lone records, handfuls and bulk, over and over. */
const SEND_SIZES = [1, 7, 1, 250, 30, 1, 1000, 3, 100, 1, 600];

const url = new URLSearchParams(location.search).get("edge") ?? "";
const strandline = new Strandline({ url, retry: { initialRetryTime: 50, maxRetryTime: 500 } });

async function loadFlights(): Promise<readonly Flight[]> {
  const response = await fetch("flights.json");
  return (await response.json()) as Flight[];
}

async function append(topic: string): Promise<{ acked: number; ms: number }> {
  const flights = await loadFlights();
  const producer = strandline.producer();
  await producer.connect();
  const start = performance.now();
  let acked = 0;
  for (let turn = 0; acked < flights.length; turn += 1) {
    const size = SEND_SIZES[turn % SEND_SIZES.length] ?? 1;
    const messages = flights.slice(acked, acked + size).map((flight, index) => {
      const value: NumberedFlight = { ...flight, number: acked + index };
      return { key: flight.origin, value };
    });
    await producer.send({ topic, messages });
    acked += messages.length;
  }
  return { acked, ms: performance.now() - start };
}

async function drained(): Promise<number> {
  const start = performance.now();
  await strandline.sync.flush();
  return performance.now() - start;
}

async function readAll(topic: string, ends: readonly number[]): Promise<{ records: ReadRecord[]; ms: number }> {
  const wanted = ends.reduce((sum, end) => sum + end, 0);
  const records: ReadRecord[] = [];
  const start = performance.now();
  const consumer = strandline.consumer();
  await consumer.subscribe({ topic, fromBeginning: true });
  if (wanted > 0)
    for await (const message of consumer) {
      const { partition, offset } = message;
      records.push({ partition, offset, key: message.keyText() ?? "", value: message.text() ?? "" });
      if (records.length >= wanted) break;
    }
  return { records, ms: performance.now() - start };
}

window.demo = {
  createTopic: async (topic, partitions) => {
    await strandline.admin().createTopics({ topics: [{ topic, numPartitions: partitions }] });
  },
  append,
  status: () => strandline.sync.status(),
  drained,
  readAll,
};

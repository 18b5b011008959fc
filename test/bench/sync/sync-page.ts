/** The client with an edge behind it. The edge stands at the page's own origin, over HTTP/1.1. */
import { Strandline } from "../../../client/index.ts";
import { texts } from "../page/page-append.ts";

const RECORD_CHARS = 100;
const PER_SEND = 2_000;

let client: Strandline | null = null;

interface Where {
  readonly database: string;
  readonly topic: string;
}

function open(database: string): Strandline {
  client = new Strandline({ url: location.origin, database, retry: { initialRetryTime: 50, maxRetryTime: 500 } });
  return client;
}

/** Acknowledged by the device. */
async function append({ database, topic, records }: Where & { readonly records: number }): Promise<void> {
  const producer = (client ?? open(database)).producer();
  const values = texts(records, RECORD_CHARS);
  for (let at = 0; at < records; at += PER_SEND) {
    const messages = values.slice(at, at + PER_SEND).map((value, index) => ({ key: `k${index % 50}`, value }));
    await producer.send({ topic, messages });
  }
}

/** Milliseconds since 1970 when the client was made, and from there to the first acknowledged send. */
async function start({ database, topic }: Where): Promise<{ readonly startedAt: number; readonly ackedMs: number }> {
  const began = performance.now();
  await open(database)
    .producer()
    .send({ topic, messages: [{ key: "first", value: "x".repeat(RECORD_CHARS) }] });
  return { startedAt: performance.timeOrigin + began, ackedMs: performance.now() - began };
}

async function appendAndSync(load: Where & { readonly records: number }): Promise<void> {
  await append(load);
  while (((await client?.sync.status())?.pendingRecords ?? 0) > 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Milliseconds from the first request until the edge has acknowledged all of them. */
async function drain({ database, topic, records }: Where & { readonly records: number }): Promise<number> {
  const device = client ?? open(database);
  await device.sync.pause();
  await append({ database, topic, records });
  const [last] = await device.producer().send({ topic, messages: [{ key: "last", value: "x" }] });
  const began = performance.now();
  await device.sync.resume();
  await last?.receipt.synced;
  return performance.now() - began;
}

/** Milliseconds until so many bytes were posted, as many in a request and as many requests at once as a device has. */
async function post({ bytes, perRequest }: { readonly bytes: number; readonly perRequest: number }): Promise<number> {
  const body = new Uint8Array(perRequest).map((_, index) => index % 251);
  const began = performance.now();
  let left = Math.ceil(bytes / perRequest);
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await (await fetch("/bare", { method: "POST", body })).text();
    }
  };
  await Promise.all([lane(), lane()]);
  return performance.now() - began;
}

/** Resolves once the first record of the topic has been handed to this tab. */
async function follow({ database, topic }: Where): Promise<void> {
  const consumer = (client ?? open(database)).consumer();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.run({ eachMessage: () => Promise.resolve(resolve()) }).catch(reject);
  });
}

/** Milliseconds until the edge has acknowledged one record. */
async function produce({ database, topic }: Where): Promise<number> {
  const began = performance.now();
  await (client ?? open(database)).producer().send({ topic, acks: -1, messages: [{ key: "one", value: "more" }] });
  return performance.now() - began;
}

Object.assign(globalThis, { append, start, appendAndSync, drain, post, follow, produce });

/** Reading the device's own log from the page. */
import { Strandline, type Consumer } from "../../../client/index.ts";
import { texts } from "../page/page-append.ts";

const RECORD_CHARS = 100;
const PER_SEND = 2_000;
/** What the first of many and the first of few are read from: batches of the same size. */
const FIRST_BATCH = 100;

export interface ConsumeBench {
  /** Records a second, one figure a round. */
  readonly eachBatch: number[];
  /** Milliseconds from `run` to the first record. */
  readonly firstOfMany: number[];
  readonly firstOfFew: number[];
  /** Milliseconds from `seek` to the record that was sought. */
  readonly seek: number[];
}

export async function runConsumeBench({
  rounds,
  records,
}: {
  readonly rounds: number;
  readonly records: number;
}): Promise<ConsumeBench> {
  const database = `bench-${crypto.randomUUID()}`;
  const client = new Strandline({ database, localPartitionCount: 1 });
  const bench: ConsumeBench = { eachBatch: [], firstOfMany: [], firstOfFew: [], seek: [] };
  try {
    await fill(client, "many", { records, perSend: PER_SEND });
    // A send each: lone batches of the same size.
    await fill(client, "firsts", { records: 1_000 * FIRST_BATCH, perSend: FIRST_BATCH });
    await fill(client, "few", { records: FIRST_BATCH, perSend: FIRST_BATCH });
    await readAll(client, records);
    for (let round = 0; round < rounds; round += 1) {
      bench.eachBatch.push(records / (await readAll(client, records)));
      bench.firstOfFew.push(await first(client, "few"));
      bench.firstOfMany.push(await first(client, "firsts"));
      bench.seek.push(...(await seeks(client, records)));
    }
  } finally {
    await client.close();
    indexedDB.deleteDatabase(database);
  }
  return bench;
}

async function fill(
  client: Strandline,
  topic: string,
  { records, perSend }: { readonly records: number; readonly perSend: number },
): Promise<void> {
  const producer = client.producer();
  const values = texts(records, RECORD_CHARS);
  for (let at = 0; at < records; at += perSend)
    await producer.send({ topic, messages: values.slice(at, at + perSend).map((value) => ({ value, partition: 0 })) });
}

/** Seconds. */
async function readAll(client: Strandline, records: number): Promise<number> {
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "many", fromBeginning: true });
  const began = performance.now();
  let seen = 0;
  let bytes = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  await consumer.run({
    eachBatch: ({ batch }) => {
      for (const { value } of batch.messages) bytes += value?.byteLength ?? 0;
      seen += batch.messages.length;
      if (seen >= records) resolve();
    },
  });
  await promise;
  const seconds = (performance.now() - began) / 1_000;
  await consumer.disconnect();
  if (bytes !== records * RECORD_CHARS) throw new Error(`${bytes} bytes of ${records * RECORD_CHARS} were read`);
  return seconds;
}

async function first(client: Strandline, topic: string): Promise<number> {
  const consumer = client.consumer();
  await consumer.subscribe({ topic, fromBeginning: true });
  const began = performance.now();
  await firstMessage(consumer);
  const ms = performance.now() - began;
  await consumer.disconnect();
  return ms;
}

function firstMessage(consumer: Consumer): Promise<void> {
  return new Promise((resolve, reject) => {
    consumer.run({ eachMessage: () => resolve() }).catch(reject);
  });
}

async function seeks(client: Strandline, records: number): Promise<number[]> {
  const consumer = client.consumer();
  await consumer.subscribe({ topic: "many", fromBeginning: true });
  let wanted = 0;
  let found = (): void => {};
  const reached = (): Promise<void> => new Promise((resolve) => (found = resolve));
  const started = reached();
  await consumer.run({
    eachMessage: ({ message, pause }) => {
      if (message.offset !== wanted) return;
      pause();
      found();
    },
  });
  await started;
  const times: number[] = [];
  for (const share of [0.9, 0.1, 0.5, 0.7, 0.3]) {
    wanted = Math.floor(records * share);
    const arrived = reached();
    const began = performance.now();
    consumer.seek({ topic: "many", partition: 0, offset: wanted });
    consumer.resume([{ topic: "many" }]);
    await arrived;
    times.push(performance.now() - began);
  }
  await consumer.disconnect();
  return times;
}

Object.assign(globalThis, { runConsumeBench });

/** Consuming in a group, on the page. */
import { Strandline, type Consumer } from "../../../client/index.ts";
import { texts } from "../page/page-append.ts";

const RECORD_CHARS = 100;
const PER_SEND = 5_000;
const TOPIC = "many";
const PARTITIONS = 6;
/** Members of one group hear soon of each other; nothing of this is measured. */
const HEARTBEAT_MS = 300;

/** `none`: a consumer without a group. */
export type Kind = "none" | "device" | "edge";

export type Handler = "eachBatch" | "eachMessage";

export interface Throughput {
  readonly kind: Kind;
  /** From the first batch to the last record. */
  readonly recordsPerSecond: number;
  /** From `run` to the first batch. */
  readonly firstMs: number;
  readonly commits: number;
}

let client: Strandline;
let groups = 0;

async function openBench({ edge, records }: { readonly edge: string; readonly records: number }): Promise<void> {
  client = new Strandline({ url: edge, database: "bench-groups" });
  await createTopic(TOPIC);
  const producer = client.producer();
  const values = texts(records, RECORD_CHARS);
  for (let at = 0; at < records; at += PER_SEND) {
    const partition = (at / PER_SEND) % PARTITIONS;
    const messages = values.slice(at, at + PER_SEND).map((value) => ({ value, partition }));
    await producer.send({ topic: TOPIC, messages, acks: 1 });
  }
  // All of it is on the device then, as it is for whatever is measured.
  await readAll({ kind: "none", records });
}

interface Reading {
  readonly kind: Kind;
  readonly records: number;
  readonly handler?: Handler;
}

async function readAll({ kind, records, handler = "eachBatch" }: Reading): Promise<Throughput> {
  const consumer = consumerOf(kind, { groupId: `read-${(groups += 1)}` });
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  let commits = 0;
  consumer.on("commit_offsets", () => (commits += 1));
  let [seen, bytes, firstAt] = [0, 0, 0];
  const began = performance.now();
  const { promise: read, resolve } = Promise.withResolvers<void>();
  const handle = (messages: readonly { readonly value: Uint8Array | null }[]): void => {
    if (seen === 0) firstAt = performance.now();
    for (const { value } of messages) bytes += value?.byteLength ?? 0;
    seen += messages.length;
    if (seen >= records) resolve();
  };
  await consumer.run(
    handler === "eachBatch"
      ? { eachBatch: ({ batch }) => handle(batch.messages) }
      : { eachMessage: ({ message }) => handle([message]) },
  );
  await read;
  const seconds = (performance.now() - firstAt) / 1_000;
  await consumer.disconnect();
  if (bytes !== records * RECORD_CHARS) throw new Error(`${bytes} bytes of ${records * RECORD_CHARS} were read`);
  return { kind, recordsPerSecond: records / seconds, firstMs: firstAt - began, commits };
}

/** Seconds from the first record to the end of the last one's handler, which awaits; joining comes before. */
async function readAwaiting({
  kind,
  consumers,
  perPartition,
  awaitMs,
}: {
  readonly kind: Kind;
  readonly consumers: number;
  readonly perPartition: number;
  readonly awaitMs: number;
}): Promise<number> {
  const group = `awaiting-${(groups += 1)}`;
  await createTopic(group);
  const members = Array.from({ length: consumers }, () =>
    consumerOf(kind, { groupId: group, heartbeatInterval: HEARTBEAT_MS }),
  );
  const shared = members.map((member) => untilOwning(member, PARTITIONS / consumers));
  let [left, firstAt] = [PARTITIONS * perPartition, 0];
  const { promise: read, resolve } = Promise.withResolvers<void>();
  for (const member of members) {
    await member.subscribe({ topic: group, fromBeginning: true });
    await member.run({
      eachMessage: async () => {
        firstAt ||= performance.now();
        await new Promise((wake) => setTimeout(wake, awaitMs));
        left -= 1;
        if (left === 0) resolve();
      },
    });
  }
  await Promise.all(shared);
  const messages = Array.from({ length: PARTITIONS * perPartition }, (_, at) => ({
    ...{ value: `${at}`, partition: at % PARTITIONS },
  }));
  await client.producer().send({ topic: group, messages, acks: -1 });
  await read;
  const seconds = (performance.now() - firstAt) / 1_000;
  await Promise.all(members.map(async (member) => await member.disconnect()));
  return seconds;
}

function untilOwning(member: Consumer, count: number): Promise<void> {
  return new Promise((resolve) => {
    member.on("group_join", ({ memberAssignment }) => {
      if ((Object.values(memberAssignment)[0]?.length ?? 0) === count) resolve();
    });
  });
}

function consumerOf(kind: Kind, group: { readonly groupId: string; readonly heartbeatInterval?: number }): Consumer {
  return kind === "none" ? client.consumer() : client.consumer({ ...group, coordinator: kind });
}

async function createTopic(topic: string): Promise<void> {
  await client.admin().createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
}

Object.assign(globalThis, { openBench, readAll, readAwaiting });

/** The messages of one send to one topic, as records: those that are too large for a batch in chunks. */
import type { Message } from "./message.ts";
import type { PreparedSend, PreparedTopic } from "./packer.ts";
import { inBatches, isLarge, prepareRecord, type Chunking, type PreparedRecord } from "./prepare.ts";

interface Given {
  readonly topic: string;
  readonly messages: readonly Message[];
  readonly now: number;
}

export function prepareTopic({ topic, messages, now }: Given, chunking: Chunking): PreparedTopic {
  const records = messages.map((message, index) => prepareRecord(message, { topic, index }, now));
  if (!records.some(isLarge)) return { topic, messages, records };
  const inAll = records.map((record, index) =>
    isLarge(record) ? inBatches(record, { topic, index }, chunking) : [record],
  );
  return {
    topic,
    messages: messages.flatMap((message, index) => inAll[index]?.map(() => message) ?? []),
    records: inAll.flat(),
  };
}

/** What waits before it is encoded has bytes of its own: its caller may write the next record into the same ones. */
export function withOwnBytes(send: PreparedSend): PreparedSend {
  if (send.owned === true) return send;
  return { ...send, topics: send.topics.map(ownTopic), owned: true };
}

export function ownTopic(topic: PreparedTopic): PreparedTopic {
  return { ...topic, records: topic.records.map(ownRecord) };
}

function ownRecord(record: PreparedRecord): PreparedRecord {
  const { key, value, headers } = record;
  const bytes = [key, value, ...headers.map((header) => header.value)].some((part) => part instanceof Uint8Array);
  if (!bytes) return record;
  const own = headers.map((header) => ({ key: header.key, value: ownPart(header.value) }));
  return { ...record, key: ownPart(key), value: ownPart(value), headers: own };
}

function ownPart(part: string | Uint8Array | null): string | Uint8Array | null {
  return part instanceof Uint8Array ? part.slice() : part;
}

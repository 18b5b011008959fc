/** A table in the page's memory: what is committed, and over it what this device has yet to send. */
import { keyText } from "../../shared/key-text.ts";
import { readBatch } from "../../shared/record-batch-decode.ts";
import { RecordCursor } from "../../shared/record-cursor.ts";
import type { KeptRecords, TableNews } from "../calls/table-calls.ts";
import { DamagedRun, messagesOf } from "./messages-of.ts";
import { ReceivedMessage } from "./received-message.ts";

/** What a page remembers of keys that are gone. */
const TOMBSTONES_MAX = 4_096;

export interface TableChange<Value> {
  readonly key: string;
  /** Undefined: the key is gone. */
  readonly value: Value | undefined;
}

interface Committed<Value> {
  readonly value: Value | undefined;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
}

interface Pending<Value> {
  readonly value: Value | undefined;
  readonly bytes: Uint8Array | null;
  readonly partition: number;
  readonly localSequence: number;
}

interface Layers<Value> {
  readonly committed: Map<string, Committed<Value>>;
  /** The latest tombstones, oldest first: an older record of such a key may be read later, of another partition. */
  readonly buried: Map<string, Committed<Value>>;
  /** Of the log. */
  readonly name: string | null;
  /** The last record of each key. */
  readonly pending: Map<string, Pending<Value>>;
}

/** Answers undefined for what cannot be decoded: it is told, and stands for nothing. */
export type Decode<Value> = (message: ReceivedMessage) => Value | undefined;

export class TableView<Value> {
  readonly #decode: Decode<Value>;
  #layers: Layers<Value> = noLayers(null);
  /** Set from a reset until all is there again: what was shown before stays meanwhile. */
  #coming: Layers<Value> | null = null;
  /** What is seen: kept, so that a lookup is one. */
  readonly #shown = new Map<string, Value>();
  #snapshot: ReadonlyMap<string, Value> | null = null;

  constructor(decode: Decode<Value>) {
    this.#decode = decode;
  }

  get shown(): ReadonlyMap<string, Value> {
    return this.#shown;
  }

  /** The same object until something changes. */
  snapshot(): ReadonlyMap<string, Value> {
    return (this.#snapshot ??= new Map(this.#shown));
  }

  async apply(news: TableNews): Promise<TableChange<Value>[]> {
    const touched = new Set<string>();
    if (news.reset !== null) this.#coming = noLayers(news.reset);
    const layers = this.#coming ?? this.#layers;
    for (const kept of news.kept) for (const message of keptMessages(kept)) this.#take(layers, message, touched);
    for (const run of news.runs) await eachOf(run, (message) => this.#take(layers, message, touched));
    const pending: [string, Pending<Value>][] = [];
    for (const { partition, localSequence, count, buffer } of news.pending)
      await eachOf({ topic: "", partition, buffer, from: 0, to: count }, (message) => {
        if (message.key === null) return;
        const place = { partition, localSequence: localSequence + message.offset };
        pending.push([keyText(message.key), { value: this.#valueOf(message), bytes: message.value, ...place }]);
      });
    // A record that moves to its partition leaves one place and is in the other.
    release(layers.pending, news.released, touched);
    for (const [key, each] of pending) {
      layers.pending.set(key, each);
      touched.add(key);
    }
    if (this.#coming !== null && news.caughtUp) this.#swap(this.#coming, touched);
    return this.#show(touched);
  }

  #swap(coming: Layers<Value>, touched: Set<string>): void {
    const { committed, name } = this.#layers;
    for (const key of this.#shown.keys()) touched.add(key);
    for (const key of coming.pending.keys()) touched.add(key);
    for (const [key, each] of coming.committed) {
      touched.add(key);
      const before = committed.get(key);
      // The same record is the same object.
      if (coming.name === name && before !== undefined && isSame(each, before)) coming.committed.set(key, before);
    }
    this.#layers = coming;
    this.#coming = null;
  }

  #take({ committed, buried, pending }: Layers<Value>, message: ReceivedMessage, touched: Set<string>): void {
    if (message.key === null) return;
    const key = keyText(message.key);
    const held = committed.get(key) ?? buried.get(key);
    if (held !== undefined && !isNewer(message, held)) return;
    const { partition, offset, timestamp, value: bytes } = message;
    touched.add(key);
    buried.delete(key);
    if (bytes === null) {
      committed.delete(key);
      buried.set(key, { value: undefined, partition, offset, timestamp });
      if (buried.size > TOMBSTONES_MAX) buried.delete(buried.keys().next().value ?? "");
      return;
    }
    // What was shown while it waited is the same object now.
    const own = pending.get(key);
    const isOwn = own !== undefined && own.bytes !== null && sameBytes(own.bytes, bytes);
    const value = isOwn ? own.value : this.#valueOf(message);
    committed.set(key, { value, partition, offset, timestamp });
  }

  #valueOf(message: ReceivedMessage): Value | undefined {
    return message.value === null ? undefined : this.#decode(message);
  }

  #show(touched: ReadonlySet<string>): TableChange<Value>[] {
    const { committed, pending } = this.#layers;
    const changes: TableChange<Value>[] = [];
    for (const key of touched) {
      const own = pending.get(key);
      const value = own === undefined ? committed.get(key)?.value : own.value;
      if (value === this.#shown.get(key)) continue;
      if (value === undefined) this.#shown.delete(key);
      else this.#shown.set(key, value);
      changes.push({ key, value });
    }
    if (changes.length > 0) this.#snapshot = null;
    return changes;
  }
}

function noLayers<Value>(name: string | null): Layers<Value> {
  return { name, committed: new Map(), buried: new Map(), pending: new Map() };
}

function release(pending: Map<string, Pending<unknown>>, released: TableNews["released"], touched: Set<string>): void {
  for (const { partition, below } of released)
    for (const [key, each] of pending) {
      if (each.partition !== partition || each.localSequence >= below) continue;
      pending.delete(key);
      touched.add(key);
    }
}

function isSame(a: Committed<unknown>, b: Committed<unknown>): boolean {
  return a.partition === b.partition && a.offset === b.offset;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}

/** Of one partition the higher offset, of two the later time. */
function isNewer(message: ReceivedMessage, held: Committed<unknown>): boolean {
  return message.partition === held.partition ? message.offset > held.offset : message.timestamp >= held.timestamp;
}

function keptMessages({ buffer, partitions, offsets }: KeptRecords): ReceivedMessage[] {
  const reading = readBatch(new Uint8Array(buffer), 0);
  if (!reading.ok) return [];
  const messages: ReceivedMessage[] = [];
  const cursor = new RecordCursor(reading.batch);
  for (let index = 0; cursor.next(); index += 1) {
    const origin = { topic: "", partition: partitions[index] ?? 0, pending: false, cursor };
    messages.push(new ReceivedMessage(origin, offsets[index] ?? 0));
  }
  return messages;
}

/** What cannot be read is passed by, as a consumer does. */
async function eachOf(run: Parameters<typeof messagesOf>[0], take: (message: ReceivedMessage) => void): Promise<void> {
  try {
    for (const messages of messagesOf(run)) for (const message of await messages) take(message);
  } catch (error) {
    if (!(error instanceof DamagedRun)) throw error;
  }
}

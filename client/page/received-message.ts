/** A record as a handler sees it: views into the transferred buffer, texts and headers decoded when asked for. */
import type { RecordView } from "../../shared/record.ts";

const utf8 = new TextDecoder();

export type ReceivedHeader = Uint8Array | null;

export class ReceivedMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** As in KafkaJS; Kafka has no use for it yet. */
  readonly attributes: number = 0;
  readonly key: Uint8Array | null;
  readonly #record: RecordView;
  #value: Uint8Array | null;
  #headers: Readonly<Record<string, ReceivedHeader | readonly ReceivedHeader[]>> | null = null;

  constructor(topic: string, partition: number, record: RecordView) {
    this.topic = topic;
    this.partition = partition;
    this.offset = record.offset;
    this.timestamp = record.timestamp;
    this.key = record.key;
    this.#value = record.value;
    this.#record = record;
  }

  /** Null: a tombstone. */
  get value(): Uint8Array | null {
    return this.#value;
  }

  /** Of the last chunk of a message: it becomes the message. */
  become(value: Uint8Array, headers: readonly (readonly [string, ReceivedHeader | readonly ReceivedHeader[]])[]): void {
    this.#value = value;
    this.#headers = Object.assign(Object.create(null), Object.fromEntries(headers)) as Record<string, ReceivedHeader>;
  }

  /** As in KafkaJS: an array where a name comes more than once. */
  get headers(): Readonly<Record<string, ReceivedHeader | readonly ReceivedHeader[]>> {
    return (this.#headers ??= collect(this.#record));
  }

  /** The value as text; null for a tombstone. */
  text(): string | null {
    return this.value === null ? null : utf8.decode(this.value);
  }

  /** The value as JSON; null for a tombstone. What it is, the caller knows: nothing checks it. */
  json<Value = unknown>(): Value {
    return JSON.parse(this.text() ?? "null") as Value;
  }
}

function collect(record: RecordView): Record<string, ReceivedHeader | ReceivedHeader[]> {
  // No prototype: `__proto__` is a legal name of a header.
  const headers: Record<string, ReceivedHeader | ReceivedHeader[]> = Object.create(null) as Record<
    string,
    ReceivedHeader | ReceivedHeader[]
  >;
  for (const { key, value } of record.headers) {
    const before = headers[key];
    if (before === undefined) headers[key] = value;
    else if (Array.isArray(before)) before.push(value);
    else headers[key] = [before, value];
  }
  return headers;
}

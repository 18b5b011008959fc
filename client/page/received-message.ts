/** A record as a handler sees it: views into the transferred buffer, made and decoded when they are asked for. */
import type { RecordCursor } from "../../shared/record-cursor.ts";

const utf8 = new TextDecoder();

export type ReceivedHeader = Uint8Array | null;
type Headers = Readonly<Record<string, ReceivedHeader | readonly ReceivedHeader[]>>;

/** What the records of one batch have in common. */
export interface MessageOrigin {
  readonly topic: string;
  readonly partition: number;
  /** Offsets are local sequences. */
  readonly pending: boolean;
  /** To read the fields of a record by, once somebody asks. */
  readonly cursor: RecordCursor;
}

export class ReceivedMessage {
  readonly topic: string;
  /** -1 with `pending` alone: the topic's partitions are not known yet. */
  readonly partition: number;
  /** -1 while `pending`: the edge has given none yet. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly #origin: MessageOrigin;
  readonly #at: number;
  readonly #position: number;
  #key: Uint8Array | null | undefined;
  #value: Uint8Array | null | undefined;
  #headers: Headers | undefined;

  /** Of the record at which the origin's cursor stands; `offset`: where it is not the one of its batch. */
  constructor(origin: MessageOrigin, offset: number = origin.cursor.offset) {
    const { cursor } = origin;
    this.topic = origin.topic;
    this.partition = origin.partition;
    this.offset = origin.pending ? -1 : offset;
    this.timestamp = cursor.timestamp;
    this.#origin = origin;
    this.#at = cursor.start;
    this.#position = cursor.offset;
  }

  /** As in KafkaJS; Kafka has no use for it yet. */
  get attributes(): number {
    return 0;
  }

  /** A record of this device that the edge has not committed yet (`isolation: 'local'`): it may still be refused. */
  get pending(): boolean {
    return this.#origin.pending;
  }

  /** Of a pending record: its number among this device's records of the partition, as in its receipt. Else -1. */
  get localSequence(): number {
    return this.#origin.pending ? this.#position : -1;
  }

  get key(): Uint8Array | null {
    if (this.#key === undefined) this.#read();
    return this.#key ?? null;
  }

  /** Null: a tombstone. */
  get value(): Uint8Array | null {
    if (this.#value === undefined) this.#read();
    return this.#value ?? null;
  }

  /** Of the last chunk of a message: it becomes the message. */
  become(value: Uint8Array, headers: readonly (readonly [string, ReceivedHeader | readonly ReceivedHeader[]])[]): void {
    this.#value = value;
    this.#headers = Object.assign(Object.create(null), Object.fromEntries(headers)) as Record<string, ReceivedHeader>;
  }

  /** As in KafkaJS: an array where a name comes more than once. */
  get headers(): Headers {
    return (this.#headers ??= collect(this.#cursor()));
  }

  /** The key as text; null where there is none. */
  keyText(): string | null {
    return this.key === null ? null : utf8.decode(this.key);
  }

  /** The value as text; null for a tombstone. */
  text(): string | null {
    return this.value === null ? null : utf8.decode(this.value);
  }

  /** The value as JSON; null for a tombstone. What it is, the caller knows: nothing checks it. */
  json<Value = unknown>(): Value {
    return JSON.parse(this.text() ?? "null") as Value;
  }

  #read(): void {
    const cursor = this.#cursor();
    this.#key = cursor.view(cursor.keyStart, cursor.keyEnd);
    this.#value = cursor.view(cursor.valueStart, cursor.valueEnd);
  }

  #cursor(): RecordCursor {
    const { cursor } = this.#origin;
    cursor.reread(this.#at);
    return cursor;
  }
}

function collect(cursor: RecordCursor): Record<string, ReceivedHeader | ReceivedHeader[]> {
  // No prototype: `__proto__` is a legal name of a header.
  const headers: Record<string, ReceivedHeader | ReceivedHeader[]> = Object.create(null) as Record<
    string,
    ReceivedHeader | ReceivedHeader[]
  >;
  for (const { key, value } of cursor.headers()) {
    const before = headers[key];
    if (before === undefined) headers[key] = value;
    else if (Array.isArray(before)) before.push(value);
    else headers[key] = [before, value];
  }
  return headers;
}

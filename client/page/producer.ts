/** KafkaJS's producer, whose `send` resolves when the record is on this device's disk, online or not. */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { Topic } from "../typed/topic-types.ts";
import { plainSends, SendOrder } from "../typed/typed-sends.ts";
import { Partitioning, type CreatePartitioner } from "../producer/partitioner.ts";
import { Emitter, type Listener } from "./emitter.ts";
import type { Acks, ProducerBatch, ProducerRecord, SendOptions, TopicMessages } from "./message.ts";
import type { Packer, PreparedTopic, StoredRecords } from "./packer.ts";
import { prepareRecord } from "./prepare.ts";
import { StoredReceipt, syncedRecord, type AskReceipt, type Receipt, type SyncedRecord } from "./receipt.ts";

const TIMEOUT_MS = 30_000;
/** setTimeout takes no more. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The records of one send in one partition. */
export interface RecordMetadata {
  readonly topicName: string;
  /** -1: the partition is chosen, by key, once the device knows the topic. */
  readonly partition: number;
  readonly errorCode: 0;
  /** Of the first record; the others follow it without a gap. */
  readonly localSequence: number;
  readonly count: number;
  /** Of the first record. Undefined with `acks: 1` where the edge will give it. */
  readonly baseOffset: number | undefined;
  /** Of the first record. */
  readonly receipt: Receipt;
  /** Of the record at `index`, from 0 to `count - 1`, in the order in which they were given. */
  readonly receiptOf: (index: number) => Receipt;
}

export interface ProducerOptions {
  readonly createPartitioner?: CreatePartitioner;
  /** Always true: no retry makes a duplicate. */
  readonly idempotent?: true;
}

export interface ProducerEvents {
  readonly connect: undefined;
  readonly disconnect: undefined;
}

export interface Producer {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** To a topic by its name, or to a typed one, whose types the messages have then. */
  send<const To extends string | Topic>(record: ProducerRecord<To>): Promise<RecordMetadata[]>;
  /** All or nothing. */
  sendBatch<const All extends readonly (string | Topic)[]>(batch: ProducerBatch<All>): Promise<RecordMetadata[]>;
  on<Name extends keyof ProducerEvents>(event: Name, listener: Listener<ProducerEvents[Name]>): () => void;
}

export interface ProducerDeps {
  readonly packer: Packer;
  readonly connect: () => Promise<void>;
  readonly askReceipt: AskReceipt;
  readonly clock: Clock;
  readonly random: Random;
  /** A send with `acks: 0` that nobody waits for. */
  readonly onLost: (error: unknown) => void;
}

export class PageProducer implements Producer {
  readonly #deps: ProducerDeps;
  readonly #partitioning: Partitioning;
  readonly #events = new Emitter<ProducerEvents>();
  readonly #order = new SendOrder();
  readonly #unanswered = new Set<Promise<unknown>>();
  #disconnected = false;

  constructor(deps: ProducerDeps, options: ProducerOptions) {
    if ((options.idempotent as unknown) === false)
      throw new StrandlineError("INVALID_ARGUMENT", "idempotent: false, a producer of Strandline always is", {
        idempotent: false,
      });
    this.#deps = deps;
    this.#partitioning = new Partitioning({ create: options.createPartitioner ?? null, random: deps.random });
  }

  async connect(): Promise<void> {
    await this.#deps.connect();
    this.#disconnected = false;
    this.#events.emit("connect", undefined);
  }

  /** Resolves when every send was answered. What is stored is sent on, whoever is connected. */
  async disconnect(): Promise<void> {
    if (this.#disconnected) return;
    this.#disconnected = true;
    await Promise.allSettled([...this.#unanswered]);
    this.#events.emit("disconnect", undefined);
  }

  on<Name extends keyof ProducerEvents>(event: Name, listener: Listener<ProducerEvents[Name]>): () => void {
    return this.#events.on(event, listener);
  }

  send<To extends string | Topic>({ topic, messages, ...options }: ProducerRecord<To>): Promise<RecordMetadata[]> {
    return this.#sendAll([{ topic, messages }], options);
  }

  sendBatch<All extends readonly (string | Topic)[]>(batch: ProducerBatch<All>): Promise<RecordMetadata[]> {
    const { topicMessages, ...options } = batch;
    return this.#sendAll(topicMessages, options);
  }

  /** Synchronous up to the packer: what is wrong is found, and what is right is encoded, before the caller goes on. */
  #sendAll(given: readonly TopicMessages<string | Topic>[], options: SendOptions): Promise<RecordMetadata[]> {
    try {
      if (this.#disconnected) throw new StrandlineError("CLOSED", "this producer was disconnected");
      const acks = checkAcks(options.acks);
      const timeoutMs = checkTimeout(options.timeout);
      const durability = oneOf("durability", options.durability, ["strict", "relaxed"]);
      const compression = oneOf("compression", options.compression, ["none", "gzip"]);
      const { topicMessages, checked } = plainSends(given);
      const topics = this.#prepare(topicMessages);
      if (topics.length === 0) return Promise.resolve([]);
      const until = this.#deps.clock.now() + timeoutMs;
      const send = { topics, durability, compression, timeoutMs, partitioning: this.#partitioning };
      const stored = this.#order.after(checked, { clock: this.#deps.clock, timeoutMs }, () =>
        this.#deps.packer.send(send),
      );
      const answered = this.#answer(stored, acks, until);
      this.#unanswered.add(stored);
      void stored.catch(() => {}).finally(() => this.#unanswered.delete(stored));
      return answered;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #prepare(topicMessages: readonly TopicMessages[]): PreparedTopic[] {
    if (!Array.isArray(topicMessages as unknown))
      throw new StrandlineError("INVALID_ARGUMENT", "topicMessages is not an array");
    const now = this.#deps.clock.now();
    const byTopic = new Map<string, PreparedTopic>();
    for (const { topic: name, messages } of topicMessages) {
      const topic = checkTopicName(name);
      if (!Array.isArray(messages as unknown))
        throw new StrandlineError("INVALID_ARGUMENT", `messages to ${topic}: not an array`, { topic });
      const records = messages.map((message, index) => prepareRecord(message, { topic, index }, now));
      if (records.length === 0) continue;
      const before = byTopic.get(topic);
      byTopic.set(topic, before === undefined ? { topic, messages, records } : joined(before, messages, records));
    }
    return [...byTopic.values()];
  }

  #answer(stored: Promise<StoredRecords[]>, acks: Exclude<Acks, "all">, until: number): Promise<RecordMetadata[]> {
    if (acks === 0) {
      stored.catch(this.#deps.onLost);
      return Promise.resolve([]);
    }
    const answered = stored.then((parts) => parts.map((part) => this.#metadata(part)));
    return acks === 1 ? answered : answered.then((all) => this.#awaitEdge(all, until));
  }

  #metadata({ topic, partition, localSequence, count, baseOffset }: StoredRecords): RecordMetadata {
    const ask = this.#deps.askReceipt;
    const receiptOf = (index: number): Receipt => {
      if (!Number.isInteger(index) || index < 0 || index >= count)
        throw new StrandlineError("INVALID_ARGUMENT", `record ${index} of ${count}`, { index, count });
      return new StoredReceipt({ topic, partition, localSequence: localSequence + index }, ask);
    };
    let receipt: Receipt | null = null;
    return {
      topicName: topic,
      partition,
      errorCode: 0,
      localSequence,
      count,
      baseOffset: baseOffset ?? undefined,
      get receipt(): Receipt {
        return (receipt ??= receiptOf(0));
      },
      receiptOf,
    };
  }

  /** The edge takes a partition's records in order, so the last one stands for all, unless their partitions are still to be chosen. */
  async #awaitEdge(all: readonly RecordMetadata[], until: number): Promise<RecordMetadata[]> {
    return Promise.all(
      all.map(async (metadata) => {
        if (metadata.baseOffset !== undefined) return metadata;
        const { count, partition, receipt, receiptOf } = metadata;
        const awaited =
          partition < 0 ? Array.from({ length: count }, (_, index) => receiptOf(index)) : [receiptOf(count - 1)];
        await Promise.all(awaited.map((each) => this.#awaitOne(each, until)));
        const first = await this.#awaitOne(receipt, until);
        return withOffset(metadata, first.partition, first.offset ?? undefined);
      }),
    );
  }

  async #awaitOne(receipt: Receipt, until: number): Promise<SyncedRecord> {
    const state = await this.#deps.askReceipt(receipt, Math.max(0, until - this.#deps.clock.now()));
    return syncedRecord(receipt, state);
  }
}

function withOffset(metadata: RecordMetadata, partition: number, baseOffset: number | undefined): RecordMetadata {
  const { topicName, errorCode, localSequence, count, receipt, receiptOf } = metadata;
  return { topicName, partition, errorCode, localSequence, count, baseOffset, receipt, receiptOf };
}

function joined(
  { topic, ...before }: PreparedTopic,
  messages: PreparedTopic["messages"],
  records: PreparedTopic["records"],
): PreparedTopic {
  return { topic, messages: [...before.messages, ...messages], records: [...before.records, ...records] };
}

function checkAcks(acks: Acks | undefined): Exclude<Acks, "all"> {
  if (acks === undefined || acks === 1) return 1;
  if (acks === -1 || acks === "all") return -1;
  if (acks === 0) return 0;
  throw new StrandlineError("INVALID_REQUIRED_ACKS", String(acks), { acks: String(acks) });
}

function checkTimeout(timeout: number | undefined): number {
  const ms = timeout ?? TIMEOUT_MS;
  if (typeof ms !== "number" || !(ms >= 0))
    throw new StrandlineError("INVALID_ARGUMENT", `timeout ${String(ms)}`, { timeout: String(ms) });
  return Math.min(ms, TIMEOUT_MS_MAX);
}

function oneOf<const Choice extends string>(
  name: string,
  value: Choice | undefined,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (value === undefined) return choices[0];
  if (choices.includes(value)) return value;
  throw new StrandlineError("INVALID_ARGUMENT", `${name}: ${String(value)} is none of ${choices.join(", ")}`, {
    [name]: String(value),
  });
}

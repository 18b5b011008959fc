/** KafkaJS's producer, whose `send` resolves when the record is on this device's disk, online or not. */
import { TIMER_MS_MAX, type Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import { Partitioning } from "../producer/partitioner.ts";
import type { Topic } from "../typed/topic-types.ts";
import { plainSends, SendOrder } from "../typed/typed-sends.ts";
import { Emitter, type Listener } from "./emitter.ts";
import { aborted, checkTimeoutMs, notStored, unlessAborted, untilAborted } from "./abort.ts";
import type { FlushOptions } from "./flush.ts";
import { Linger } from "./linger.ts";
import type { Logger } from "./logger.ts";
import type { Acks, ProducerBatch, ProducerRecord, SendOptions, TopicMessages } from "./message.ts";
import type { Packer, PreparedSend, PreparedTopic, StoredRecords } from "./packer.ts";
import { prepareTopic, withOwnBytes } from "./prepare-topic.ts";
import { checkOptions, type ProducerOptions } from "./producer-options.ts";
import { TopicCheck, type AskTopic } from "./topic-check.ts";
import { metadataOf, storedAt, withOffset, type RecordMetadata } from "./record-metadata.ts";
import { syncedRecord, type AskReceipt, type Receipt, type SyncedRecord } from "./receipt.ts";

const TIMEOUT_MS = 30_000;

export interface ProducerEvents {
  readonly connect: undefined;
  readonly disconnect: undefined;
}

/** KafkaJS's names for them. */
const PRODUCER_EVENTS = { CONNECT: "connect", DISCONNECT: "disconnect" } as const;

export interface Producer {
  /** Names of events, as in KafkaJS: `producer.on(producer.events.CONNECT, listener)`. */
  readonly events: { readonly CONNECT: "connect"; readonly DISCONNECT: "disconnect" };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** To a topic by its name, or to a typed one, whose types the messages have then. */
  send<const To extends string | Topic>(record: ProducerRecord<To>): Promise<RecordMetadata[]>;
  /** All or nothing. */
  sendBatch<const All extends readonly (string | Topic)[]>(batch: ProducerBatch<All>): Promise<RecordMetadata[]>;
  /**
   * Ends `linger`, and resolves when every send so far was answered: stored on the device, or refused.
   * `REQUEST_TIMED_OUT` at its timeout, `ABORTED` by its signal. For the edge: `strandline.sync.flush()`.
   */
  flush(options?: FlushOptions): Promise<void>;
  /** Throws `INVALID_ARGUMENT` for a name that no event has. */
  on<Name extends keyof ProducerEvents>(event: Name, listener: Listener<ProducerEvents[Name]>): () => void;
  logger(): Logger;
}

export interface ProducerDeps {
  readonly packer: Packer;
  readonly connect: () => Promise<void>;
  readonly askReceipt: AskReceipt;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when the client closes: what lingers is answered then. */
  readonly closing?: AbortSignal;
  /** A send with `acks: 0` that nobody waits for. */
  readonly onLost: (error: unknown) => void;
  readonly askTopic: AskTopic;
  readonly logger: Logger;
}

export class PageProducer implements Producer {
  readonly events: Producer["events"] = PRODUCER_EVENTS;
  readonly #deps: ProducerDeps;
  readonly #partitioning: Partitioning;
  readonly #events = new Emitter<ProducerEvents>(Object.values(PRODUCER_EVENTS));
  readonly #order = new SendOrder();
  readonly #unanswered = new Set<Promise<unknown>>();
  readonly #topics: TopicCheck;
  readonly #linger: Linger;
  readonly #maxMessageBytes: number;
  #disconnected = false;

  constructor(deps: ProducerDeps, options: ProducerOptions) {
    const { createPartitioner: create, lingerMs, maxMessageBytes, ...checks } = checkOptions(options);
    this.#deps = deps;
    this.#maxMessageBytes = maxMessageBytes;
    this.#partitioning = new Partitioning({ create, random: deps.random });
    this.#topics = new TopicCheck({ ask: deps.askTopic, clock: deps.clock, ...checks });
    this.#linger = new Linger(deps.clock, lingerMs, (send) => deps.packer.send(send));
    if (lingerMs > 0) deps.closing?.addEventListener("abort", () => this.#linger.end(), { once: true });
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
    const answered = Promise.allSettled([...this.#unanswered]);
    this.#linger.hurry(answered);
    await answered;
    this.#events.emit("disconnect", undefined);
  }

  async flush({ signal, timeout }: FlushOptions = {}): Promise<void> {
    const timeoutMs = checkTimeoutMs(timeout);
    const answered = Promise.allSettled([...this.#unanswered]);
    this.#linger.hurry(answered);
    const stopped = new AbortController();
    const late = async (): Promise<never> => {
      await this.#deps.clock.sleep(timeoutMs ?? 0, stopped.signal);
      throw new StrandlineError("REQUEST_TIMED_OUT", `sends wait to be stored after ${timeoutMs} ms`, { timeoutMs });
    };
    const all = timeoutMs === null ? answered : Promise.race([answered, late()]);
    try {
      await untilAborted<unknown>(all, signal, (fired) => aborted("the sends go on", fired));
    } finally {
      stopped.abort();
    }
  }

  on<Name extends keyof ProducerEvents>(event: Name, listener: Listener<ProducerEvents[Name]>): () => void {
    return this.#events.on(event, listener);
  }

  logger(): Logger {
    return this.#deps.logger;
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
      const { signal } = options;
      if (signal?.aborted === true) throw notStored(signal);
      const compression = oneOf("compression", options.compression, ["none", "gzip"]);
      const { topicMessages, checked } = plainSends(given);
      const topics = this.#prepare(topicMessages);
      if (topics.length === 0) return Promise.resolve([]);
      const until = this.#deps.clock.now() + timeoutMs;
      let send: PreparedSend = { topics, durability, compression, timeoutMs, signal, partitioning: this.#partitioning };
      let left = false;
      const leave = (): Promise<StoredRecords[]> => {
        if (signal?.aborted === true) throw notStored(signal);
        left = true;
        return this.#linger.send(send);
      };
      const sent = this.#order.after(checked, { clock: this.#deps.clock, timeoutMs }, () =>
        this.#topics.before(
          topics.map(({ topic }) => topic),
          leave,
        ),
      );
      if (!left) send = withOwnBytes(send);
      const stored = left || signal === undefined ? sent : unlessAborted(sent, signal, () => left);
      const answered = this.#answer(stored, { acks, until, signal });
      this.#unanswered.add(stored);
      const done = (): void => void this.#unanswered.delete(stored);
      stored.then(done, done);
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
      if (messages.length === 0) continue;
      const chunking = { random: this.#deps.random, maxMessageBytes: this.#maxMessageBytes };
      const prepared = prepareTopic({ topic, messages, now }, chunking);
      const before = byTopic.get(topic);
      byTopic.set(topic, before === undefined ? prepared : joined(before, prepared));
    }
    return [...byTopic.values()];
  }

  #answer(stored: Promise<StoredRecords[]>, { acks, until, signal }: Answering): Promise<RecordMetadata[]> {
    if (acks === 0) {
      stored.catch(this.#deps.onLost);
      return Promise.resolve([]);
    }
    const answered = stored.then((parts) => parts.map((part) => metadataOf(part, this.#deps.askReceipt)));
    const acked = acks === 1 ? answered : stored.then((parts) => this.#awaitEdge(parts, until));
    // Where it fails, so does what the caller waits for.
    if (acked !== answered) answered.catch(() => undefined);
    if (signal === undefined) return acked;
    acked.catch(() => undefined);
    // What is on its way to the disk is waited for: whoever stops waiting is told that it is there.
    return answered.then((all) =>
      untilAborted(acked, signal, (fired) => aborted("it is on the device", fired, storedAt(all))),
    );
  }

  /** Each batch is taken or refused as a whole, so its first record stands for it, unless partitions are still to be chosen. */
  async #awaitEdge(parts: readonly StoredRecords[], until: number): Promise<RecordMetadata[]> {
    return Promise.all(
      parts.map(async (part) => {
        const metadata = metadataOf(part, this.#deps.askReceipt);
        if (metadata.baseOffset !== undefined) return metadata;
        const { count, partition, receiptOf } = metadata;
        const awaited = partition < 0 ? Array.from({ length: count - 1 }, (_, index) => index + 1) : part.cuts;
        const [first] = await Promise.all([0, ...awaited].map((index) => this.#awaitOne(receiptOf(index), until)));
        return withOffset(metadata, first?.partition ?? partition, first?.offset ?? undefined);
      }),
    );
  }

  async #awaitOne(receipt: Receipt, until: number): Promise<SyncedRecord> {
    const state = await this.#deps.askReceipt(receipt, Math.max(0, until - this.#deps.clock.now()));
    return syncedRecord(receipt, state);
  }
}

interface Answering {
  readonly acks: Exclude<Acks, "all">;
  readonly until: number;
  readonly signal: AbortSignal | undefined;
}

function joined({ topic, ...before }: PreparedTopic, { messages, records }: PreparedTopic): PreparedTopic {
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
  return Math.min(ms, TIMER_MS_MAX);
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

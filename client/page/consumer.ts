/** KafkaJS's consumer over the device's own copy of the log: the same records, online or not. */
import { groupBy } from "../../shared/group-by.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { ConsumerNews, ConsumerOptions } from "../calls/consumer-calls.ts";
import { checkConsumerConfig, checkSubscription, fetchLimits } from "./consumer-config.ts";
import type { ConsumerConfig, Subscription } from "./consumer-config.ts";
import { CONSUMER_EVENTS, type ConsumerEvents, type ConsumerPayloads, type RunConfig } from "./consumer-events.ts";
import { ConsumerLoop, type FetchLimits, type LoopDeps } from "./consumer-loop.ts";
import { Emitter, type Listener } from "./emitter.ts";
import type { Logger } from "./logger.ts";
import { iterate } from "./message-iterator.ts";
import { ChunkAssembler, type BrokenMessage } from "./chunks.ts";
import type { PartitionCounts } from "./partition-counts.ts";
import { Partitioning } from "../producer/partitioner.ts";
import { byTopic, checkOffsets, checkSeek, type OffsetsInput, type SeekInput } from "./offsets.ts";
import { PositionBook, type TopicPartition } from "./position-book.ts";
import type { Topic } from "../typed/topic-types.ts";
import type { TypedSubscription } from "../typed/typed-consumer.ts";
import { TypedReader } from "../typed/typed-reader.ts";
import type { ReceivedMessage } from "./received-message.ts";
import { ShownRecords } from "./shown-records.ts";

/** A handler that never ends must not hold `stop` for ever. */
const STOP_MS_MAX = 30_000;

export interface TopicPartitions {
  readonly topic: string;
  /** All, where absent. */
  readonly partitions?: readonly number[];
}

/** One of the two. */
export type OneHandler<Config extends RunConfig> = Config &
  (
    | (Required<Pick<RunConfig, "eachMessage">> & { readonly eachBatch?: never })
    | (Required<Pick<RunConfig, "eachBatch">> & { readonly eachMessage?: never })
  );

export interface Consumer extends AsyncIterable<ReceivedMessage> {
  /** Names of events, as in KafkaJS: `consumer.on(consumer.events.CRASH, listener)`. */
  readonly events: typeof CONSUMER_EVENTS;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Before `run`. */
  subscribe(subscription: Subscription): Promise<void>;
  /** Resolves when the handlers may be called; it does not wait for them. `signal` stops the consumer. */
  run(config: OneHandler<RunConfig>): Promise<void>;
  /** Resolves when the handler at work has ended and what was handled is committed; rejects after 30 s without that. */
  stop(): Promise<void>;
  commitOffsets(offsets: OffsetsInput): Promise<void>;
  /**
   * By `offset` (a number or its digits; -1: the log's end, -2: its start) or by `timestamp` in milliseconds since 1970:
   * the first record of this time or later.
   */
  seek(position: SeekInput): void;
  pause(topics: readonly TopicPartitions[]): void;
  resume(topics: readonly TopicPartitions[]): void;
  paused(): TopicPartitions[];
  /** Runs while it is iterated, as the consumer itself does; ends when `signal` aborts. */
  messages(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<ReceivedMessage>;
  on<Name extends keyof ConsumerEvents>(event: Name, listener: Listener<ConsumerEvents[Name]>): () => void;
  logger(): Logger;
}

export interface ConsumerDeps extends Pick<LoopDeps, "call" | "clock" | "random" | "retry"> {
  readonly counts: PartitionCounts;
  readonly connect: () => Promise<void>;
  readonly logger: Logger;
}

export class PageConsumer implements Consumer {
  readonly events: typeof CONSUMER_EVENTS = CONSUMER_EVENTS;
  readonly #deps: ConsumerDeps;
  readonly #options: Pick<ConsumerOptions, "groupId" | "isolation">;
  readonly #limits: FetchLimits;
  readonly #events = new Emitter<ConsumerEvents>();
  readonly #topics = new Map<string, ConsumerOptions["topics"][number]>();
  readonly #patterns = new Map<string, ConsumerOptions["patterns"][number]>();
  readonly #typed = new TypedReader((record) => this.#tell("invalid", record));
  /** Of what handlers send in their `tx`. */
  readonly #partitioning: Partitioning;
  readonly #maxMessageBytes: number | undefined;
  #book: PositionBook;
  #shown = new ShownRecords();
  #loop: ConsumerLoop | null = null;
  #starting = false;
  /** How often it was asked to stop. */
  #stops = 0;

  constructor(deps: ConsumerDeps, config: ConsumerConfig) {
    this.#maxMessageBytes = config.maxMessageBytes;
    this.#book = this.#newBook();
    this.#deps = deps;
    this.#options = checkConsumerConfig(config);
    this.#limits = fetchLimits(config);
    this.#partitioning = new Partitioning({ create: null, random: deps.random });
  }

  async connect(): Promise<void> {
    await this.#deps.connect();
    this.#tell("connect", {});
  }

  async disconnect(): Promise<void> {
    await this.stop();
    this.#tell("disconnect", {});
  }

  async subscribe(subscription: Subscription | TypedSubscription<string | Topic>): Promise<void> {
    if (this.#loop?.running === true) throw new StrandlineError("INVALID_ARGUMENT", "subscribe comes before run");
    for (const choice of checkSubscription(this.#typed.subscribed(subscription))) {
      if (choice.storage === "none" && this.#options.isolation === "local")
        throw new StrandlineError("INVALID_ARGUMENT", "isolation 'local' reads what is stored: storage 'none' is not");
      if ("name" in choice) this.#topics.set(choice.name, choice);
      else this.#patterns.set(String(choice.pattern), choice);
    }
  }

  async run(config: RunConfig): Promise<void> {
    if (this.#loop?.running === true || this.#starting)
      throw new StrandlineError("INVALID_ARGUMENT", "this consumer runs already");
    if (this.#topics.size + this.#patterns.size === 0)
      throw new StrandlineError("INVALID_ARGUMENT", "subscribe comes before run");
    if ((config.eachMessage === undefined) === (config.eachBatch === undefined)) {
      throw new StrandlineError("INVALID_ARGUMENT", "run takes eachMessage or eachBatch");
    }
    config.signal?.throwIfAborted();
    const stops = this.#stops;
    this.#starting = true;
    try {
      // The one before may still be at its last record.
      if (this.#loop !== null) await this.#stopLoop();
      await this.#deps.connect();
      config.signal?.throwIfAborted();
      // Stopped while it began.
      if (this.#stops !== stops) return;
      const loop = new ConsumerLoop(this.#loopDeps(config));
      this.#loop = loop;
      this.#stopWith(loop, config.signal);
    } finally {
      this.#starting = false;
    }
  }

  #newBook(): PositionBook {
    const onBroken = (broken: BrokenMessage): void => this.#tell("corrupt", broken);
    return new PositionBook(new ChunkAssembler({ maxMessageBytes: this.#maxMessageBytes, onBroken }));
  }

  async stop(): Promise<void> {
    this.#stops += 1;
    await this.#stopLoop();
  }

  async #stopLoop(): Promise<void> {
    const loop = this.#loop;
    if (loop === null) return;
    const late = new AbortController();
    const tooLate = this.#deps.clock.sleep(STOP_MS_MAX, late.signal).then(() => {
      if (!late.signal.aborted)
        throw new StrandlineError("REQUEST_TIMED_OUT", `a handler still runs after ${STOP_MS_MAX} ms`, {
          timeoutMs: STOP_MS_MAX,
        });
    });
    try {
      await Promise.race([loop.stop(), tooLate]);
    } finally {
      late.abort();
    }
    if (this.#loop !== loop) return;
    this.#loop = null;
    this.#book = this.#newBook();
    this.#shown = new ShownRecords();
    this.#tell("stop", {});
  }

  async commitOffsets(offsets: OffsetsInput): Promise<void> {
    if (this.#options.groupId === null)
      throw new StrandlineError("INVALID_ARGUMENT", "a consumer without groupId commits nothing");
    await this.#running("commitOffsets").commit(checkOffsets(offsets));
  }

  seek(position: SeekInput): void {
    const loop = this.#running("seek");
    const checked = checkSeek(position);
    const { topic, partition } = checked;
    const subscribed =
      this.#topics.has(topic) || [...this.#patterns.values()].some(({ pattern }) => topic.search(pattern) >= 0);
    if (!subscribed)
      throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", `${topic} is not subscribed to`, { topic, partition });
    this.#book.seek(checked);
    this.#shown.sought(checked);
    loop.nudge();
  }

  pause(topics: readonly TopicPartitions[]): void {
    for (const { topic, partitions } of topics) this.#book.pause(checkTopicName(topic), partitions);
  }

  resume(topics: readonly TopicPartitions[]): void {
    for (const { topic, partitions } of topics) this.#book.resume(checkTopicName(topic), partitions);
    this.#loop?.nudge();
  }

  paused(): TopicPartitions[] {
    const byTopic = groupBy(this.#book.pausedPartitions(), ({ topic }: TopicPartition) => topic);
    const some = [...byTopic].map(([topic, each]) => ({ topic, partitions: each.map(({ partition }) => partition) }));
    return [...this.#book.pausedTopics().map((topic) => ({ topic })), ...some];
  }

  on<Name extends keyof ConsumerEvents>(event: Name, listener: Listener<ConsumerEvents[Name]>): () => void {
    return this.#events.on(event, listener);
  }

  logger(): Logger {
    return this.#deps.logger;
  }

  /** Runs while it is iterated. A message counts as handled when the next one is asked for, so the one at which the loop is left comes again. */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage> {
    return this.messages();
  }

  messages({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<ReceivedMessage> {
    return iterate({
      signal,
      run: (config) => this.run(config),
      stop: () => this.stop(),
      ended: () => this.#loop?.ended ?? Promise.resolve(),
    });
  }

  #loopDeps(config: RunConfig): LoopDeps {
    const { groupId } = this.#options;
    const { clock } = this.#deps;
    const tell = this.#tell.bind(this);
    return {
      ...this.#deps,
      options: { ...this.#options, topics: [...this.#topics.values()], patterns: [...this.#patterns.values()] },
      limits: this.#limits,
      config,
      book: this.#book,
      shown: this.#shown,
      packing: { counts: this.#deps.counts, partitioning: this.#partitioning },
      onFetch: () => {
        const began = clock.now();
        tell("fetch_start", {});
        return ({ runs }) => {
          const bytes = runs.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
          const partitions = new Set(runs.map(({ topic, partition }) => `${topic}/${partition}`)).size;
          tell("fetch", { numberOfBatches: runs.length, partitions, bytes, duration: clock.now() - began });
        };
      },
      onBatch: (facts) => {
        const began = clock.now();
        tell("start_batch_process", facts);
        return () => tell("end_batch_process", { ...facts, duration: clock.now() - began });
      },
      onNews: (news) => this.#onNews(news),
      onLeft: () => tell("rebalancing", { groupId }),
      onCommitted: (offsets) => tell("commit_offsets", { groupId, offsets, ...byTopic(offsets) }),
      read: (topic, messages) => this.#typed.read(topic, messages),
      onDamage: ({ topic, partition, from, to }, { error }) => tell("corrupt", { error, topic, partition, from, to }),
      onFenced: ({ topic, partition }) => tell("fenced", { topic, partition }),
      onCrash: (error, at, retryInMs) => tell("crash", { error, groupId, ...at, restart: true, retryInMs }),
    };
  }

  #onNews(news: ConsumerNews): void {
    const { groupId } = this.#options;
    if (news.type === "joined") return this.#tell("group_join", { groupId, memberAssignment: news.assignment });
    const { topic, partition, from, to, reason } = news;
    this.#tell("offset_reset", { topic, partition, from, to, reason });
  }

  #tell<Name extends keyof ConsumerPayloads>(name: Name, payload: ConsumerPayloads[Name]): void {
    const timestamp = this.#deps.clock.now();
    this.#events.emit(name, { ...payload, type: `consumer.${name}`, timestamp, payload } as ConsumerEvents[Name]);
  }

  #stopWith(loop: ConsumerLoop, signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    // Who wants to know how it ended calls `stop` as well.
    const stop = (): void => void this.stop().catch(() => {});
    signal.addEventListener("abort", stop, { once: true });
    void loop.ended.then(() => signal.removeEventListener("abort", stop));
  }

  #running(what: string): ConsumerLoop {
    if (this.#loop?.running !== true) throw new StrandlineError("INVALID_ARGUMENT", `${what} comes after run`);
    return this.#loop;
  }
}

/** KafkaJS's consumer over the device's own copy of the log: the same records, online or not. */
import { groupBy } from "../../shared/group-by.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { TopicPartitionOffset } from "../calls/consumer-calls.ts";
import type { ConsumerEvents, RunConfig } from "./consumer-events.ts";
import { ConsumerLoop, type LoopDeps } from "./consumer-loop.ts";
import { Emitter, type Listener } from "./emitter.ts";
import { iterate } from "./message-iterator.ts";
import { ChunkAssembler, type BrokenMessage } from "./chunks.ts";
import { PositionBook, type TopicPartition } from "./position-book.ts";
import type { Topic } from "../typed/topic-types.ts";
import type { TypedSubscription } from "../typed/typed-consumer.ts";
import { TypedReader } from "../typed/typed-reader.ts";
import type { ReceivedMessage } from "./received-message.ts";

/** A handler that never ends must not hold `stop` for ever. */
const STOP_MS_MAX = 30_000;

export interface ConsumerConfig {
  /** The tabs of one browser share a group's work by turns. Without it nothing is committed. */
  readonly groupId?: string;
  /** Of values that come in chunks: larger ones are told by `corrupt` and passed by. 64 MiB by default. */
  readonly maxMessageBytes?: number;
}

export interface TopicPartitions {
  readonly topic: string;
  /** All, where absent. */
  readonly partitions?: readonly number[];
}

export type Subscription = (
  | { readonly topic: string; readonly topics?: never }
  | { readonly topics: readonly string[]; readonly topic?: never }
) & {
  readonly fromBeginning?: boolean;
};

/** One of the two. */
export type OneHandler<Config extends RunConfig> = Config &
  (
    | (Required<Pick<RunConfig, "eachMessage">> & { readonly eachBatch?: never })
    | (Required<Pick<RunConfig, "eachBatch">> & { readonly eachMessage?: never })
  );

export interface Consumer extends AsyncIterable<ReceivedMessage> {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Before `run`. */
  subscribe(subscription: Subscription): Promise<void>;
  /** Resolves when the handlers may be called; it does not wait for them. */
  run(config: OneHandler<RunConfig>): Promise<void>;
  stop(): Promise<void>;
  commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void>;
  seek(position: TopicPartitionOffset): void;
  pause(topics: readonly TopicPartitions[]): void;
  resume(topics: readonly TopicPartitions[]): void;
  paused(): TopicPartitions[];
  on<Name extends keyof ConsumerEvents>(event: Name, listener: Listener<ConsumerEvents[Name]>): () => void;
}

export interface ConsumerDeps extends Pick<LoopDeps, "call" | "clock" | "random" | "retry"> {
  readonly connect: () => Promise<void>;
}

export class PageConsumer implements Consumer {
  readonly #deps: ConsumerDeps;
  readonly #groupId: string | null;
  readonly #events = new Emitter<ConsumerEvents>();
  readonly #topics = new Map<string, { readonly name: string; readonly fromBeginning: boolean }>();
  readonly #maxMessageBytes: number | undefined;
  #book: PositionBook;
  readonly #typed = new TypedReader((record) => this.#events.emit("invalid", record));
  #loop: ConsumerLoop | null = null;

  constructor(deps: ConsumerDeps, { groupId, maxMessageBytes }: ConsumerConfig) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#book = this.#newBook();
    if (groupId !== undefined && (typeof groupId !== "string" || groupId === "")) {
      throw new StrandlineError("INVALID_ARGUMENT", `groupId ${JSON.stringify(groupId)}`, { groupId: String(groupId) });
    }
    this.#deps = deps;
    this.#groupId = groupId ?? null;
  }

  async connect(): Promise<void> {
    await this.#deps.connect();
    this.#events.emit("connect", undefined);
  }

  async disconnect(): Promise<void> {
    await this.stop();
    this.#events.emit("disconnect", undefined);
  }

  async subscribe(subscription: Subscription | TypedSubscription<string | Topic>): Promise<void> {
    if (this.#loop?.running === true) throw new StrandlineError("INVALID_ARGUMENT", "subscribe comes before run");
    const { topics = [], fromBeginning = false } = this.#typed.subscribed(subscription);
    for (const name of topics.map(checkTopicName)) this.#topics.set(name, { name, fromBeginning });
  }

  async run(config: RunConfig): Promise<void> {
    if (this.#loop?.running === true) throw new StrandlineError("INVALID_ARGUMENT", "this consumer runs already");
    if (this.#topics.size === 0) throw new StrandlineError("INVALID_ARGUMENT", "subscribe comes before run");
    if ((config.eachMessage === undefined) === (config.eachBatch === undefined)) {
      throw new StrandlineError("INVALID_ARGUMENT", "run takes eachMessage or eachBatch");
    }
    await this.#deps.connect();
    this.#loop = new ConsumerLoop({
      ...this.#deps,
      options: { groupId: this.#groupId, topics: [...this.#topics.values()] },
      config,
      book: this.#book,
      read: (topic, messages) => this.#typed.read(topic, messages),
      onFetch: (runs) =>
        this.#events.emit("fetch", {
          partitions: runs.length,
          bytes: runs.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
        }),
      onCommitted: (offsets) => this.#events.emit("commit_offsets", { offsets }),
      onDamage: ({ topic, partition, from, to }, { error }) =>
        this.#events.emit("corrupt", { error, topic, partition, from, to }),
      onCrash: (error, at, retryInMs) => this.#events.emit("crash", { error, ...at, restart: true, retryInMs }),
    });
  }

  #newBook(): PositionBook {
    const onBroken = (broken: BrokenMessage): void => this.#events.emit("corrupt", broken);
    return new PositionBook(new ChunkAssembler({ maxMessageBytes: this.#maxMessageBytes, onBroken }));
  }

  async stop(): Promise<void> {
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
    this.#events.emit("stop", undefined);
  }

  async commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (this.#groupId === null)
      throw new StrandlineError("INVALID_ARGUMENT", "a consumer without groupId commits nothing");
    await this.#running("commitOffsets").commit(offsets.map(checkPosition));
  }

  seek(position: TopicPartitionOffset): void {
    const loop = this.#running("seek");
    this.#book.seek(checkPosition(position));
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

  /** Runs while it is iterated. A message counts as handled when the next one is asked for, so the one at which the loop is left comes again. */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage> {
    return iterate({
      run: (config) => this.run(config),
      stop: () => this.stop(),
      ended: () => this.#loop?.ended ?? Promise.resolve(),
    });
  }

  #running(what: string): ConsumerLoop {
    if (this.#loop?.running !== true) throw new StrandlineError("INVALID_ARGUMENT", `${what} comes after run`);
    return this.#loop;
  }
}

function checkPosition(position: TopicPartitionOffset): TopicPartitionOffset {
  const { topic, partition, offset } = position;
  checkTopicName(topic);
  if (!Number.isInteger(partition) || partition < 0)
    throw new StrandlineError("INVALID_ARGUMENT", `partition ${String(partition)} of ${topic}`, {
      topic,
      partition: String(partition),
    });
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new StrandlineError("INVALID_ARGUMENT", `offset ${String(offset)} of ${topic}-${partition}`, {
      topic,
      partition,
      offset: String(offset),
    });
  return position;
}

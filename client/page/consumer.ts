/** KafkaJS's consumer. What reads and hands out records (`consumer-work.ts`) is loaded when it is first needed. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import {
  checkConsumerConfig,
  type CheckedConsumer,
  type ConsumerConfig,
  type Subscription,
} from "./consumer-config.ts";
import { CONSUMER_EVENTS, type ConsumerEvents, type ConsumerPayloads, type RunConfig } from "./consumer-events.ts";
import type { GroupDescription } from "./admin/group-types.ts";
import type { Wait } from "./admin/ports.ts";
import type { LoopDeps } from "./loop-deps.ts";
import type { ConsumerWork } from "./consumer-work.ts";
import { Emitter, type Listener } from "./emitter.ts";
import type { Farewell } from "./farewell.ts";
import type { Logger } from "./logger.ts";
import type { OffsetsInput, SeekInput } from "./offsets.ts";
import type { PartitionCounts } from "./partition-counts.ts";
import { adminPart, consumerPart } from "./parts.ts";
import { PausedPartitions, type TopicPartitions } from "./paused-partitions.ts";
import type { ReceivedMessage } from "./received-message.ts";

export type { TopicPartitions };

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
  /**
   * Resolves when the handlers may be called; it does not wait for them. `signal` stops the consumer. Rejects where it
   * cannot be opened for good; what ends it later is told by `crash` with `restart: false`.
   */
  run(config: OneHandler<RunConfig>): Promise<void>;
  /**
   * Resolves when the handler at work has ended and what was handled is committed. Within a handler it is not to be
   * awaited: that one would wait for itself, and after 30 seconds it rejects. Nothing more is handed out in any case.
   */
  stop(): Promise<void>;
  commitOffsets(offsets: OffsetsInput): Promise<void>;
  /**
   * Its group as the edge has it: as `admin.describeGroups`. `UNSUPPORTED_OPERATION` of a group of this device,
   * `INVALID_ARGUMENT` without a `groupId`.
   */
  describeGroup(options?: Wait): Promise<GroupDescription>;
  /**
   * By `offset` (a number or its digits; -1: the log's end, -2: its start) or by `timestamp` in milliseconds since 1970:
   * the first record of this time or later.
   */
  seek(position: SeekInput): void;
  pause(topics: readonly TopicPartitions[]): void;
  resume(topics: readonly TopicPartitions[]): void;
  paused(): TopicPartitions[];
  /** Runs while it is iterated, as the consumer itself does; ends when `signal` aborts. Throws what ends the consumer for good. */
  messages(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<ReceivedMessage>;
  /** Throws `INVALID_ARGUMENT` for a name that no event has. */
  on<Name extends keyof ConsumerEvents>(event: Name, listener: Listener<ConsumerEvents[Name]>): () => void;
  logger(): Logger;
}

export interface ConsumerDeps extends Pick<LoopDeps, "call" | "clock" | "random" | "retry"> {
  readonly counts: PartitionCounts;
  readonly connect: () => Promise<void>;
  readonly logger: Logger;
  readonly farewell?: Pick<Farewell, "of">;
}

export class PageConsumer implements Consumer {
  readonly events: typeof CONSUMER_EVENTS = CONSUMER_EVENTS;
  readonly #deps: ConsumerDeps;
  readonly #config: CheckedConsumer;
  readonly #events = new Emitter<ConsumerEvents>(Object.values(CONSUMER_EVENTS));
  readonly #paused = new PausedPartitions();
  #work: ConsumerWork | null = null;
  /** How often it was asked to stop. */
  #stops = 0;

  constructor(deps: ConsumerDeps, config: ConsumerConfig) {
    this.#deps = deps;
    this.#config = checkConsumerConfig(config);
  }

  async connect(): Promise<void> {
    await this.#deps.connect();
    this.#tell("connect", {});
  }

  async disconnect(): Promise<void> {
    await this.stop();
    this.#tell("disconnect", {});
  }

  async subscribe(subscription: Subscription): Promise<void> {
    (await this.#load()).subscribe(subscription);
  }

  async run(config: RunConfig): Promise<void> {
    const stops = this.#stops;
    const work = await this.#load();
    // Stopped while what does the work was loaded.
    if (stops === this.#stops) await work.run(config);
  }

  async stop(): Promise<void> {
    this.#stops += 1;
    await this.#work?.stop();
  }

  async commitOffsets(offsets: OffsetsInput): Promise<void> {
    await (await this.#load()).commitOffsets(offsets);
  }

  async describeGroup(options: Wait = {}): Promise<GroupDescription> {
    const { groupId, group } = this.#config.options;
    if (groupId === null)
      throw new StrandlineError("INVALID_ARGUMENT", "describeGroup without groupId: there is no group");
    const { describeGroupOf } = await adminPart();
    return await describeGroupOf(this.#deps, groupId, { ...options, coordinator: group?.coordinator ?? "device" });
  }

  seek(position: SeekInput): void {
    if (this.#work === null) throw new StrandlineError("INVALID_ARGUMENT", "seek comes after run");
    this.#work.seek(position);
  }

  pause(topics: readonly TopicPartitions[]): void {
    for (const each of topics) this.#paused.pause(each);
  }

  resume(topics: readonly TopicPartitions[]): void {
    for (const each of topics) this.#paused.resume(each);
    this.#work?.nudge();
  }

  paused(): TopicPartitions[] {
    return this.#paused.byTopic();
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

  async *messages(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<ReceivedMessage, void, undefined> {
    yield* (await this.#load()).messages(options.signal);
  }

  async #load(): Promise<ConsumerWork> {
    const { ConsumerWork } = await consumerPart();
    return (this.#work ??= new ConsumerWork({
      ...this.#deps,
      ...this.#config,
      paused: this.#paused,
      tell: (name, payload) => this.#tell(name, payload),
    }));
  }

  #tell<Name extends keyof ConsumerPayloads>(name: Name, payload: ConsumerPayloads[Name]): void {
    const timestamp = this.#deps.clock.now();
    this.#events.emit(name, { ...payload, type: `consumer.${name}`, timestamp, payload } as ConsumerEvents[Name]);
  }
}

/**
 * The public face, in KafkaJS's shape, over whatever line it is given. Making one opens nothing: the line opens with the
 * first call, so that importing and constructing are safe in Node and while a server renders.
 */
import { StrandlineError } from "../shared/strandline-error.ts";
import { checkTopicName } from "../shared/topic-name.ts";
import { checkDiscard, workerOptions, type StrandlineOptions } from "./options.ts";
import { BACKGROUND_SYNC_TAG } from "./background-sync-tag.ts";
import { BackgroundSync } from "./page/background-sync.ts";
import { askUntilAborted, type WaitOptions } from "./page/abort.ts";
import type { Admin } from "./page/admin/admin.ts";
import type { ConsumerConfig } from "./page/consumer-config.ts";
import { logEvents } from "./page/consumer-log.ts";
import type { Consumer } from "./page/consumer.ts";
import { PageConsumer } from "./page/consumer.ts";
import type { DeadLetters } from "./page/dead-letters.ts";
import type { DeviceStorage, FollowOptions, Sync } from "./page/client-parts.ts";
import { EVENT_NAMES, isGrave, type StrandlineEvents } from "./page/strandline-events.ts";
import { Emitter, type Listener } from "./page/emitter.ts";
import { Farewell } from "./page/farewell.ts";
import { flushOutbox } from "./page/flush.ts";
import { createLogger, logLevel, type Logger } from "./page/logger.ts";
import { Packer } from "./page/packer.ts";
import { adminPart, lazily, lettersPart } from "./page/parts.ts";
import { PartitionCounts } from "./page/partition-counts.ts";
import { PageProducer, type Producer } from "./page/producer.ts";
import type { ProducerOptions } from "./page/producer-options.ts";
import { checkRetention } from "./page/retention.ts";
import { parseReceiptId, StoredReceipt, type Receipt } from "./page/receipt.ts";
import { PageTable, type DecodedTopic, type Table, type TableOptions } from "./page/table.ts";
import { plainPlace, type RecordPlace } from "./calls/record-place.ts";
import type { MakeLine, WorkerLine } from "./page/line.ts";
import {
  cryptoRandom,
  nextTask,
  pageLifecycle,
  pageStorage,
  registerBackgroundSync,
  systemClock,
} from "./web-ports.ts";
import type { Topic } from "./typed/topic-types.ts";
import type { TypedConsumer } from "./typed/typed-consumer.ts";
import { Persistence } from "./page/persistence.ts";
import type { ReceiptState } from "./calls/outbox-calls.ts";
import type { WorkerCalls } from "./calls/worker-api.ts";
import type { WorkerEvent } from "./calls/worker-event.ts";
import type { WorkerOptions } from "./calls/worker-options.ts";

const CALL_MS_MAX = 30_000;

/** `Strandline` of each entry is one of these: what takes a client takes any of them. */
export class StrandlineClient {
  readonly #events = new Emitter<StrandlineEvents>(EVENT_NAMES);
  readonly #connection: WorkerLine;
  readonly #counts: PartitionCounts;
  readonly #packer: Packer;
  readonly #logger: Logger;
  readonly #options: WorkerOptions;
  readonly #stopHints: () => void;
  readonly #background: BackgroundSync | null;
  readonly #persistence: Persistence;
  readonly #closing = new AbortController();
  readonly #farewell = new Farewell(pageLifecycle());
  /** Where groups are of which nothing else is said. */
  protected readonly coordinator: "device" | "edge" = "device";
  readonly storage: DeviceStorage = {
    persist: ({ signal } = {}) => askUntilAborted(() => this.#persistence.ask(), signal),
    estimate: (wait) => this.#ask((api) => api.storageReport(), wait),
  };
  readonly sync: Sync = {
    pause: (wait) => this.#ask((api) => api.setPaused(true), wait),
    resume: (wait) => this.#ask((api) => api.setPaused(false), wait),
    status: (wait) => this.#ask((api) => api.status(), wait),
    flush: (options = {}) => {
      const call = this.#connection.call.bind(this.#connection);
      return flushOutbox({ call, clock: systemClock, retryMs: this.#options.retry.initialRetryTimeMs }, options);
    },
  };

  /** What the edge refused for good. */
  readonly deadLetters: DeadLetters = lazily(async () => {
    const { deadLetters } = await lettersPart();
    return deadLetters({ call: this.#connection.call.bind(this.#connection), askReceipt: this.#askReceipt });
  });

  constructor(options: StrandlineOptions, makeLine: MakeLine) {
    this.#options = workerOptions(options);
    this.#persistence = new Persistence(pageStorage, { automatic: options.persist ?? true });
    this.#logger = createLogger({
      namespace: "client",
      level: options.logLevel ?? logLevel.WARN,
      create: options.logCreator,
      now: () => systemClock.now(),
    });
    this.#connection = makeLine({
      options: this.#options,
      onEvent: (event) => this.#onEvent(event),
      askToken: this.#farewell.asking(this.#options.url, options.auth),
      onDeath: () => this.#onDeath(),
    });
    this.#counts = new PartitionCounts((topic) =>
      this.#connection.call((api) => api.partitionCount(topic, { refresh: false }), CALL_MS_MAX),
    );
    const ports = { counts: this.#counts, clock: systemClock, nextTask };
    this.#packer = new Packer({ append: (pack) => this.#append(pack), ...ports });
    const background = options.backgroundSync === true ? this.#backgroundSync() : null;
    this.#background = background;
    const page = pageLifecycle();
    const stops = [
      page.onHint(() => this.#connection.hint()),
      this.#farewell.before((parked) => this.#connection.park(parked)),
    ];
    if (background !== null) stops.push(page.onHidden(() => background.hidden()));
    this.#stopHints = () => stops.forEach((stop) => stop());
  }

  producer(options: ProducerOptions = {}): Producer {
    const onLost = (error: unknown): void => {
      this.#logger.error("a send with acks 0 was not stored", { error });
      this.#events.emit("send.failed", { type: "send.failed", error });
    };
    const deps = {
      packer: this.#packer,
      connect: this.#connect,
      askReceipt: this.#askReceipt,
      clock: systemClock,
      random: cryptoRandom,
      closing: this.#closing.signal,
      onLost,
      logger: this.#logger,
      askTopic: {
        exists: (topic: string) => this.#connection.call((api) => api.topicExists(topic), CALL_MS_MAX),
        refresh: (topic: string) =>
          this.#connection.call((api) => api.partitionCount(topic, { refresh: true }), CALL_MS_MAX),
      },
    };
    return new PageProducer(deps, options);
  }

  consumer(config?: ConsumerConfig): Consumer;
  /** Of typed topics: `consumer<typeof orders>({ groupId })`. */
  consumer<From extends string | Topic>(config?: ConsumerConfig): TypedConsumer<From>;
  consumer(config: ConsumerConfig = {}): Consumer {
    const deps = {
      call: this.#connection.call.bind(this.#connection),
      connect: this.#connect,
      counts: this.#counts,
      clock: systemClock,
      random: cryptoRandom,
      retry: this.#options.retry,
      logger: this.#logger,
      farewell: this.#farewell,
    };
    const consumer = new PageConsumer(deps, config);
    logEvents(consumer, this.#logger);
    return consumer;
  }

  /**
   * Keeps a topic on the device for offline use, with no consumer of it. `retention`: what of it the device keeps at most;
   * left out: as it was said before, at first all that the edge has. What is not synced is kept in any case.
   */
  async follow(topic: string, { retention, ...wait }: FollowOptions = {}): Promise<void> {
    const checked = checkRetention(topic, retention);
    await this.#ask((api) => api.follow(checkTopicName(topic), checked), wait);
  }

  /** The device's copy of the topic grows no more, until a consumer subscribes to it or it is followed again. */
  async unfollow(topic: string, wait?: WaitOptions): Promise<void> {
    await this.#ask((api) => api.unfollow(checkTopicName(topic)), wait);
  }

  /**
   * The latest value of each key of the topic, which is followed from now on. Open until it or the client is closed.
   * Throws `INVALID_TOPIC_EXCEPTION`.
   */
  table<Value = unknown>(topic: string | DecodedTopic<Value>, options: TableOptions<Value> = {}): Table<Value> {
    const deps = {
      call: this.#connection.call.bind(this.#connection),
      clock: systemClock,
      retry: this.#options.retry,
      onError: (error: unknown) => this.#logger.error("a table", { topic, error }),
    };
    return new PageTable(deps, topic, options);
  }

  admin(): Admin {
    const call = this.#connection.call.bind(this.#connection);
    const { url, namespace } = this.#options;
    const { coordinator } = this;
    const deps = { call, connect: this.#connect, clock: systemClock, url, namespace, coordinator };
    return lazily(async () => {
      const { pageAdmin } = await adminPart();
      return pageAdmin({ ...deps, onTopic: (topic) => this.#counts.forget(topic) });
    });
  }

  /** Of a record that was sent from this device, in this session or an earlier one: `orders-3~57`. */
  receipt(id: string): Receipt {
    return new StoredReceipt(parseReceiptId(id), this.#askReceipt);
  }

  on<Name extends keyof StrandlineEvents>(event: Name, listener: Listener<StrandlineEvents[Name]>): () => void {
    return this.#events.on(event, listener);
  }

  /** Ends the worker. What is stored stays, and is sent on by another tab or the next start. */
  async close(): Promise<void> {
    this.#stopHints();
    this.#closing.abort();
    await this.#connection.close();
  }

  /**
   * Signs the principal out of this device, in every tab; this client is closed after it. What is not synced yet waits in
   * the principal's own database until somebody signs in as them again, or, with `discard`, is deleted with all else the
   * database holds. Answers how many records that are: ask `sync.status()` first where nothing may be lost.
   * Rejects with `STORE_FAILED` where another tab keeps the database open: nothing is lost then.
   */
  async logout(how: { readonly discard: boolean }): Promise<{ readonly unsyncedRecords: number }> {
    const discard = checkDiscard(how);
    try {
      return await this.#connection.call((api) => api.logout(discard), CALL_MS_MAX);
    } finally {
      await this.close();
    }
  }

  /**
   * Ends the device in every tab and deletes all that stands of it here, synced or not: its database, the note of it
   * outside of IndexedDB, its entry among the principal's devices at the edge where that can be reached. This client is
   * closed after it. Answers how many records were not synced.
   * Rejects with `STORE_FAILED` where another tab keeps the database open: nothing is lost then.
   */
  async destroy(): Promise<{ readonly unsyncedRecords: number }> {
    try {
      const destroyed = await this.#connection.call((api) => api.logout(true), CALL_MS_MAX);
      this.#persistence.forget();
      return destroyed;
    } finally {
      await this.close();
    }
  }

  #ask<Result>(ask: (api: WorkerCalls) => Promise<Result>, { signal }: WaitOptions = {}): Promise<Result> {
    return askUntilAborted(() => this.#connection.call(ask, CALL_MS_MAX), signal);
  }

  readonly #connect = (): Promise<void> => this.#connection.call(async () => {}, CALL_MS_MAX);

  async #append(pack: Parameters<PackAppend>[0]): ReturnType<PackAppend> {
    this.#persistence.sent();
    const acks = await this.#connection.append(pack, CALL_MS_MAX);
    this.#background?.appended();
    return acks;
  }

  #backgroundSync(): BackgroundSync {
    return new BackgroundSync({
      register: () => registerBackgroundSync(BACKGROUND_SYNC_TAG),
      pendingRecords: async () => (await this.sync.status()).pendingRecords,
    });
  }

  /** A receipt outlives the worker that was asked: the record is in the store. */
  readonly #askReceipt = async (place: RecordPlace, timeoutMs: number | null): Promise<ReceiptState> => {
    const plain = plainPlace(place);
    const until = timeoutMs === null ? null : systemClock.now() + timeoutMs;
    for (;;) {
      const left = until === null ? null : Math.max(0, until - systemClock.now());
      try {
        return await this.#connection.call(
          (api) => api.receipt(plain, left),
          left === null ? null : left + CALL_MS_MAX,
        );
      } catch (error) {
        if (!(error instanceof StrandlineError) || error.code !== "WORKER_DIED" || left === 0) throw error;
        await systemClock.sleep(this.#options.retry.initialRetryTimeMs);
      }
    }
  };

  #onEvent(event: WorkerEvent): void {
    if (event.type === "topics.learned") this.#counts.renew();
    if (event.type === "sync.state") this.#background?.onState(event.online);
    if (event.type === "app.outdated")
      this.#logger.warn("a newer version of this site runs in another tab: reload this one");
    if (event.type === "logged.out") void this.close();
    this.#logger[isGrave(event) ? "warn" : "debug"](event.type, { ...event });
    // An event's type is the name of its listeners, which the compiler cannot see of a union.
    this.#events.emit(event.type, event as never);
  }

  #onDeath(): void {
    this.#logger.warn("the worker ended; the next call opens another");
    this.#events.emit("worker.died", { type: "worker.died" });
  }
}

type PackAppend = WorkerLine["append"];

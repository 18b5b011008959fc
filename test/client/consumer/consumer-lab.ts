/** A page's consumer and its worker over one store in memory, without a thread between them. The worker can be killed. */
import { ConsumerDesk } from "../../../client/worker/consumer-desk.ts";
import type { Device } from "../../../client/worker/device.ts";
import { TransactionDesk } from "../../../client/worker/transaction-desk.ts";
import { TopicDesk } from "../../../client/worker/topics.ts";
import type { ConsumerCalls } from "../../../client/calls/consumer-calls.ts";
import type { TransactionCalls } from "../../../client/calls/transaction-calls.ts";
import type { WorkerCalls } from "../../../client/calls/worker-api.ts";
import { DeviceNews } from "../../../client/device-news.ts";
import type { RecordSource } from "../../../client/consumer/record-source.ts";
import { PageConsumer } from "../../../client/page/consumer.ts";
import type { ConsumerConfig } from "../../../client/page/consumer-config.ts";
import type { CallWorker } from "../../../client/page/consumer-link.ts";
import { createLogger, logLevel } from "../../../client/page/logger.ts";
import { PartitionCounts } from "../../../client/page/partition-counts.ts";
import { Outstanding } from "../../../client/page/outstanding.ts";
import type { ReceivedMessage } from "../../../client/page/received-message.ts";
import { cryptoRandom, systemClock } from "../../../client/web-ports.ts";
import type { Clock } from "../../../shared/clock.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { Tab } from "../log/log-fixture.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { SILENT_CHANNEL } from "./fake-log.ts";

export interface LabOptions {
  /** Topics belong to the device; else the edge would know them. */
  readonly localPartitionCount?: number;
  readonly readThrough?: () => RecordSource;
  readonly clock?: Clock;
  /** Instead of the tabs' own groups. */
  readonly groups?: NonNullable<Device["groups"]>;
  /** Called before a consumer is opened on the worker; what it throws is the worker's answer. */
  readonly opening?: () => void;
}

export class ConsumerLab {
  readonly tab: Tab;
  readonly news: DeviceNews = new DeviceNews(SILENT_CHANNEL, systemClock);
  readonly locks: MemoryLocks = new MemoryLocks();
  readonly #options: LabOptions;
  #desk: ConsumerDesk;
  #outstanding = new Outstanding();
  #generation = 1;
  /** Between the page and its worker. */
  releasing: <Answer>(release: () => Promise<Answer>) => Promise<Answer> = (release) => release();
  polls = 0;
  kills = 0;

  private constructor(tab: Tab, options: LabOptions) {
    this.tab = tab;
    this.#options = options;
    this.#desk = this.#newDesk();
  }

  static async open(options: LabOptions = {}): Promise<ConsumerLab> {
    const { localPartitionCount } = options;
    const tab = await Tab.open(undefined, localPartitionCount === undefined ? {} : { localPartitionCount });
    return new ConsumerLab(tab, options);
  }

  consumer(config: ConsumerConfig = {}): PageConsumer {
    return new PageConsumer(
      {
        call: this.call,
        connect: async () => {},
        clock: this.#options.clock ?? systemClock,
        random: { next: () => 0, bytes: () => new Uint8Array() },
        retry: { initialRetryTimeMs: 2, maxRetryTimeMs: 4 },
        counts: new PartitionCounts(() => Promise.resolve(null)),
        logger: createLogger({ namespace: "test", level: logLevel.NOTHING, now: () => 0 }),
      },
      { maxWaitTimeInMs: 50, ...config },
    );
  }

  /** `append("orders-0: a b")`, and the word of it. */
  async append(...batches: string[]): Promise<void> {
    const appended = await this.tab.appended(...batches);
    this.news.publish({ type: "appended", refs: appended });
  }

  /** The edge commits the first `count` pending records of the place at `offset`. */
  async commit(place: string, count: number, offset: number): Promise<void> {
    const leaderEpoch = { counter: 1, nonce: 1 } as never;
    await this.tab.commit(place, count, offset, { leaderEpoch });
    this.news.publish({ type: "settled", refs: [await this.tab.ref(place)] });
  }

  async learn(name: string, partitionCount: number): Promise<void> {
    await this.tab.learn(name, partitionCount);
    this.news.publish({ type: "learned" });
  }

  /** As sync tells it where the edge lets the principal not read the topic. */
  refuse(topic: string): void {
    const error = new StrandlineError("TOPIC_AUTHORIZATION_FAILED", topic, { topic }).toBody();
    this.news.publish({ type: "event", event: { type: "topic.refused", topic, error } });
  }

  /**
   * The only consumer that runs here has polled anew, and its worker has answered: it has heard of what it was told
   * before, and has handed out what there was to read. Not while a handler is at work: then it polls once ahead.
   */
  async polled(): Promise<void> {
    const { polls } = this;
    await until(() => this.polls > polls + 2);
  }

  /** As when the browser ends a worker: nothing is said, what is under way gets no answer, its locks are free. */
  kill(): void {
    this.kills += 1;
    const desk = this.#desk;
    this.#outstanding.end(new StrandlineError("WORKER_DIED", "killed by the test"));
    this.#outstanding = new Outstanding();
    this.#generation += 1;
    this.#desk = this.#newDesk();
    void desk.close();
  }

  readonly call: CallWorker = async (ask, deadlineMs) => {
    // The port between the two: an answer is never there at once.
    await Promise.resolve();
    const desk = this.#desk;
    const append = (): Promise<never> => Promise.reject(new Error("nothing is sent here"));
    const transactions = new TransactionDesk({ store: this.tab.store, session: (id) => desk.session(id), append });
    const calls: ConsumerCalls & TransactionCalls = {
      ...desk.calls,
      ...transactions.calls,
      openConsumer: async (options) => {
        this.#options.opening?.();
        return await desk.calls.openConsumer(options);
      },
      releasePartitions: async (...asked) => await this.releasing(() => desk.calls.releasePartitions(...asked)),
      poll: async (consumer, options) => {
        this.polls += 1;
        return structuredClone(await desk.calls.poll(consumer, structuredClone(options)));
      },
    };
    return await this.#outstanding.settle(ask(calls as WorkerCalls, this.#generation), deadlineMs);
  };

  #newDesk(): ConsumerDesk {
    const { localLog, outbox, replica, own, catalog, topicAdmin } = this.tab.log;
    const { readThrough, localPartitionCount } = this.#options;
    const device: Device = {
      database: "lab",
      storageReport: () => Promise.reject(new Error("there is no storage")),
      store: this.tab.store,
      localLog,
      outbox,
      replica,
      own,
      catalog,
      topicAdmin,
      readThrough: readThrough ?? null,
      settings: { paused: async () => false, setPaused: async () => {} },
      news: this.news,
      locks: this.locks,
      clock: systemClock,
      random: cryptoRandom,
      sync: null,
      ...(this.#options.groups === undefined ? {} : { groups: this.#options.groups }),
      close: async () => {},
      discard: async () => 0,
    };
    const desk = new TopicDesk({ catalog, sync: null, localPartitionCount: localPartitionCount ?? 1, onLearned() {} });
    return new ConsumerDesk(device, desk);
  }
}

/** `a@0`, or `b~3` of a pending record; with its partition where asked for. */
export function inWords(message: ReceivedMessage): string {
  const place = message.pending ? `~${message.localSequence}` : `@${message.offset}`;
  return `${message.text()}${place}`;
}

/** Waits until it holds. The test's own time is the limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemClock.sleep(1);
}

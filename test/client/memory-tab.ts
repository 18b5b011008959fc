/** A page and its worker in one process, over a store that several may share. The worker can be ended at any moment. */
import { DeviceNews, type DeviceChannel } from "../../client/device-news.ts";
import { openDevice, type DeviceLog } from "../../client/log/open-device.ts";
import type { Store } from "../../client/log/store.ts";
import type { ConsumerConfig } from "../../client/page/consumer-config.ts";
import type { CallWorker } from "../../client/page/consumer-link.ts";
import { PageConsumer } from "../../client/page/consumer.ts";
import { PartitionCounts } from "../../client/page/partition-counts.ts";
import { createLogger, logLevel } from "../../client/page/logger.ts";
import { PageTable, type DecodedTopic, type TableOptions } from "../../client/page/table.ts";
import type { RecordSource } from "../../client/consumer/record-source.ts";
import type { Locks } from "../../client/ports.ts";
import { systemClock } from "../../client/web-ports.ts";
import { WorkerCore } from "../../client/worker/core.ts";
import type { Device } from "../../client/worker/device.ts";
import type { WorkerCalls } from "../../client/calls/worker-api.ts";
import type { WorkerOptions } from "../../client/calls/worker-options.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

/** Reaches the other tabs of the process. */
export class MemoryChannels {
  readonly #listeners = new Map<object, (message: never) => void>();

  open(): DeviceChannel {
    const me = {};
    return {
      post: (message) => {
        for (const [who, listener] of this.#listeners) if (who !== me) listener(structuredClone(message) as never);
      },
      onMessage: (listener) => void this.#listeners.set(me, listener as (message: never) => void),
      close: () => void this.#listeners.delete(me),
    };
  }
}

export interface MemoryTabOptions {
  readonly store: Store;
  readonly locks: () => Locks;
  readonly channels: MemoryChannels;
  readonly random: Random;
  /** A commit begins so many milliseconds after its page was told that it took too long; null: it is in time. */
  readonly lateMs?: () => number | null;
  /** Reads from the edge what the device does not have. */
  readonly readThrough?: () => RecordSource;
  /** Of the worker; absent: the system's. */
  readonly clock?: Clock;
}

const RETRY = { initialRetryTimeMs: 1, maxRetryTimeMs: 4 };
const LOCAL_PARTITIONS = 3;

export class MemoryTab {
  readonly #options: MemoryTabOptions;
  readonly #log: DeviceLog;
  readonly errors: unknown[] = [];
  readonly #cores: WorkerCore[] = [];
  #generation = 0;
  #died = Promise.withResolvers<never>();

  private constructor(log: DeviceLog, options: MemoryTabOptions) {
    this.#log = log;
    this.#options = options;
    this.#start();
  }

  static async open(options: MemoryTabOptions): Promise<MemoryTab> {
    const owner = { namespace: "n", principal: "p", local: null };
    return new MemoryTab(await openDevice({ clock: systemClock, ...options, ...owner }), options);
  }

  get log(): DeviceLog {
    return this.#log;
  }

  readonly call: CallWorker = (ask) => {
    const core = this.#cores.at(-1);
    if (core === undefined) throw new Error("no worker");
    return Promise.race([ask({ ...core.calls, ...this.#late(core) }, this.#generation), this.#died.promise]);
  };

  consumer(groupId?: string, config: ConsumerConfig = {}): PageConsumer {
    const counts = new PartitionCounts((topic) =>
      this.call((api) => api.partitionCount(topic, { refresh: false }), null),
    );
    const logger = createLogger({ namespace: "test", level: logLevel.NOTHING, now: () => 0 });
    const deps = { call: this.call, connect: async () => {}, clock: systemClock, random: this.#options.random };
    return new PageConsumer(
      { ...deps, counts, retry: RETRY, logger },
      groupId === undefined ? config : { ...config, groupId },
    );
  }

  table<Value = string>(topic: string | DecodedTopic<Value>, options: TableOptions<Value> = {}): PageTable<Value> {
    const onError = (error: unknown): void => void this.errors.push(error);
    return new PageTable<Value>({ call: this.call, clock: systemClock, retry: RETRY, onError }, topic, options);
  }

  /** As a tab that did something to the store would tell. */
  tell(): void {
    const channel = this.#options.channels.open();
    channel.post({ type: "settled", refs: [] });
    channel.close();
  }

  #late({ calls }: WorkerCore): Pick<WorkerCalls, "commitTransaction"> {
    return {
      commitTransaction: async (consumer, commit) => {
        const lateMs = this.#options.lateMs?.() ?? null;
        if (lateMs === null) return await calls.commitTransaction(consumer, commit);
        void systemClock.sleep(lateMs).then(() => calls.commitTransaction(consumer, commit).catch(() => {}));
        throw new StrandlineError("REQUEST_TIMED_OUT", "by the test");
      },
    };
  }

  /** What the worker had begun goes on, as a transaction does; nobody hears of it. */
  kill(): void {
    const died = this.#died;
    this.#died = Promise.withResolvers<never>();
    this.#start();
    died.reject(new StrandlineError("WORKER_DIED", "killed by the test"));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#cores.map((core) => core.calls.close()));
  }

  #start(): void {
    this.#died.promise.catch(() => {});
    this.#generation += 1;
    const { store, locks, channels, clock = systemClock } = this.#options;
    const news = new DeviceNews(channels.open(), clock);
    const device = {
      ...this.#log,
      database: "d",
      storageReport: () => Promise.reject(new Error("there is no storage")),
      store,
      news,
      locks: locks(),
      clock,
      random: this.#options.random,
      sync: null,
      readThrough: this.#options.readThrough ?? null,
      settings: { paused: async () => false, setPaused: async () => {} },
      close: async () => news.close(),
      discard: async () => 0,
    } satisfies Device & { device: unknown };
    const options = { localPartitionCount: LOCAL_PARTITIONS } as Partial<WorkerOptions> as WorkerOptions;
    this.#cores.push(new WorkerCore(device, { options, tellPage: () => {}, paused: false }));
  }
}

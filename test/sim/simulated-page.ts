/**
 * A tab with a consumer of a group at the edge: the real page loop, over a port that takes its time, on the real desk of a
 * worker with a real member of the group. Its worker can be killed, and so can it; it can be frozen.
 */
import type { GroupDevice } from "./simulated-member.ts";
import { Freezer } from "./simulated-freezer.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import { learn } from "./simulated-member.ts";
import { TOPIC } from "./simulated-group.ts";
import { DeviceNews } from "../../client/device-news.ts";
import { EdgeMember } from "../../client/group/edge-member.ts";
import type { JoinGroup } from "../../client/group/group-membership.ts";
import type { WorkerCalls } from "../../client/calls/worker-api.ts";
import { openDevice } from "../../client/log/open-device.ts";
import { checkConsumerConfig } from "../../client/page/consumer-config.ts";
import type { ConsumerPayloads, RunConfig } from "../../client/page/consumer-events.ts";
import type { CallWorker } from "../../client/page/consumer-link.ts";
import { ConsumerWork } from "../../client/page/consumer-work.ts";
import { createLogger, logLevel } from "../../client/page/logger.ts";
import { PartitionCounts } from "../../client/page/partition-counts.ts";
import { PausedPartitions } from "../../client/page/paused-partitions.ts";
import { ConsumerDesk } from "../../client/worker/consumer-desk.ts";
import type { Device } from "../../client/worker/device.ts";
import { TopicDesk } from "../../client/worker/topics.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

const PORT_MS = 1;
const RETRY = { initialRetryTimeMs: 300, maxRetryTimeMs: 10_000 };

/** As one device has it: it may jump, but nothing waits longer or shorter for that. */
export class DeviceClock implements Clock {
  readonly #clock: VirtualClock;
  #skewMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#skewMs;
  }

  jump(ms: number): void {
    this.#skewMs += ms;
  }

  sleep(ms: number, signal?: Parameters<Clock["sleep"]>[1]): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }
}

export interface PageOptions {
  readonly device: GroupDevice;
  readonly clock: DeviceClock;
  readonly random: Random;
  readonly partitionCount: number;
  readonly maxBytes: number;
  readonly tell: <Name extends keyof ConsumerPayloads>(name: Name, payload: ConsumerPayloads[Name]) => void;
}

class PageWorker {
  readonly freezer: Freezer = new Freezer();
  readonly died: Promise<never>;
  readonly #death = Promise.withResolvers<void>();
  readonly #desk: Promise<ConsumerDesk>;
  #dead = false;

  constructor(options: PageOptions) {
    this.died = this.#death.promise.then(() => Promise.reject(new StrandlineError("WORKER_DIED", "by the test")));
    this.died.catch(() => {});
    this.#desk = this.#open(options);
  }

  async calls(): Promise<WorkerCalls> {
    return (await this.#desk).calls as WorkerCalls;
  }

  /** Nothing is said, what is under way gets no answer, its locks are free. */
  kill(): void {
    this.#dead = true;
    this.freezer.freeze();
    this.#death.resolve();
  }

  async #open({ device, random, partitionCount, clock: ofDevice }: PageOptions): Promise<ConsumerDesk> {
    const { freezer } = this;
    const { store } = device;
    const clock = freezer.clock(ofDevice);
    const log = await openDevice({ store, clock, random, namespace: "n", principal: "p", local: null });
    await learn(log, partitionCount);
    const news = new DeviceNews(device.channels.join(freezer), clock);
    const locks = freezer.locks(device.locks(this.#death.promise));
    const transport = device.transport(() => !this.#dead, freezer);
    const join: JoinGroup = (asked, events) => {
      const named = { groupId: asked.groupId ?? "", clientId: "c", database: "d" };
      const stored = { store, catalog: log.catalog, replica: log.replica, askTopics: async () => {} };
      const ports = { ...named, ...stored, transport, locks, news, clock, random, retry: RETRY };
      return new EdgeMember(ports, asked, events);
    };
    const nothing = (): Promise<never> => Promise.reject(new Error("not in this simulation"));
    const whole: Device = {
      ...log,
      ...{ database: "d", store, readThrough: null, news, locks, clock, random, groups: { edge: join }, sync: null },
      settings: { paused: async () => false, setPaused: async () => {} },
      ...{ storageReport: nothing, close: async () => {}, discard: nothing },
    };
    const topics = { catalog: log.catalog, sync: null, localPartitionCount: partitionCount, onLearned: () => {} };
    return new ConsumerDesk(whole, new TopicDesk(topics));
  }
}

export class SimulatedPage {
  readonly #options: PageOptions;
  readonly #freezer = new Freezer();
  readonly clock: Clock;
  readonly #work: ConsumerWork;
  #worker: PageWorker;
  #generation = 1;
  dead = false;

  constructor(options: PageOptions) {
    this.#options = options;
    this.clock = this.#freezer.clock(options.clock);
    this.#worker = new PageWorker(options);
    const { random, maxBytes, tell } = options;
    const checked = checkConsumerConfig({
      ...{ groupId: "g", coordinator: "edge", maxBytes, maxWaitTimeInMs: 2_000 },
      ...{ sessionTimeout: 12_000, heartbeatInterval: 3_000, rebalanceTimeout: 10_000, maxPollInterval: 40_000 },
    });
    this.#work = new ConsumerWork({
      ...checked,
      ...{ clock: this.clock, random, retry: RETRY, paused: new PausedPartitions(), tell },
      call: this.#call,
      connect: async () => {},
      counts: new PartitionCounts(() => Promise.resolve(null)),
      logger: createLogger({ namespace: "test", level: logLevel.NOTHING, now: () => 0 }),
    });
    this.#work.subscribe({ topic: TOPIC, fromBeginning: true });
  }

  get frozen(): boolean {
    return this.#freezer.frozen;
  }

  run(config: RunConfig): void {
    void this.#work.run(config);
  }

  async stop(): Promise<void> {
    if (!this.dead) await this.#work.stop();
  }

  killWorker(): void {
    this.#worker.kill();
    this.#generation += 1;
    this.#worker = new PageWorker(this.#options);
    if (this.frozen) this.#worker.freezer.freeze();
  }

  /** The tab is closed without a word, with its worker. */
  kill(): void {
    this.dead = true;
    this.#freezer.freeze();
    this.#worker.kill();
  }

  freeze(): void {
    for (const freezer of [this.#freezer, this.#worker.freezer]) freezer.freeze();
  }

  thaw(): void {
    if (this.dead) return;
    for (const freezer of [this.#freezer, this.#worker.freezer]) freezer.thaw();
  }

  readonly #call: CallWorker = async (ask, deadlineMs) => {
    const [worker, generation] = [this.#worker, this.#generation];
    const over = new AbortController();
    const answered = async (): Promise<Awaited<ReturnType<typeof ask>>> => {
      await this.clock.sleep(PORT_MS);
      await worker.freezer.running();
      const answer = structuredClone(await ask(await worker.calls(), generation));
      await this.clock.sleep(PORT_MS);
      return answer;
    };
    const late = this.clock.sleep(deadlineMs ?? Infinity, over.signal).then(() => {
      throw new StrandlineError("REQUEST_TIMED_OUT", "the worker has not answered");
    });
    late.catch(() => {});
    try {
      return await Promise.race([answered(), worker.died, late]);
    } finally {
      over.abort();
      await this.#freezer.running();
    }
  };
}

/** Tabs of simulated devices: the real log over a store in memory, the real sync, ports of the simulation. */
import type { PartitionRef } from "../../client/log/device-log.ts";
import { MemoryStore } from "../../client/log/memory-store.ts";
import { openDevice, type DeviceLog } from "../../client/log/open-device.ts";
import type { PartitionRow } from "../../client/log/rows.ts";
import type { Locks } from "../../client/ports.ts";
import { startSync, type SyncHandle } from "../../client/sync/sync.ts";
import type { TailTransport } from "../../client/sync/tail-transport.ts";
import type { WorkerEvent } from "../../client/calls/worker-event.ts";
import { DeviceNews } from "../../client/device-news.ts";
import type { LocalSequence, Offset } from "../../shared/brands.ts";
import { appendOf, inWords, placeOf, valuesOf } from "../client/log/log-fixture.ts";
import { MemoryLocks } from "../client/memory-locks.ts";
import { SeededRandom } from "./seeded-random.ts";
import { Freezer, SimulatedChannels } from "./simulated-freezer.ts";
import { SimulatedEdge } from "./simulated-edge.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const RETRY = { initialRetryTimeMs: 300, maxRetryTimeMs: 30_000 } as const;
const EVERYTHING = { bytesMax: 1e9, countMax: 1e6 } as const;

export interface TabOptions {
  readonly store?: MemoryStore;
  /** Tabs of one device share them. */
  readonly locks?: Locks;
  /** Between the tabs of one device. */
  readonly channels?: SimulatedChannels;
  readonly paused?: boolean;
  readonly principal?: string;
  /** Absent: what is followed is fetched. */
  readonly tail?: TailTransport;
}

/** One clock, one edge, one network. */
export class World {
  readonly clock = new VirtualClock();
  readonly edge: SimulatedEdge = new SimulatedEdge(this.clock);
  readonly network: SimulatedNetwork = new SimulatedNetwork(this.clock, this.edge);
  readonly random: SeededRandom;

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
  }

  async open(name = "device", options: TabOptions = {}): Promise<SimulatedTab> {
    const store = options.store ?? new MemoryStore();
    const random = new SeededRandom(this.random.below(2 ** 31));
    const owner = { namespace: this.edge.caller.namespace, principal: options.principal ?? this.edge.caller.principal };
    const log = await openDevice({ store, clock: this.clock, random, ...owner, local: null });
    return new SimulatedTab({ world: this, name, store, log, random, options, owner });
  }
}

interface TabParts {
  readonly world: World;
  readonly name: string;
  readonly store: MemoryStore;
  readonly log: DeviceLog;
  readonly random: SeededRandom;
  readonly options: TabOptions;
  readonly owner: { readonly namespace: string; readonly principal: string };
}

export class SimulatedTab {
  readonly name: string;
  readonly store: MemoryStore;
  readonly log: DeviceLog;
  readonly sync: SyncHandle;
  readonly events: WorkerEvent[] = [];
  /** Told for the replica, in places. */
  readonly replicated: PartitionRef[] = [];
  /** Has an effect on tabs that share channels. */
  readonly freezer: Freezer = new Freezer();
  readonly #world: World;

  constructor({ world, name, store, log, random, options, owner }: TabParts) {
    this.#world = world;
    this.name = name;
    this.store = store;
    this.log = log;
    const { freezer } = this;
    const clock = options.channels === undefined ? world.clock : freezer.clock(world.clock);
    const transport = world.network.connect(name);
    const locks = options.locks ?? new MemoryLocks();
    const channel = (options.channels ?? new SimulatedChannels()).join(freezer);
    this.sync = startSync({
      ...log,
      ...owner,
      lockName: "strandline:test:sync",
      rootProducerKey: log.device.rootProducerKey,
      tail: options.tail ?? null,
      transport: options.channels === undefined ? transport : freezer.transport(transport),
      locks: options.channels === undefined ? locks : freezer.locks(locks),
      news: new DeviceNews(channel, clock),
      clock,
      random,
      retry: RETRY,
      paused: options.paused ?? false,
      listener: {
        settled: () => undefined,
        replicated: (refs) => void this.replicated.push(...refs),
        learned: () => undefined,
        event: (event) => void this.events.push(event),
      },
    });
  }

  /** `append("orders-0: a b", "audit: c")` is one call and wakes the sync; the answer is `orders-0~0 audit--1~0`. */
  async append(...batches: string[]): Promise<string> {
    const appended = await this.log.localLog.append(batches.map(appendOf));
    this.sync.wake();
    return appended.map((one) => inWords(one)).join(" ");
  }

  /** One batch for each value. */
  async appendEach(place: string, values: string): Promise<void> {
    for (const value of values.split(" ")) await this.append(`${place}: ${value}`);
  }

  async follow(topic: string): Promise<void> {
    const { topicKey } = await this.log.catalog.ensure(topic, null);
    await this.log.catalog.follow(topicKey);
    this.sync.wake();
  }

  /** Until nothing waits to be sent. */
  async drained(withinMs = 60_000): Promise<void> {
    await this.#world.clock.until(`${this.name} drained`, async () => !(await this.waits()), withinMs);
  }

  async waits(): Promise<boolean> {
    return (await this.log.outbox.waiting()).length > 0;
  }

  /** The values that wait, in order. */
  async pending(place: string): Promise<string> {
    const found = await this.log.outbox.read(await this.ref(place), 0 as LocalSequence, EVERYTHING);
    return found.map(({ bytes }) => valuesOf(bytes)).join(" ");
  }

  /** `a INVALID_RECORD, b INVALID_RECORD`: one entry for each batch. */
  async dead(): Promise<string> {
    const letters = await this.log.outbox.deadLetters(1e6);
    return letters.map(({ bytes, error }) => `${valuesOf(bytes)} ${error.code}`).join(", ");
  }

  /** The values that were committed, as a reader on the device finds them. */
  async replica(place: string): Promise<string> {
    const { runs } = await this.log.replica.read(await this.ref(place), 0 as Offset, 1e9);
    return runs.map((bytes) => valuesOf(bytes)).join(" ");
  }

  async row(place: string): Promise<PartitionRow> {
    const row = await this.log.outbox.row(await this.ref(place));
    if (row === undefined) throw new Error(`nothing of ${place}`);
    return row;
  }

  async ref(place: string): Promise<PartitionRef> {
    const { topic, partition } = placeOf(place);
    const row = await this.log.catalog.byName(topic);
    if (row === undefined) throw new Error(`no topic ${topic}`);
    return { topicKey: row.topicKey, partition };
  }

  /** `diverged orders-0 3`, `record.dead orders-0 1 INVALID_RECORD`, `truncated orders-0 2`: all but the sync's state. */
  told(): string[] {
    return this.events.flatMap((event) => {
      switch (event.type) {
        case "producer.diverged":
          return [`${event.reason} ${event.topic}-${event.partition} ${event.records}`];
        case "record.dead":
          return [`dead ${event.topic}-${event.partition}~${event.localSequence} ${event.error.code}`];
        case "producer.blocked":
          return [`blocked ${event.receipt} ${event.error.code}`];
        case "log.truncated":
          return [`truncated ${event.topic}-${event.partition} ${event.offset}`];
        default:
          return [];
      }
    });
  }
}

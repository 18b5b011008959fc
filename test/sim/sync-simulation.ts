/** One seeded run: devices append, copies appear, everything goes wrong; then it heals, and all must have come through. */
import { MemoryStore } from "../../client/log/memory-store.ts";
import type { PlantedBug } from "./faults-of-storage.ts";
import { MemoryLocks } from "../client/memory-locks.ts";
import { Faults } from "./faults.ts";
import { SeededRandom } from "./seeded-random.ts";
import { World, type SimulatedTab, type TabOptions } from "./simulated-device.ts";
import { SimulatedChannels } from "./simulated-freezer.ts";
import { Line, violations, type Ended } from "./sync-history.ts";

const STEPS = 120;
const STEP_MS_MAX = 400;
const DEVICES_MAX = 4;
const TAIL_MS = 15_000;
const HEALED_WITHIN_MS = 120_000;
const PLACES = ["orders-0", "orders-1", "audit-0", "flows-0", "flows-1"] as const;
/** `flows` gets its records without a partition. */
const APPENDED_TO = ["orders-0", "orders-1", "audit-0", "flows"] as const;
const TOPICS = ["orders", "audit", "flows"] as const;
const KEYS = 3;

export interface SimulationOptions {
  readonly planted?: PlantedBug;
  /** The edge loses what it knows of producers now and then: what was not heard of may be doubled, nothing may be lost. */
  readonly forgets?: boolean;
  /** Devices have sockets, which live for a while. */
  readonly tails?: boolean;
  /** A device's tabs take turns by a lock, freeze and wake; else each of them leads all the time. */
  readonly freezes?: boolean;
}

export interface SimulationResult {
  readonly violations: readonly string[];
  readonly faults: Faults;
  /** Equal for equal seeds. */
  readonly history: string;
  readonly acked: number;
  readonly told: readonly string[];
}

interface Device {
  name: string;
  line: Line;
  store: MemoryStore;
  tabs: SimulatedTab[];
  shared: Pick<TabOptions, "locks" | "channels">;
}

export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  return await new Simulation(seed, options).run();
}

class Simulation {
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #faults: Faults;
  /** Of its own, so that a seed means the same with and without. */
  readonly #freezing: SeededRandom;
  readonly #devices: Device[] = [];
  readonly #options: SimulationOptions;
  #values = 0;
  #names = 0;

  constructor(seed: number, options: SimulationOptions) {
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#world = new World(seed + 1_000_000);
    this.#faults = new Faults(new SeededRandom(seed + 2_000_000));
    this.#freezing = new SeededRandom(seed + 3_000_000);
  }

  async run(): Promise<SimulationResult> {
    const { network, edge, clock } = this.#world;
    edge.makeTopic("orders", 2);
    edge.makeTopic("audit", 1);
    edge.makeTopic("flows", 2);
    for (const place of PLACES) {
      this.#faults.attach(edge.partition(place));
      edge.partition(place).planted = this.#options.planted ?? null;
    }
    const latency = new SeededRandom(this.#random.below(2 ** 31));
    network.latencyMs = () => 5 + latency.next() * 60;
    network.disturb = (seen) => this.#faults.disturb(seen);
    network.disturbTail = (_, at) => this.#faults.disturbTail(at);
    edge.tailMs = TAIL_MS;
    await this.#add(new MemoryStore(), new Line());
    for (const device of this.#devices) if (this.#random.chance(0.3)) this.#toggleOffline(device);
    for (let step = 0; step < STEPS; step += 1) {
      await this.#step();
      if (this.#options.freezes === true) await this.#freeze();
      await clock.advance(this.#random.next() * STEP_MS_MAX);
    }
    return await this.#healed();
  }

  async #healed(): Promise<SimulationResult> {
    const { network, edge, clock } = this.#world;
    this.#faults.intensity = 0;
    network.offline.clear();
    for (const { store, tabs } of this.#devices) {
      store.fault = () => null;
      for (const tab of tabs) tab.freezer.thaw();
      for (const tab of tabs) tab.sync.wake();
    }
    const ended = this.#devices.flatMap(({ line, tabs }): Ended[] => tabs.slice(0, 1).map((tab) => ({ line, tab })));
    const stuck: string[] = [];
    for (const { tab } of ended) await tab.drained(HEALED_WITHIN_MS).catch((error: Error) => stuck.push(error.message));
    // Whatever copies of requests are still under way.
    await clock.advance(60_000);
    const found = await violations(edge, PLACES, ended);
    found.push(...stuck, ...(await this.#unreplicated(ended)));
    const tabs = this.#devices.flatMap((device) => device.tabs);
    await Promise.all(tabs.map(async (tab) => await tab.sync.close()));
    const asked = network.seen.map(({ device, operation, at }) => `${at} ${device} ${operation}`);
    return {
      violations: found,
      faults: this.#faults,
      history: [...asked, ...PLACES.map((place) => edge.log(place))].join("\n"),
      acked: this.#values,
      told: tabs.flatMap((tab) => tab.told()),
    };
  }

  async #unreplicated(ended: readonly Ended[]): Promise<string[]> {
    const { edge } = this.#world;
    const found: string[] = [];
    for (const { tab } of ended)
      for (const place of PLACES) {
        const replica = await tab.replica(place);
        if (replica !== edge.log(place)) found.push(`replica of ${place} at ${tab.name}: ${replica.slice(-60)}`);
      }
    return found;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const device = random.pick(this.#devices);
    if (this.#options.forgets === true && random.chance(0.03)) this.#forget();
    const draw = random.next();
    if (draw < 0.75) await this.#append(device);
    else if (draw < 0.8) this.#toggleOffline(device);
    else if (draw < 0.84) await this.#copy(device);
    else if (draw < 0.88) await this.#reopen(device);
    else if (draw < 0.91) await this.#secondTab(device);
    else if (draw < 0.94) this.#failStore(device);
    else if (draw < 0.96) this.#jump();
    else if (draw < 0.98) random.pick(device.tabs).sync.hint();
    else await this.#pauseBriefly(random.pick(device.tabs));
  }

  async #append(device: Device): Promise<void> {
    // Without a partition: by key, at once or when the topic is known.
    const place = this.#random.pick(APPENDED_TO);
    const key = this.#random.below(KEYS);
    const values = Array.from({ length: 1 + this.#random.below(3) }, () => {
      this.#values += 1;
      const poison = this.#random.chance(0.06) ? "!" : "";
      return `${place}/${key}.${this.#values}${poison}`;
    });
    const tab = this.#random.pick(device.tabs);
    try {
      await tab.append(`${place}: ${values.map((value) => `${place}/${key}=${value}`).join(" ")}`);
      device.line.acked.push(...values);
    } catch {
      // Refused or unknown: it may be there, and then it must not be doubled.
    }
  }

  #toggleOffline({ name }: Device): void {
    const { offline } = this.#world.network;
    if (offline.delete(name)) return;
    offline.add(name);
    this.#faults.count("offline");
  }

  /** A copy of the profile as it is now, which goes on by itself. */
  async #copy(device: Device): Promise<void> {
    if (this.#devices.length >= DEVICES_MAX) return;
    await this.#add(device.store.snapshot(), new Line(device.line.acked));
    this.#faults.count("store copied");
  }

  /** The same device later; or as it was, when its last writes had not reached the disk and were not acknowledged. */
  async #reopen(device: Device): Promise<void> {
    const before = this.#random.chance(0.5) ? device.store.snapshot() : null;
    await this.#world.clock.advance(this.#random.next() * 300);
    for (const tab of device.tabs) tab.freezer.thaw();
    for (const tab of device.tabs) await tab.sync.close();
    device.store.close();
    device.shared = this.#sharing();
    // Nothing was appended since the snapshot, so all that a rollback takes back are settlements.
    device.store = before ?? device.store.snapshot();
    device.tabs = [await this.#open(device)];
    this.#faults.count(before === null ? "device reopened" : "store rolled back");
  }

  async #secondTab(device: Device): Promise<void> {
    if (device.tabs.length > 1) return;
    device.tabs.push(await this.#open(device));
    this.#faults.count("two tabs");
  }

  /** Two tabs at least, so that another can take over; one that is frozen is thawed some turns later. */
  async #freeze(): Promise<void> {
    const random = this.#freezing;
    const device = random.pick(this.#devices);
    if (!random.chance(0.3)) return;
    await this.#secondTab(device);
    const tab = random.pick(device.tabs);
    if (tab.freezer.frozen) return tab.freezer.thaw();
    tab.freezer.freeze();
    this.#faults.count("tab frozen");
    if (random.chance(0.5)) await this.#world.clock.advance(random.below(8_000));
  }

  #sharing(): Device["shared"] {
    return this.#options.freezes === true ? { locks: new MemoryLocks(), channels: new SimulatedChannels() } : {};
  }

  #failStore({ store }: Device): void {
    let left = 1 + this.#random.below(3);
    const kinds = ["full", "lost", "unanswered"] as const;
    const kind = this.#random.pick(kinds);
    store.fault = () => {
      left -= 1;
      if (left < 0) return null;
      this.#faults.count("store failed");
      return kind;
    };
  }

  #forget(): void {
    this.#world.edge.partition(this.#random.pick(PLACES)).forgetProducers();
    this.#faults.count("producers forgotten");
  }

  #jump(): void {
    this.#world.clock.jump((this.#random.next() - 0.5) * 6e11);
    this.#faults.count("clock jumped");
  }

  async #pauseBriefly(tab: SimulatedTab): Promise<void> {
    tab.sync.setPaused(true);
    await this.#world.clock.advance(this.#random.next() * 1_000);
    tab.sync.setPaused(false);
  }

  async #add(store: MemoryStore, line: Line): Promise<void> {
    this.#names += 1;
    const device: Device = { name: `device${this.#names}`, line, store, tabs: [], shared: this.#sharing() };
    device.tabs.push(await this.#open(device));
    this.#devices.push(device);
  }

  async #open({ name, store, shared }: Device): Promise<SimulatedTab> {
    const tails = this.#options.tails === true ? { tail: this.#world.network.tail(name) } : {};
    const tab = await this.#world.open(name, { store, ...shared, ...tails });
    // A store that was told to fail may refuse even this.
    for (const topic of TOPICS) await tab.follow(topic).catch(() => undefined);
    return tab;
  }
}

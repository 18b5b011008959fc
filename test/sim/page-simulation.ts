/**
 * Tabs of a few devices that handle a topic's records in a group at the edge: handlers on the real page loop, the worker's
 * sessions, members and stores beneath them, the coordinator's and the partitions' rules above. Networks fail, answers get
 * lost or come late, workers and tabs are killed and frozen, the coordinator is evicted, clocks jump; then all is well.
 */
import { DeviceNews } from "../../client/device-news.ts";
import { openDevice, type DeviceLog } from "../../client/log/open-device.ts";
import type { Partition } from "../../shared/brands.ts";
import { runAt } from "../client/log/fetched-run.ts";
import { HandledRecords, type PageHistory } from "./handled-records.ts";
import { SeededRandom } from "./seeded-random.ts";
import { Freezer } from "./simulated-freezer.ts";
import { SimulatedGroup, TOPIC } from "./simulated-group.ts";
import { GroupDevice, learn, noNetwork, type Fault } from "./simulated-member.ts";
import { DeviceClock, SimulatedPage } from "./simulated-page.ts";
import { VirtualClock } from "./virtual-clock.ts";

const PARTITIONS = 3;
const DEVICES = 3;
const PAGES_MAX = 4;
const STEPS = 90;
const STEP_MS = 2_500;
const HEALED_MS_MAX = 60_000;
const TEN_YEARS_MS = 10 * 365 * 24 * 3_600_000;

export type Faults = Record<
  "offline" | "lost" | "late" | "evicted" | "workers" | "pages" | "frozen" | "jumps" | "failures" | "slow",
  number
>;

export interface PageRun {
  /** Of what must not be, in words. */
  readonly wrong: readonly string[];
  readonly refused: number;
  readonly told: Readonly<Record<string, number>>;
  readonly handledAgain: number;
  readonly faults: Readonly<Faults>;
  /** All that was handled and committed, in order. */
  readonly history: readonly string[];
}

interface Place {
  readonly device: GroupDevice;
  readonly clock: DeviceClock;
  readonly log: DeviceLog;
  readonly news: DeviceNews;
  /** Up to where its replica is. */
  readonly held: number[];
  online: boolean;
}

interface OpenPage {
  readonly page: SimulatedPage;
  readonly history: PageHistory;
}

export class PageSimulation {
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #group: SimulatedGroup;
  readonly #records: HandledRecords;
  readonly #places: Place[] = [];
  readonly #logs: string[][] = Array.from({ length: PARTITIONS }, () => []);
  #pages: OpenPage[] = [];
  #healing = false;
  readonly #faults: Faults = {
    ...{ offline: 0, lost: 0, late: 0, evicted: 0, workers: 0, pages: 0, frozen: 0, jumps: 0, failures: 0, slow: 0 },
  };

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#group = new SimulatedGroup(
      this.#clock,
      this.#logs.map(() => 0),
    );
    this.#records = new HandledRecords(this.#group);
    void this.#group.watch();
  }

  async run(): Promise<PageRun> {
    for (let index = 0; index < DEVICES; index += 1) this.#places.push(await this.#place());
    this.#append();
    for (const place of this.#places.slice(0, 2)) this.#open(place);
    for (let step = 0; step < STEPS; step += 1) {
      this.#step();
      await this.#replicate();
      await this.#clock.advance(this.#random.below(STEP_MS));
    }
    await this.#heal();
    const { wrong, told, handledAgain, history } = this.#records;
    return { wrong, told, handledAgain, history, refused: this.#group.refused.length, faults: this.#faults };
  }

  async #place(): Promise<Place> {
    const device = new GroupDevice(this.#group, this.#clock);
    device.answers = (_, answer) => {
      const answered = answer();
      this.#records.check();
      return answered;
    };
    const clock = new DeviceClock(this.#clock);
    const own = { store: device.store, clock, random: this.#random };
    const log = await openDevice({ ...own, namespace: "n", principal: "p", local: null });
    await learn(log, PARTITIONS);
    const news = new DeviceNews(device.channels.join(new Freezer()), clock);
    return { device, clock, log, news, held: this.#logs.map(() => 0), online: true };
  }

  #append(): void {
    for (const [partition, log] of this.#logs.entries()) {
      for (let left = this.#random.below(6); left > 0; left -= 1) log.push(`${partition}.${log.length}`);
      this.#group.ends[partition] = log.length;
    }
  }

  /** What the edge has reaches the devices that are online, in batches as it likes. */
  async #replicate(): Promise<void> {
    for (const { log, news, held, online } of this.#places) {
      if (!online || this.#random.chance(0.2)) continue;
      const topic = await log.catalog.byName(TOPIC);
      if (topic === undefined) continue;
      for (const [partition, records] of this.#logs.entries()) {
        const from = held[partition] ?? 0;
        if (from >= records.length) continue;
        const ref = { topicKey: topic.topicKey, partition: partition as Partition };
        await log.replica.store([runAt(ref, from, [records.slice(from).join(" ")])]);
        held[partition] = records.length;
        news.publish({ type: "replicated", refs: [ref] });
      }
    }
  }

  #open({ device, clock }: Place): void {
    const random = this.#random;
    const history = this.#records.page();
    const maxBytes = 100 + random.below(900);
    const page = new SimulatedPage({
      ...{ device, clock, random, maxBytes, partitionCount: PARTITIONS },
      tell: (name, payload) => history.told(name, payload),
    });
    this.#pages.push({ page, history });
    const commits = random.pick([
      {},
      {},
      { autoCommitThreshold: 3, autoCommitInterval: 5_000 },
      { autoCommitInterval: 1_500 },
    ]);
    const config = { ...commits, partitionsConsumedConcurrently: 1 + random.below(PARTITIONS) };
    const work = async (): Promise<void> => await this.#work(page);
    if (random.chance(0.6)) page.run({ ...config, eachMessage: history.eachMessage(work) });
    else page.run({ ...config, eachBatchAutoResolve: false, eachBatch: history.eachBatch(work) });
  }

  /** What a handler does with a record. */
  async #work(page: SimulatedPage): Promise<void> {
    const random = this.#random;
    const dice = random.below(100);
    if (dice < 40 && !this.#healing) await page.clock.sleep(random.below(400));
    if (dice >= 98 && !this.#healing) {
      this.#faults.slow += 1;
      await page.clock.sleep(5_000 + random.below(20_000));
    }
    if (this.#healing || dice !== 50) return;
    this.#faults.failures += 1;
    throw new Error("planned");
  }

  #step(): void {
    const [random, faults] = [this.#random, this.#faults];
    if (random.chance(0.7)) this.#append();
    if (random.chance(0.1) && this.#pages.length < PAGES_MAX) this.#open(random.pick(this.#places));
    if (random.chance(0.03) && this.#pages.length > 1) void this.#take().page.stop();
    if (random.chance(0.04) && this.#pages.length > 1) {
      faults.pages += 1;
      this.#take().page.kill();
    }
    if (random.chance(0.06)) {
      faults.workers += 1;
      random.pick(this.#pages).page.killWorker();
    }
    if (random.chance(0.08)) {
      faults.evicted += 1;
      this.#group.evict();
    }
    const { page } = random.pick(this.#pages);
    if (page.frozen && random.chance(0.5)) page.thaw();
    else if (random.chance(0.06)) {
      faults.frozen += 1;
      page.freeze();
    }
    const place = random.pick(this.#places);
    if (random.chance(0.05)) {
      faults.jumps += 1;
      place.clock.jump((random.next() - 0.5) * TEN_YEARS_MS);
    }
    if (random.chance(0.3)) this.#network(place);
  }

  /** Spans of steps, shorter and longer than a session. */
  #network(place: Place): void {
    const [random, faults] = [this.#random, this.#faults];
    const kind = random.below(6);
    place.online = kind !== 0;
    const sometimes = (fault: "lost" | "abandoned", name: "lost" | "late"): Fault => {
      if (!random.chance(0.25)) return null;
      faults[name] += 1;
      return fault;
    };
    if (kind === 0) {
      faults.offline += 1;
      place.device.fault = () => ({ error: noNetwork() });
    } else if (kind === 1) place.device.fault = () => sometimes("lost", "lost");
    else if (kind === 2) place.device.fault = () => sometimes("abandoned", "late");
    else place.device.fault = () => null;
  }

  #take(): OpenPage {
    const taken = this.#random.pick(this.#pages);
    this.#pages = this.#pages.filter((each) => each !== taken);
    return taken;
  }

  async #heal(): Promise<void> {
    this.#healing = true;
    for (const place of this.#places) {
      place.online = true;
      place.device.fault = () => null;
    }
    for (const { page } of this.#pages) page.thaw();
    const end = this.#clock.elapsedMs + HEALED_MS_MAX;
    const isDone = (): boolean =>
      this.#logs.every((log, partition) => (this.#group.committed(partition) ?? 0) === log.length);
    while (!isDone() && this.#clock.elapsedMs < end) {
      await this.#replicate();
      await this.#clock.advance(500);
    }
    this.#records.complete(this.#logs.map((log) => log.length));
    for (const { page } of this.#pages) void page.stop();
    await this.#clock.advance(60_000);
    this.#records.check();
  }
}

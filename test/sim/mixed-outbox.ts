/**
 * One device, one or two tabs that may all believe that they lead, and everything that touches an outbox at once: growing
 * topics, pages that hear of it late, strict order, refusals, letters sent again and discarded, a disk without room for
 * copies, settlements that the machine's end takes back, sockets. A model beside it knows what must come of each record.
 */
import type { DeadLetter } from "../../client/log/device-log.ts";
import { MemoryStore } from "../../client/log/memory-store.ts";
import { UNASSIGNED, type Partition } from "../../shared/brands.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import { batchOf, valuesOf } from "../client/log/log-fixture.ts";
import { MemoryLocks } from "../client/memory-locks.ts";
import { Faults } from "./faults.ts";
import { SeededRandom } from "./seeded-random.ts";
import { World, type SimulatedTab } from "./simulated-device.ts";
import { SimulatedChannels } from "./simulated-freezer.ts";
import { OutboxModel } from "./outbox-model.ts";
import { wordsOf } from "./sync-history.ts";

const STEPS = 100;
const KEYS = ["a", "b", "c", "d", "e"];
const PARTITIONS_MAX = 8;
const TOPICS = ["loose", "strict"] as const;
type Topic = (typeof TOPICS)[number];

const HAPPENED = [
  "grown",
  "heard late",
  "not known",
  "sent again",
  "discarded",
  "unblocked",
  "no room",
  "rolled back",
  "second tab",
  "leader gone",
] as const;
type Happening = (typeof HAPPENED)[number];

export type PlantedSeam = "no gate" | "discarded lands" | "no room, no settling";

interface Page {
  tab: SimulatedTab;
  readonly name: string;
  /** Of each topic, as the page has heard. */
  readonly counts: Map<Topic, number>;
}

export class MixedOutbox {
  readonly happened = new Map<Happening, number>(HAPPENED.map((name) => [name, 0]));
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #planted: PlantedSeam | null;
  readonly #partitions = new Map<Topic, number>();
  readonly #model = new OutboxModel();
  readonly #shared: { locks?: MemoryLocks; channels?: SimulatedChannels };
  #store = new MemoryStore();
  #pages: Page[] = [];
  #noRoom = false;
  #names = 0;

  constructor(seed: number, planted: PlantedSeam | null = null) {
    this.#random = new SeededRandom(seed);
    this.#world = new World(seed + 1_000_000);
    this.#faults = new Faults(new SeededRandom(seed + 2_000_000));
    this.#planted = planted;
    this.#shared = this.#random.chance(0.5) ? { locks: new MemoryLocks(), channels: new SimulatedChannels() } : {};
  }

  /** What went wrong; nothing, where all is well. */
  async run(): Promise<string[]> {
    const { edge, network, clock } = this.#world;
    for (const topic of TOPICS) {
      edge.makeTopic(topic, 2);
      this.#partitions.set(topic, 2);
      for (let partition = 0; partition < PARTITIONS_MAX; partition += 1) this.#attach(`${topic}-${partition}`);
    }
    network.latencyMs = () => 5 + this.#random.next() * 60;
    network.disturb = (seen) => this.#faults.disturb(seen);
    network.disturbTail = (_, at) => this.#faults.disturbTail(at);
    await this.#openPage();
    await this.#first().log.catalog.setStrictOrder(["strict"]);
    for (let step = 0; step < STEPS; step += 1) {
      await this.#step();
      await clock.advance(this.#random.next() * 250);
    }
    return await this.#healed();
  }

  #attach(place: string): void {
    const partition = this.#world.edge.partition(place);
    this.#faults.attach(partition);
    partition.landed = (batch) => void this.#model.landed.push(...wordsOf(valuesOf(batch)));
  }

  #first(): SimulatedTab {
    const [page] = this.#pages;
    if (page === undefined) throw new Error("no page");
    return page.tab;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const draw = random.next();
    if (draw < 0.6) await this.#send(random.pick(this.#pages));
    else if (draw < 0.66) await this.#grow(random.pick(TOPICS));
    else if (draw < 0.74) await this.#hear(random.pick(this.#pages));
    else if (draw < 0.84) await this.#letters(random.pick(this.#pages).tab);
    else if (draw < 0.88) this.#setRoom();
    else if (draw < 0.92) await this.#rollBack();
    else if (draw < 0.96) await this.#secondPage();
    else await this.#leaderGoes();
  }

  async #send(page: Page): Promise<void> {
    const random = this.#random;
    const topic = random.pick(TOPICS);
    const key = random.pick(KEYS);
    const value = `${topic}.${key}.${this.#model.sent.length}${random.chance(0.12) ? "!" : ""}`;
    const known = page.counts.get(topic);
    if (known === undefined) this.#count("not known");
    else if (known < (this.#partitions.get(topic) ?? 0)) this.#count("heard late");
    const partition = known === undefined ? UNASSIGNED : partitionForKey(new TextEncoder().encode(key), known);
    const placed = {
      topic,
      partition: partition as Partition,
      ...(known === undefined ? {} : { partitionCount: known }),
    };
    const [at] = await page.tab.log.localLog.append([{ ...placed, batch: batchOf(`${key}=${value}`) }]);
    if (at === undefined) throw new Error("no answer");
    this.#model.sent.push({ value, at, line: `${page.name} ${topic} ${key}` });
    page.tab.sync.wake();
  }

  async #grow(topic: Topic): Promise<void> {
    const partitions = Math.min(PARTITIONS_MAX, (this.#partitions.get(topic) ?? 0) + 1 + this.#random.below(2));
    this.#partitions.set(topic, partitions);
    this.#world.edge.growTopic(topic, partitions);
    this.#count("grown");
    const { catalog } = this.#first().log;
    const topicId = (await catalog.byName(topic))?.topicId ?? null;
    if (topicId !== null)
      await catalog.learn([{ name: topic, error: null, topicId, partitionCount: partitions, config: {} }]);
  }

  async #hear({ tab, counts }: Page): Promise<void> {
    for (const topic of TOPICS) {
      const count = (await tab.log.catalog.byName(topic))?.partitionCount ?? null;
      if (count !== null) counts.set(topic, count);
    }
  }

  /** Somebody looks through what was refused. */
  async #letters(tab: SimulatedTab): Promise<void> {
    const { outbox } = tab.log;
    for (const letter of await outbox.deadLetters(1_000)) {
      for (const value of wordsOf(valuesOf(letter.bytes))) this.#model.wereDead.add(value);
      if (this.#random.chance(0.4))
        await this.#decide(tab, letter, { again: this.#random.chance(0.6), blocking: false });
    }
    for (const blocked of await outbox.blocking()) {
      if (!this.#random.chance(0.7)) continue;
      this.#count("unblocked");
      await this.#decide(tab, blocked, { again: this.#random.chance(0.5), blocking: true });
    }
    tab.sync.wake();
  }

  async #decide(
    tab: SimulatedTab,
    of: Pick<DeadLetter, "bytes" | "localSequence"> & Parameters<SimulatedTab["log"]["outbox"]["row"]>[0],
    { again, blocking }: { readonly again: boolean; readonly blocking: boolean },
  ): Promise<void> {
    const { topicKey, partition, localSequence } = of;
    const ref = { topicKey, partition };
    const values = wordsOf(valuesOf(of.bytes));
    if (again) {
      if ((await tab.log.outbox.sendAgain(ref, localSequence)) !== null) this.#count("sent again");
      return;
    }
    if (this.#planted === "discarded lands") for (const value of values) this.#model.discarded.add(value);
    if (this.#planted === "discarded lands" && (await tab.log.outbox.sendAgain(ref, localSequence)) !== null) return;
    if (!(await tab.log.outbox.discard(ref, localSequence))) return;
    for (const value of values) (blocking ? this.#model.takenOut : this.#model.discarded).add(value);
    this.#count("discarded");
  }

  /** Copies of what was sent find no room; or whatever is settled, where that is planted. */
  #setRoom(): void {
    this.#noRoom = !this.#noRoom;
    let asked = 0;
    this.#store.fault = (stores) => {
      if (!this.#noRoom || !stores.includes("deadLetters") || !stores.includes("log")) return null;
      asked += 1;
      if (this.#planted !== "no room, no settling" && asked % 2 === 0) return null;
      this.#count("no room");
      return "full";
    };
  }

  /** The machine ends before what was settled meanwhile has come to the disk. */
  async #rollBack(): Promise<void> {
    // What is learned of topics is written strictly, and does not go back.
    for (const topic of TOPICS) {
      const row = await this.#first().log.catalog.byName(topic);
      if (row?.partitionCount !== this.#partitions.get(topic)) return;
    }
    const before = this.#store.snapshot();
    await this.#world.clock.advance(this.#random.next() * 400);
    const counts = this.#pages.map(({ counts: known, name }) => ({ known, name }));
    await Promise.all(this.#pages.map(({ tab }) => tab.sync.close()));
    this.#store.close();
    this.#store = before;
    this.#noRoom = false;
    this.#pages = [];
    for (const { known, name } of counts) this.#pages.push({ tab: await this.#tab(), name, counts: known });
    this.#count("rolled back");
  }

  async #secondPage(): Promise<void> {
    if (this.#pages.length > 1) return;
    await this.#openPage();
    this.#count("second tab");
  }

  async #leaderGoes(): Promise<void> {
    const [page] = this.#pages;
    if (page === undefined || this.#pages.length < 2) return;
    this.#pages.shift();
    await page.tab.sync.close();
    this.#count("leader gone");
  }

  async #openPage(): Promise<void> {
    this.#names += 1;
    this.#pages.push({ tab: await this.#tab(), name: `page${this.#names}`, counts: new Map() });
  }

  async #tab(): Promise<SimulatedTab> {
    const tail = this.#random.chance(0.7) ? { tail: this.#world.network.tail("device") } : {};
    const tab = await this.#world.open("device", { store: this.#store, ...this.#shared, ...tail });
    for (const topic of TOPICS) await tab.follow(topic);
    if (this.#planted === "no gate") {
      const { outbox } = tab.log;
      outbox.sendable = async (ref, from, limit) => ({ batches: await outbox.read(ref, from, limit), discarded: null });
    }
    return tab;
  }

  async #healed(): Promise<string[]> {
    this.#faults.intensity = 0;
    // A disk that is full stays so: what is settled makes room.
    const tab = this.#first();
    const found: string[] = [];
    for (let round = 0; (await tab.waits()) && round < 100; round += 1) {
      for (const blocked of await tab.log.outbox.blocking())
        await this.#decide(tab, blocked, { again: true, blocking: true });
      for (const page of this.#pages) page.tab.sync.hint();
      await this.#world.clock.advance(5_000);
    }
    if (await tab.waits()) found.push(`waits still: ${JSON.stringify(await tab.log.outbox.waiting())}`);
    await this.#world.clock.advance(60_000);
    const places = TOPICS.flatMap((topic) =>
      Array.from({ length: this.#partitions.get(topic) ?? 0 }, (_, partition) => `${topic}-${partition}`),
    );
    found.push(...(await this.#model.judge(tab, this.#world.edge, places)));
    await Promise.all(this.#pages.map((page) => page.tab.sync.close()));
    return found;
  }

  #count(name: Happening): void {
    this.happened.set(name, (this.happened.get(name) ?? 0) + 1);
  }
}

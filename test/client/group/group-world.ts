/** Tabs of one device that consume a topic in a group, in virtual time; each can close, freeze, thaw and die. */
import { DeviceNews, type DeviceMessage } from "../../../client/device-news.ts";
import { DeviceGroup } from "../../../client/group/device-group.ts";
import type { Ownership } from "../../../client/group/group-membership.ts";
import { MemoryLocks } from "../../../client/memory-locks.ts";
import type { LockOptions, Locks } from "../../../client/ports.ts";
import type { Offset } from "../../../shared/brands.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { Freezer, SimulatedChannels } from "../../sim/simulated-freezer.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";
import { FakeLog } from "../consumer/fake-log.ts";

const HANDLING_MS = 150;
const REBALANCE_MS = 60_000;
const MAX_POLL_MS = 300_000;

/** Lets go of all when its realm ends. */
class TabLocks implements Locks {
  readonly #locks: Locks;
  readonly #died = Promise.withResolvers<void>();

  constructor(locks: Locks) {
    this.#locks = locks;
  }

  async request(name: string, options: LockOptions, body: () => Promise<void>): Promise<void> {
    await this.#locks.request(name, options, () => Promise.race([body(), this.#died.promise]));
  }

  die(): void {
    this.#died.resolve();
  }
}

export class GroupTab {
  readonly name: string;
  readonly freezer: Freezer = new Freezer();
  readonly world: GroupWorld;
  readonly group: DeviceGroup;
  readonly news: DeviceNews;
  readonly #locks: TabLocks;
  readonly #working = new Map<Ownership, Promise<void>>();
  /** Its handler hangs. */
  stuck = false;
  over = false;

  constructor(world: GroupWorld, name: string, partitions: readonly number[]) {
    this.name = name;
    this.world = world;
    const clock = this.freezer.clock(world.clock);
    this.#locks = new TabLocks(world.locks);
    this.news = new DeviceNews(world.channels.join(this.freezer), clock);
    const ports = { locks: this.freezer.locks(this.#locks), news: this.news, clock, random: world.random };
    const limits = { rebalanceTimeoutMs: REBALANCE_MS, maxPollIntervalMs: MAX_POLL_MS };
    const group = {
      name: "group",
      groupId: "g",
      showsPending: world.showsPending,
      replica: world.log.replica,
      ...limits,
    };
    this.group = new DeviceGroup({ ...ports, ...group }, { changed: () => this.#work() });
    this.reads(partitions);
  }

  reads(partitions: readonly number[]): void {
    this.group.subscribed(partitions.map((partition) => ({ topic: "t", ref: this.world.log.ref("t", partition) })));
  }

  owned(): number[] {
    const theirs = this.group.owned().filter(({ state }) => state === "theirs");
    return theirs.map(({ ref }) => ref.partition as number).toSorted((a, b) => a - b);
  }

  async close(): Promise<void> {
    this.over = true;
    await Promise.all(this.#working.values());
    await this.group.close();
    this.news.close();
  }

  /** As when the browser ends it: it says nothing more, and its locks are free. */
  die(): void {
    this.over = true;
    this.freezer.freeze();
    this.#locks.die();
  }

  #work(): void {
    for (const of of this.group.owned())
      if (!this.#working.has(of))
        this.#working.set(
          of,
          this.#handle(of).finally(() => this.#working.delete(of)),
        );
  }

  /** As a page does: record by record, asking before each; committed every few, and before it is let go. */
  async #handle(of: Ownership): Promise<void> {
    const clock = this.freezer.clock(this.world.clock);
    const { partition } = of.ref;
    const start = await this.group.position(of);
    let at = start?.offset ?? 0;
    let committed = at;
    const commit = async (): Promise<void> => {
      if (at > committed) await this.group.commit([{ of, offset: at as Offset }]);
      committed = at;
    };
    while (of.state === "theirs" && !this.over) {
      await clock.sleep(HANDLING_MS * (0.5 + this.world.random.next()));
      while (this.stuck) await clock.sleep(HANDLING_MS);
      const end = this.world.ends[partition] ?? 0;
      if (of.state !== "theirs" || this.over || at >= end) continue;
      this.world.handled(this, partition, at);
      at += 1;
      if (at - committed >= 4 || at === end) await commit();
    }
    if (of.state === "lost") return;
    await commit();
    this.group.release([of]);
  }
}

export class GroupWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly log: FakeLog = new FakeLog();
  readonly locks: MemoryLocks = new MemoryLocks();
  readonly channels: SimulatedChannels = new SimulatedChannels();
  readonly random: SeededRandom;
  readonly ends: number[];
  readonly tabs: GroupTab[] = [];
  /** By place: who has handled it. */
  readonly handlers = new Map<string, GroupTab[]>();
  readonly wrong: string[] = [];
  messages: DeviceMessage[] = [];
  /** Transactions in which turns began. */
  turnCalls = 0;
  showsPending = false;

  constructor(seed: number, partitions: number, records: number) {
    this.random = new SeededRandom(seed);
    this.log.addTopic("t", partitions);
    this.ends = Array.from({ length: partitions }, () => records);
    const { replica } = this.log;
    // Of one line: never back, and never ahead of what was handled.
    const watched: typeof replica.commit = async (group, offsets) => {
      const before = new Map(this.log.commits);
      const refused = await replica.commit(group, offsets);
      for (const { ref, offset } of offsets) {
        if (refused.includes(ref)) continue;
        const was = before.get(`g/${ref.topicKey}/${ref.partition}`) ?? 0;
        if (offset < was) this.wrong.push(`${ref.partition}: ${offset} after ${was}`);
        for (let at = 0; at < offset; at += 1)
          if (!this.handlers.has(`${ref.partition}@${at}`))
            this.wrong.push(`${ref.partition}: ${offset} without ${at}`);
      }
      return refused;
    };
    const beginTurns: typeof replica.beginTurns = async (group, refs) => {
      this.turnCalls += 1;
      return await replica.beginTurns(group, refs);
    };
    Object.defineProperty(this.log, "replica", { value: { ...replica, commit: watched, beginTurns } });
    const post = this.channels.join(new Freezer());
    post.onMessage((message) => void this.messages.push(message));
  }

  get partitions(): number[] {
    return [...this.ends.keys()];
  }

  open(partitions: readonly number[] = this.partitions): GroupTab {
    const tab = new GroupTab(this, `tab${this.tabs.length}`, partitions);
    this.tabs.push(tab);
    return tab;
  }

  handled(tab: GroupTab, partition: number, at: number): void {
    const place = `${partition}@${at}`;
    this.handlers.set(place, [...(this.handlers.get(place) ?? []), tab]);
  }

  /** Of the tabs that run: each partition has one that works on it, and they share them fairly. */
  settled(tabs: readonly GroupTab[] = this.tabs.filter(({ over, freezer }) => !over && !freezer.frozen)): boolean {
    const shares = tabs.map((tab) => tab.owned());
    const sizes = shares.map(({ length }) => length);
    const all = shares.flat().toSorted((a, b) => a - b);
    return all.join() === this.partitions.join() && Math.max(...sizes) - Math.min(...sizes) <= 1;
  }

  committed(): (number | null)[] {
    const { topicKey } = this.log.ref("t", 0);
    return this.partitions.map((partition) => this.log.commits.get(`g/${topicKey}/${partition}`) ?? null);
  }
}

/**
 * Devices whose tabs share a topic by a group at the edge, some by one instance id, while networks fail, answers get lost, tabs are killed, frozen and
 * opened, the coordinator is evicted and clocks jump. What has to hold whenever a commit is taken is looked at right then.
 */
import { GroupDevice, GroupTab, noNetwork, type Fault } from "./simulated-member.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedGroup } from "./simulated-group.ts";
import { VirtualClock } from "./virtual-clock.ts";

const PARTITIONS = 6;
const RECORDS = 400;
const DEVICES = 4;
const STEPS = 120;
const STEP_MS = 1_500;
const MOST_AT_ONCE = 12;
const HEALED_MS_MAX = 180_000;

export interface GroupRun {
  /** Of what must not be, in words. */
  readonly wrong: readonly string[];
  readonly handledTwice: number;
  readonly refused: number;
  readonly fenced: number;
  readonly joins: number;
}

export class GroupSimulation {
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #faulty: boolean;
  readonly #group: SimulatedGroup;
  readonly #devices: GroupDevice[];
  readonly #tabs: { readonly tab: GroupTab; readonly device: GroupDevice }[] = [];
  readonly #handled: Set<number>[] = Array.from({ length: PARTITIONS }, () => new Set());
  readonly #wrong: string[] = [];
  #twice = 0;
  #fenced = 0;
  #checked = 0;

  constructor(seed: number, { faulty }: { readonly faulty: boolean }) {
    this.#random = new SeededRandom(seed);
    this.#faulty = faulty;
    this.#group = new SimulatedGroup(
      this.#clock,
      Array.from({ length: PARTITIONS }, () => RECORDS),
    );
    this.#devices = Array.from({ length: DEVICES }, () => new GroupDevice(this.#group, this.#clock));
    void this.#group.watch();
  }

  async run(): Promise<GroupRun> {
    for (const device of this.#devices.slice(0, 2)) await this.#open(device);
    for (let step = 0; step < STEPS; step += 1) {
      await this.#step();
      await this.#clock.advance(this.#random.below(STEP_MS));
      this.#check();
    }
    await this.#heal();
    return {
      wrong: this.#wrong,
      handledTwice: this.#twice,
      refused: this.#group.refused.length,
      fenced: this.#fenced,
      joins: this.#group.joins,
    };
  }

  async #step(): Promise<void> {
    const random = this.#random;
    for (const { tab } of this.#tabs) if (random.chance(0.6)) void this.#work(tab);
    if (random.chance(0.06) && this.#tabs.length < 2 * DEVICES) await this.#open(random.pick(this.#devices));
    if (random.chance(0.05) && this.#tabs.length > 1) this.#close(false);
    if (!this.#faulty) return;
    if (random.chance(0.04) && this.#tabs.length > 1) this.#close(true);
    if (random.chance(0.1)) this.#group.evict();
    if (random.chance(0.03)) this.#clock.jump((random.next() - 0.5) * 10 * 365 * 24 * 3_600_000);
    const device = random.pick(this.#devices);
    if (random.chance(0.1)) device.frozen = !device.frozen;
    const { freezer } = random.pick(this.#tabs).tab;
    if (freezer.frozen) freezer.thaw();
    else if (random.chance(0.15)) freezer.freeze();
    if (random.chance(0.2)) device.fault = this.#someFault();
  }

  #someFault(): () => Fault {
    const random = this.#random;
    const kind = random.below(4);
    if (kind === 0) return () => ({ error: noNetwork() });
    if (kind === 1) return () => (random.chance(0.3) ? "lost" : null);
    if (kind === 2) return () => (random.chance(0.3) ? "abandoned" : null);
    return () => null;
  }

  async #open(device: GroupDevice): Promise<void> {
    const instanceId = this.#random.pick([null, "of all", `of ${this.#devices.indexOf(device)}`]);
    const group = { sessionTimeoutMs: 12_000, heartbeatIntervalMs: 3_000, rebalanceTimeoutMs: 10_000, instanceId };
    const tab = await GroupTab.open({ device, clock: this.#clock, random: this.#random, group });
    this.#tabs.push({ tab, device });
  }

  #close(kill: boolean): void {
    const [closed] = this.#tabs.splice(this.#random.below(this.#tabs.length), 1);
    if (closed === undefined) return;
    this.#fenced += closed.tab.fenced.length;
    if (kill) closed.tab.kill();
    else void closed.tab.close();
  }

  async #work(tab: GroupTab): Promise<void> {
    const most = 1 + this.#random.below(MOST_AT_ONCE);
    await tab.handle(most, (partition, offset) => this.#note(partition, offset), this.#group.ends);
  }

  #note(partition: number, offset: number): void {
    const handled = this.#handled[partition];
    if (handled?.has(offset) === true) this.#twice += 1;
    handled?.add(offset);
  }

  /** Of the commits that were taken since. */
  #check(): void {
    for (const { partition, memberId, memberEpoch, offset, owner, fence } of this.#group.accepted.slice(
      this.#checked,
    )) {
      if (owner !== memberId || memberEpoch < fence)
        this.#wrong.push(`${partition}: taken from ${memberId} at ${memberEpoch}, while ${owner} had it from ${fence}`);
      for (let below = 0; below < offset; below += 1)
        if (this.#handled[partition]?.has(below) !== true) this.#wrong.push(`${partition}@${below} was not handled`);
    }
    this.#checked = this.#group.accepted.length;
    this.#wrong.push(...this.#group.doubleOwners());
  }

  /** All is well from now on: everything is handled and committed in time. */
  async #heal(): Promise<void> {
    for (const device of this.#devices) {
      device.frozen = false;
      device.fault = () => null;
    }
    for (const { tab } of this.#tabs) tab.freezer.thaw();
    const end = this.#clock.elapsedMs + HEALED_MS_MAX;
    const isDone = (): boolean => this.#group.ends.every((all, partition) => this.#group.committed(partition) === all);
    while (!isDone() && this.#clock.elapsedMs < end) {
      for (const { tab } of this.#tabs) void this.#work(tab);
      await this.#clock.advance(500);
      this.#check();
    }
    if (!isDone()) this.#wrong.push("not all was committed after all was well");
    for (const { tab } of this.#tabs) {
      this.#fenced += tab.fenced.length;
      void tab.close();
    }
    await this.#clock.advance(60_000);
  }
}

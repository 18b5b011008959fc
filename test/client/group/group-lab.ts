/** A topic of some partitions, a group at the edge, devices and their tabs, in virtual time. */
import { GroupDevice, GroupTab, learn, type TabOptions } from "../../sim/simulated-member.ts";
import { SimulatedGroup } from "../../sim/simulated-group.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";

export class GroupLab {
  readonly clock = new VirtualClock();
  readonly random = new SeededRandom(1);
  readonly group: SimulatedGroup;
  readonly tabs: GroupTab[] = [];

  constructor(ends: readonly number[] = [100, 100, 100, 100]) {
    this.group = new SimulatedGroup(this.clock, ends);
    void this.group.watch();
  }

  device(): GroupDevice {
    return new GroupDevice(this.group, this.clock);
  }

  async tab(options: Partial<Omit<TabOptions, "clock" | "random">> = {}): Promise<GroupTab> {
    const { clock, random } = this;
    const tab = await GroupTab.open({ device: this.device(), ...options, clock, random });
    this.tabs.push(tab);
    return tab;
  }

  /** In virtual time. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    void work.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    await this.clock.until("the work is done", () => isDone);
    return await work;
  }

  async owning(tab: GroupTab, ...partitions: readonly number[]): Promise<void> {
    await this.clock.until(`owns ${partitions.join()}`, () => tab.owned.join() === partitions.join(), 120_000);
  }

  async learn({ log }: GroupTab, partitionCount: number): Promise<void> {
    await learn(log, partitionCount);
  }

  async close(): Promise<void> {
    for (const tab of this.tabs) await this.during(tab.close());
  }
}

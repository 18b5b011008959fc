/** A tab that freezes while it leads: another takes over soon, and what the frozen one does when it wakes harms nothing. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { Freezer, SimulatedChannels } from "../../sim/simulated-freezer.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

const SUCCEEDED_MS = 5_000;

async function device(count: number) {
  const world = new World();
  const shared = { store: new MemoryStore(), locks: new MemoryLocks(), channels: new SimulatedChannels() };
  const tabs: SimulatedTab[] = [];
  for (let index = 0; index < count; index += 1) tabs.push(await world.open(`tab${index}`, shared));
  await world.clock.settle();
  return { world, ...shared, tabs, leaders: () => namesOf(tabs.filter((tab) => tab.sync.status().leader)) };
}

const namesOf = (tabs: readonly SimulatedTab[]): string => tabs.map(({ name }) => name).join(" ");
const at = (tabs: readonly SimulatedTab[], index: number): SimulatedTab => tabs[index] as SimulatedTab;

describe("a frozen leader", () => {
  test("is succeeded within five seconds, and steps down when it wakes", async () => {
    const { world, tabs, locks, leaders } = await device(3);
    await world.clock.advance(10_000);
    expect([leaders(), locks.steals]).toEqual(["tab0", 0]);
    at(tabs, 0).freezer.freeze();
    const frozenAt = world.clock.elapsedMs;
    await at(tabs, 2).append("orders-0: a");
    await at(tabs, 2).drained();
    expect(world.clock.elapsedMs - frozenAt).toBeLessThan(SUCCEEDED_MS);
    expect(locks.steals).toBe(1);
    await world.clock.advance(3_600_000);
    expect([locks.steals, leaders().split(" ").length]).toEqual([1, 2]);
    at(tabs, 0).freezer.thaw();
    await world.clock.settle();
    expect(leaders()).toMatch(/^tab[12]$/);
    expect(world.edge.log("orders-0")).toBe("a");
  });

  test("that wakes in the middle of what it sent doubles nothing, and leads again when it is its turn", async () => {
    const { world, tabs, leaders } = await device(2);
    const [first, second] = [at(tabs, 0), at(tabs, 1)];
    world.network.script("produce", { answerDelayMs: 1_000 });
    await first.append("orders-0: a b");
    await world.clock.until("carried out", () => world.edge.log("orders-0") !== "");
    first.freezer.freeze();
    await first.append("orders-0: c");
    await second.append("orders-0: d");
    await second.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d");
    first.freezer.thaw();
    await first.append("orders-0: e");
    second.sync.wake();
    await first.drained();
    await second.sync.close();
    await world.clock.settle();
    expect(leaders()).toBe("tab0");
    await first.append("orders-0: f");
    await first.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d e f");
    expect(tabs.flatMap((tab) => tab.told())).toEqual([]);
  });

  test("eight tabs agree on one successor: no lock is taken twice", async () => {
    const { world, tabs, locks, leaders } = await device(8);
    at(tabs, 0).freezer.freeze();
    await world.clock.advance(60_000);
    at(tabs, 0).freezer.thaw();
    await world.clock.settle();
    expect(leaders()).toMatch(/^tab[1-7]$/);
    expect(locks.steals).toBe(1);
  });

  test("all tabs frozen and woken, as when a laptop sleeps: the one that led goes on", async () => {
    const { world, tabs, locks, leaders } = await device(4);
    for (let night = 0; night < 20; night += 1) {
      await world.clock.advance(world.random.below(3_000));
      for (const tab of tabs) tab.freezer.freeze();
      await world.clock.advance(8 * 3_600_000);
      world.clock.jump(-3_600_000);
      for (const tab of tabs) tab.freezer.thaw();
      await world.clock.advance(10);
    }
    await world.clock.advance(10_000);
    expect([leaders(), locks.steals]).toEqual(["tab0", 0]);
  });
});

test("messages that never arrive: the lock goes round ever more rarely, and nothing is doubled", async () => {
  const { world, tabs, locks, channels, leaders } = await device(2);
  channels.deaf = true;
  const all: string[] = [];
  for (let round = 0; round < 60; round += 1) {
    all.push(String(round));
    await tabs[round % 2]?.append(`orders-0: ${round}`);
    for (const tab of tabs) tab.sync.wake();
    await world.clock.advance(10_000);
  }
  await at(tabs, 0).drained();
  expect(world.edge.log("orders-0").split(" ")).toEqual(all);
  expect(locks.steals).toBeGreaterThan(1);
  expect(locks.steals).toBeLessThan(15);
  expect(leaders()).toMatch(/^tab[01]$/);
});

test("a tab alone asks nobody, and says once that it leads", async () => {
  const { world, channels } = await device(1);
  const heard: string[] = [];
  channels.join(new Freezer()).onMessage(({ type }) => void heard.push(type));
  await world.clock.advance(600_000);
  expect(heard).toEqual(["lock.held"]);
});

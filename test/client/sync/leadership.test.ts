/** Several tabs over one store: one leads, another takes over, and safety does not rest on it. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { Locks } from "../../../client/ports.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { World } from "../../sim/simulated-device.ts";

describe("tabs of one device", () => {
  test("one sends for all; when it closes another goes on", async () => {
    const world = new World();
    const options = { store: new MemoryStore(), locks: new MemoryLocks() };
    const first = await world.open("first", options);
    const second = await world.open("second", options);
    await second.append("orders-0: a");
    first.sync.wake();
    await first.drained();
    expect([first.sync.status().leader, second.sync.status().leader]).toEqual([true, false]);
    await first.sync.close();
    await second.append("orders-0: b");
    await second.drained();
    expect(second.sync.status().leader).toBe(true);
    expect(world.edge.log("orders-0")).toBe("a b");
    expect(new Set(world.network.of("produce").map((seen) => seen.device))).toEqual(new Set(["first", "second"]));
  });

  test("a successor sends again what the first had not heard of, and nothing is doubled", async () => {
    const world = new World();
    const options = { store: new MemoryStore(), locks: new MemoryLocks() };
    const first = await world.open("first", options);
    const second = await world.open("second", options);
    world.network.script("produce", { answerDelayMs: 10_000 });
    await first.append("orders-0: a b");
    await world.clock.until("sent", () => world.edge.log("orders-0") !== "");
    await first.sync.close();
    second.sync.wake();
    await second.drained();
    expect(world.edge.log("orders-0")).toBe("a b");
  });

  test("two leaders at once, as after a freeze, double nothing and lose nothing", async () => {
    const world = new World(5);
    const store = new MemoryStore();
    const tabs = [await world.open("first", { store }), await world.open("second", { store })];
    world.network.latencyMs = () => 10 + world.random.below(60);
    const all: string[] = [];
    for (let round = 0; round < 60; round += 1) {
      all.push(String(round));
      await tabs[round % 2]?.append(`orders-0: ${round}`);
      await world.clock.advance(world.random.below(40));
    }
    for (const tab of tabs) await tab.drained();
    expect(world.edge.log("orders-0").split(" ")).toEqual(all);
    expect(tabs.flatMap((tab) => tab.told())).toEqual([]);
  });

  test("one that is parked lets another lead, and leads again when it is back and its turn has come", async () => {
    const world = new World();
    const options = { store: new MemoryStore(), locks: new MemoryLocks() };
    const first = await world.open("first", options);
    const second = await world.open("second", options);
    await world.clock.settle();
    const leaders = (): boolean[] => [first, second].map(({ sync }) => sync.status().leader);
    expect(leaders()).toEqual([true, false]);
    for (const parked of [true, true]) first.sync.park(parked);
    await first.append("orders-0: a");
    second.sync.wake();
    await second.drained();
    expect(leaders()).toEqual([false, true]);
    for (const parked of [false, false, true, false]) first.sync.park(parked);
    await world.clock.settle();
    expect(leaders()).toEqual([false, true]);
    await second.sync.close();
    await first.append("orders-0: b");
    await first.drained();
    expect(leaders()).toEqual([true, false]);
    expect(world.edge.log("orders-0")).toBe("a b");
    first.sync.park(true);
    await first.sync.close();
  });

  test("locks that fail are asked for again", async () => {
    const world = new World();
    const locks = new MemoryLocks();
    let failures = 3;
    const failing: Locks = {
      request: async (name, options, body) => {
        failures -= 1;
        if (failures >= 0) throw new Error("the lock manager is gone");
        await locks.request(name, options, body);
      },
    };
    const device = await world.open("device", { locks: failing });
    await device.append("orders-0: a");
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a");
  });
});

describe("close", () => {
  test.each(["produce", "fetch", "metadata", "reconcile"] as const)("settles while a %s waits", async (operation) => {
    const world = new World();
    world.edge.partition("orders-0").refuse = () => "INVALID_RECORD";
    const device = await world.open();
    await device.follow("orders");
    world.network.disturb = (seen) => (seen.operation === operation ? { drop: "answer", silent: true } : null);
    await device.append("orders-0: a");
    await world.clock.until("asked", () => world.network.of(operation).length > 0);
    let closed = false;
    void device.sync.close().then(() => (closed = true));
    await world.clock.settle();
    expect(closed).toBe(true);
    const asked = world.network.seen.length;
    await world.clock.advance(100_000);
    expect(world.network.seen).toHaveLength(asked);
  });

  test("settles when it comes between two requests of the replicator", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 1);
    for (let ms = 0; ms <= 100; ms += 5) {
      const device = await world.open();
      await device.follow("orders");
      await world.clock.advance(ms);
      device.sync.wake();
      let closed = false;
      void device.sync.close().then(() => (closed = true));
      await world.clock.settle();
      expect(closed).toBe(true);
    }
  });

  test("settles while it waits for the lock, after a failure, while paused, and twice", async () => {
    const world = new World();
    const locks = new MemoryLocks();
    const leader = await world.open("leader", { locks });
    const waiter = await world.open("waiter", { locks });
    const paused = await world.open("paused", { paused: true });
    world.network.offline.add("leader");
    await leader.append("orders-0: a");
    await world.clock.advance(1_000);
    let closed = 0;
    for (const tab of [waiter, leader, paused, leader]) void tab.sync.close().then(() => (closed += 1));
    await world.clock.settle();
    expect(closed).toBe(4);
  });
});

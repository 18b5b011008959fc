/** When something is sent: after failures, while paused, for topics that are not known, for whom. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { Backoff } from "../../../client/sync/backoff.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { RETRY, World } from "../../sim/simulated-device.ts";

describe("backoff", () => {
  test("is drawn between nothing and a ceiling that doubles up to its maximum", () => {
    const ends = (drawn: number): number[] => {
      const backoff = new Backoff(RETRY, { next: () => drawn, bytes: () => new Uint8Array() });
      return Array.from({ length: 9 }, () => backoff.nextDelayMs());
    };
    expect(ends(0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(ends(1)).toEqual([300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 30_000, 30_000]);
  });

  test("stays finite after any number of failures, and begins again", () => {
    const backoff = new Backoff(RETRY, new SeededRandom(3));
    for (let failure = 0; failure < 2_000; failure += 1) expect(backoff.nextDelayMs()).toBeLessThanOrEqual(30_000);
    backoff.reset();
    expect(backoff.nextDelayMs()).toBeLessThanOrEqual(300);
  });
});

describe("while the edge cannot be reached", () => {
  test("requests become rare, whatever is appended meanwhile", async () => {
    const world = new World();
    const device = await world.open();
    world.network.offline.add("device");
    for (let second = 0; second < 600; second += 1) {
      await device.append(`orders-0: ${second}`);
      await world.clock.advance(1_000);
    }
    // Ceilings sum to 30 s after seven failures; from then on one in 15 s on the average.
    expect(world.network.seen.length).toBeGreaterThan(10);
    expect(world.network.seen.length).toBeLessThan(120);
    expect(device.sync.status()).toMatchObject({ online: false, lastError: { code: "NETWORK_EXCEPTION" } });
    // Of the last attempt, not of the first that failed.
    expect(device.sync.status().lastError?.at).toBeGreaterThan(world.clock.now() - 60_000);
    world.network.offline.clear();
    await device.drained();
    expect(world.edge.log("orders-0").split(" ")).toHaveLength(600);
    expect(device.sync.status()).toMatchObject({ online: true, lastError: null });
  });

  test("a hint ends the pause at once", async () => {
    const world = new World();
    const device = await world.open();
    world.network.offline.add("device");
    await device.append("orders-0: a");
    await world.clock.advance(120_000);
    world.network.offline.clear();
    const asked = world.network.seen.length;
    device.sync.wake();
    await world.clock.settle();
    expect(world.network.seen).toHaveLength(asked);
    device.sync.hint();
    await device.drained(200);
    expect(world.edge.log("orders-0")).toBe("a");
  });
});

describe("paused", () => {
  test("nothing is asked for; then all of it goes", async () => {
    const world = new World();
    const device = await world.open("device", { paused: true });
    await device.follow("orders");
    await device.append("orders-0: a");
    await world.clock.advance(100_000);
    expect(world.network.seen).toEqual([]);
    device.sync.setPaused(false);
    await device.drained();
    device.sync.setPaused(true);
    await device.append("orders-0: b");
    const asked = world.network.seen.length;
    await world.clock.advance(100_000);
    expect(world.network.seen).toHaveLength(asked);
    expect(await device.pending("orders-0")).toBe("b");
    expect(device.sync.status()).toMatchObject({ paused: true });
  });
});

test("a pause that begins while topics are asked for lets nothing more out", async () => {
  const world = new World();
  const device = await world.open();
  await device.follow("orders");
  await device.append("orders-0: a");
  await world.clock.until("asked", () => world.network.of("metadata").length === 2);
  device.sync.setPaused(true);
  await world.clock.advance(100_000);
  expect(world.network.seen.map((seen) => seen.operation)).toEqual(["metadata", "metadata"]);
  device.sync.setPaused(false);
  await device.drained();
  expect(world.edge.log("orders-0")).toBe("a");
});

describe("a topic that is not known", () => {
  test("has its records wait, which then move to their partitions in order and are sent", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 3);
    const device = await world.open();
    world.network.offline.add("device");
    const values = Array.from({ length: 40 }, (_, index) => `k${index % 7}=k${index % 7}.${index}`);
    for (const value of values) await device.append(`orders: ${value}`);
    expect(await device.pending("orders")).toBe(values.map((value) => value.split("=")[1]).join(" "));
    world.network.offline.clear();
    device.sync.hint();
    await device.drained();
    const logs = [0, 1, 2].map((partition) => world.edge.log(`orders-${partition}`).split(" "));
    expect(logs.flat()).toHaveLength(40);
    for (const log of logs) {
      const numbers = log.map((value) => Number(value.split(".")[1]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test("and that the edge does not make stops no other topic", async () => {
    const world = new World();
    world.edge.makeTopic("audit", 1);
    world.edge.autoCreateTopics = false;
    const device = await world.open();
    await device.append("orders: a", "audit-0: x");
    await world.clock.until("sent", () => world.edge.log("audit-0") === "x");
    expect(await device.pending("orders")).toBe("a");
    expect(device.sync.status().lastError?.code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    world.edge.makeTopic("orders", 1);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a");
  });
});

test("another principal's edge gets nothing of what this one left", async () => {
  const world = new World();
  const device = await world.open();
  await device.append("orders-0: mine");
  world.edge.caller = { namespace: "default", principal: "somebody else" };
  await world.clock.advance(60_000);
  expect(device.sync.status().lastError?.code).toBe("PRINCIPAL_CHANGED");
  expect(world.network.of("produce")).toEqual([]);
  world.edge.caller = { namespace: "default", principal: "anonymous" };
  await device.drained();
  expect(world.edge.log("orders-0")).toBe("mine");
});

test("and stores nothing of it where its topics are known already", async () => {
  const world = new World();
  const device = await world.open();
  await device.append("orders-0: mine");
  await device.drained();
  world.edge.caller = { namespace: "default", principal: "somebody else" };
  await device.append("orders-0: too");
  await world.clock.advance(60_000);
  expect(world.edge.log("orders-0")).toBe("mine");
  expect(await device.pending("orders-0")).toBe("too");
  expect(await device.dead()).toBe("");
  world.edge.caller = { namespace: "default", principal: "anonymous" };
  await device.drained();
  expect(world.edge.log("orders-0")).toBe("mine too");
});

test("jumps of the clock by ten years change nothing", async () => {
  const world = new World();
  const device = await world.open();
  for (const [index, jump] of [0, 3e11, -6e11, 3e11].entries()) {
    world.clock.jump(jump);
    world.network.script("produce", { drop: "answer" });
    await device.append(`orders-0: ${index}`);
    await device.drained();
  }
  expect(world.edge.log("orders-0")).toBe("0 1 2 3");
});

test("a partition that goes on failing does not slow the others", async () => {
  const world = new World();
  world.edge.makeTopic("orders", 2);
  const device = await world.open();
  await device.append("orders-0: first", "orders-1: first");
  await device.drained();
  world.edge.partition("orders-0").storageFault = () => "before";
  await device.append("orders-0: stuck");
  await world.clock.advance(300_000);
  for (const value of ["a", "b", "c"]) {
    await device.append(`orders-1: ${value}`);
    await world.clock.advance(1_000);
  }
  expect(world.edge.log("orders-1")).toBe("first a b c");
  world.edge.partition("orders-0").storageFault = () => null;
  await device.drained();
  expect(world.edge.log("orders-0")).toBe("first stuck");
});

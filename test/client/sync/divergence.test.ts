/** Histories that part: copied stores, rolled-back stores, an edge that forgot. Nothing lost, nothing doubled, always told. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import type { Chain, LeaderEpoch, LocalSequence } from "../../../shared/brands.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

async function withSent(world: World, values: string): Promise<SimulatedTab> {
  const device = await world.open("first");
  await device.append(`orders-0: ${values}`);
  await device.drained();
  return device;
}

describe("copies of one device", () => {
  test("that both go on: one diverges, is told, and both find all of their records once", async () => {
    const world = new World();
    const first = await withSent(world, "a b");
    const twin = await world.open("twin", { store: first.store.snapshot() });
    await first.append("orders-0: c d");
    await first.drained();
    await twin.append("orders-0: x y z");
    await twin.append("orders-0: w");
    await twin.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d x y z w");
    expect(first.told()).toEqual([]);
    expect(twin.told()).toEqual(["diverged orders-0 4"]);
    await first.append("orders-0: e");
    await twin.append("orders-0: v");
    await Promise.all([first.drained(), twin.drained()]);
    expect(world.edge.log("orders-0").split(" ").toSorted().join(" ")).toBe("a b c d e v w x y z");
  });

  test("with the same records waiting send them once", async () => {
    const world = new World();
    const first = await world.open("first", { paused: true });
    await first.appendEach("orders-0", "a b c");
    const twin = await world.open("twin", { store: first.store.snapshot() });
    first.sync.setPaused(false);
    await Promise.all([first.drained(), twin.drained()]);
    expect(world.edge.log("orders-0")).toBe("a b c");
    expect([...first.told(), ...twin.told()]).toEqual([]);
  });

  test("that diverge with the same records meet under one successor", async () => {
    const world = new World();
    const first = await withSent(world, "a");
    const other = await world.open("other", { store: first.store.snapshot() });
    const twin = await world.open("twin", { store: first.store.snapshot(), paused: true });
    await twin.appendEach("orders-0", "x y");
    const copyOfTwin = await world.open("copy", { store: twin.store.snapshot(), paused: true });
    await other.append("orders-0: b");
    await other.drained();
    twin.sync.setPaused(false);
    copyOfTwin.sync.setPaused(false);
    await Promise.all([twin.drained(), copyOfTwin.drained()]);
    expect(world.edge.log("orders-0")).toBe("a b x y");
    const keys = [await twin.row("orders-0"), await copyOfTwin.row("orders-0")].map((row) => row.identity?.producerKey);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(first.log.device.rootProducerKey);
    expect([...twin.told(), ...copyOfTwin.told()]).toEqual(["diverged orders-0 2", "diverged orders-0 2"]);
  });

  test("an answer asked for under an identity that was succeeded since is ignored", async () => {
    const world = new World();
    const first = await withSent(world, "a");
    const twin = await world.open("twin", { store: first.store.snapshot() });
    const zombie = await world.open("zombie", { store: twin.store });
    await first.append("orders-0: b");
    await first.drained();
    // Both tabs over the twin's store learn of the divergence; the zombie hears of it when the other has gone on.
    world.network.disturb = ({ device, operation }) =>
      device === "zombie" && operation !== "metadata" ? { answerDelayMs: 2_000 } : null;
    await twin.append("orders-0: x");
    zombie.sync.wake();
    await twin.drained();
    await twin.append("orders-0: y");
    await world.clock.advance(20_000);
    await twin.drained();
    expect(world.edge.log("orders-0")).toBe("a b x y");
    expect([...twin.told(), ...zombie.told()]).toEqual(["diverged orders-0 1"]);
  });
});

describe("copies with records that wait for their partition", () => {
  test("send them once, whatever each appends behind them", async () => {
    const world = new World();
    const first = await world.open("first", { paused: true });
    await first.append("orders: k=u");
    const twin = await world.open("twin", { store: first.store.snapshot(), paused: true });
    await first.append("orders: k=x");
    await twin.append("orders: k=y");
    for (const tab of [first, twin]) {
      tab.sync.setPaused(false);
      await tab.drained();
    }
    expect(world.edge.log("orders-0")).toBe("u x y");
  });

  test("and whatever each appends to a partition by name", async () => {
    const world = new World();
    const first = await world.open("first", { paused: true });
    await first.append("orders: k=u");
    const twin = await world.open("twin", { store: first.store.snapshot(), paused: true });
    await first.append("orders-0: x");
    await twin.append("orders-0: y");
    for (const tab of [first, twin]) {
      tab.sync.setPaused(false);
      await tab.drained();
    }
    expect(world.edge.log("orders-0").split(" ").toSorted().join(" ")).toBe("u x y");
  });
});

describe("a store that was rolled back", () => {
  test("and goes on with other records diverges where they part", async () => {
    const world = new World();
    const device = await withSent(world, "a");
    const before = device.store.snapshot();
    await device.append("orders-0: lost");
    await device.drained();
    await device.sync.close();
    const restored = await world.open("restored", { store: before });
    await restored.append("orders-0: new");
    await restored.drained();
    expect(world.edge.log("orders-0")).toBe("a lost new");
    expect(restored.told()).toEqual(["diverged orders-0 1"]);
  });

  test("behind what it had sent hears that it is held, and doubles nothing", async () => {
    const world = new World();
    const device = await world.open("device", { paused: true });
    await device.appendEach("orders-0", "a b c");
    const before = device.store.snapshot();
    device.sync.setPaused(false);
    await device.drained();
    await device.sync.close();
    const restored = await world.open("restored", { store: before });
    await restored.append("orders-0: d");
    await restored.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d");
    expect(restored.told()).toEqual([]);
  });
});

describe("an edge that forgot", () => {
  test("the producer: told with the records whose outcome is unknown, which are sent again", async () => {
    const world = new World();
    const device = await withSent(world, "a b");
    device.sync.setPaused(true);
    await device.append("orders-0: c d");
    await device.append("orders-0: e");
    world.edge.partition("orders-0").forgetProducers();
    device.sync.setPaused(false);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d e");
    expect(device.told()).toEqual(["forgotten orders-0 3"]);
  });

  test("a log put back to an older copy: what follows goes out under a successor", async () => {
    const world = new World();
    const device = await withSent(world, "a");
    const partition = world.edge.partition("orders-0");
    const restore = partition.backup();
    await device.append("orders-0: gone");
    await device.drained();
    restore();
    partition.leaderEpoch = { counter: 1, random: 2 };
    await device.append("orders-0: b");
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a b");
    expect(device.told()).toEqual(["forgotten orders-0 1"]);
  });

  test("a producer that sent nothing before is not forgotten", async () => {
    const world = new World();
    const device = await world.open();
    world.network.script("produce", { drop: "answer" });
    await device.append("orders-0: a");
    await world.clock.advance(21);
    world.edge.partition("orders-0").backup()();
    await device.drained();
    expect(device.told()).toEqual([]);
    expect(world.edge.log("orders-0")).toBe("a");
  });
});

test("acks of an older leader epoch than the device knows are dropped", async () => {
  const world = new World();
  const device = await withSent(world, "a");
  const partition = world.edge.partition("orders-0");
  partition.leaderEpoch = { counter: 3, random: 2 };
  await device.append("orders-0: b");
  await device.drained();
  expect((await device.row("orders-0")).leaderEpoch).toEqual({ counter: 3, random: 2 });
  partition.leaderEpoch = { counter: 2, random: 1 };
  await device.append("orders-0: c");
  await world.clock.advance(2_000);
  expect(await device.pending("orders-0")).toBe("c");
  const known: LeaderEpoch = { counter: 3, random: 2 };
  partition.leaderEpoch = known;
  await device.drained();
  expect(world.edge.log("orders-0")).toBe("a b c");
});

test("a sequence near its end is succeeded, and sending goes on", async () => {
  const world = new World();
  const device = await withSent(world, "a");
  // As if nearly 2^31 records had been sent: the identity began so much earlier.
  const ref = await device.ref("orders-0");
  const row = await device.row("orders-0");
  const used = LIMITS.sequenceMax - 3;
  const key = [ref.topicKey, ref.partition];
  await device.store.transact(["partitions"], { mode: "readwrite", durability: "strict" }, async (transaction) => {
    const identity = row.identity === null ? null : { ...row.identity, sequenceBase: -used as LocalSequence };
    await transaction.put("partitions", key, { ...row, identity, ackedChain: 0 as Chain });
  });
  const reopened = await world.open("reopened", { store: device.store });
  await device.sync.close();
  await reopened.append("orders-0: b c d e");
  await reopened.append("orders-0: f");
  await reopened.drained();
  expect(world.edge.log("orders-0")).toBe("a b c d e f");
  expect(reopened.told()).toEqual(["exhausted orders-0 5"]);
  const { identity } = await reopened.row("orders-0");
  expect(identity?.sequenceBase).toBe(1);
});

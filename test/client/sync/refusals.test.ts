/** What can never succeed is given up by a void: it is among the dead letters, it never lands, the rest goes on. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { valuesOf } from "../log/log-fixture.ts";
import type { MemoryStore } from "../../../client/log/memory-store.ts";
import type { PendingRow } from "../../../client/log/rows.ts";
import type { ErrorCode } from "../../../shared/error-table.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

/** Batches that contain the value are refused. */
function refuse(world: World, value: string, code: ErrorCode = "MESSAGE_TOO_LARGE"): void {
  world.edge.partition("orders-0").refuse = (batch) => (valuesOf(batch).split(" ").includes(value) ? code : null);
}

function allowAll(world: World): void {
  world.edge.partition("orders-0").refuse = () => null;
}

async function withWaiting(world: World, values: string): Promise<SimulatedTab> {
  const device = await world.open("device", { paused: true });
  await device.appendEach("orders-0", values);
  return device;
}

describe("a refused batch", () => {
  const CASES: readonly [string, string, string][] = [
    ["in the middle of a run", "a b poison c d", "a b c d"],
    ["at its beginning", "poison a b", "a b"],
    ["at its end", "a b poison", "a b"],
    ["alone", "poison", ""],
  ];
  test.each(CASES)("%s goes to the dead letters, the others arrive in order", async (_, values, arrived) => {
    const world = new World();
    refuse(world, "poison");
    const device = await withWaiting(world, values);
    device.sync.setPaused(false);
    await device.drained();
    const at = values.split(" ").indexOf("poison");
    expect(world.edge.log("orders-0")).toBe(arrived);
    expect(await device.dead()).toBe("poison MESSAGE_TOO_LARGE");
    expect(device.told()).toEqual([`dead orders-0~${at} MESSAGE_TOO_LARGE`]);
  });

  test.each(["TOPIC_AUTHORIZATION_FAILED", "INVALID_RECORD", "RECORD_LIST_TOO_LARGE"] as const)(
    "with %s does not stop what comes after",
    async (code) => {
      const world = new World();
      refuse(world, "poison", code);
      const device = await withWaiting(world, "a poison b poison c");
      device.sync.setPaused(false);
      await device.drained();
      expect(world.edge.log("orders-0")).toBe("a b c");
      expect(await device.dead()).toBe(`poison ${code}, poison ${code}`);
    },
  );

  test.each(["STORAGE_FULL", "KAFKA_STORAGE_ERROR", "VOID_LIMIT"] as const)(
    "with %s waits until there is room, and nothing of it is given up",
    async (code) => {
      const world = new World();
      refuse(world, "held", code);
      const device = await withWaiting(world, "a held b");
      device.sync.setPaused(false);
      await world.clock.advance(600_000);
      expect(await device.dead()).toBe("");
      expect(device.told().filter((one) => one.startsWith("dead"))).toEqual([]);
      allowAll(world);
      await device.drained();
      expect(world.edge.log("orders-0")).toBe("a held b");
      expect(await device.dead()).toBe("");
    },
  );

  test("never lands once it was reported, though its reason vanished and a copy of the request comes late", async () => {
    const world = new World();
    refuse(world, "poison");
    const device = await withWaiting(world, "a poison b");
    world.network.disturb = ({ operation }) => (operation === "produce" ? { againAfterMs: [5_000, 9_000] } : null);
    device.sync.setPaused(false);
    await device.drained(4_000);
    allowAll(world);
    await world.clock.advance(20_000);
    expect(world.edge.log("orders-0")).toBe("a b");
    expect(await device.dead()).toBe("poison MESSAGE_TOO_LARGE");
  });

  test("whose reason vanishes before it was given up arrives in its place", async () => {
    const world = new World();
    refuse(world, "poison");
    const device = await withWaiting(world, "a poison b");
    // The refusal names the second batch; the first goes alone, and then the reason is gone.
    device.sync.setPaused(false);
    await world.clock.until("the first refusal", () => world.network.of("produce").length > 1);
    allowAll(world);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a poison b");
    expect(await device.dead()).toBe("");
    expect(device.told()).toEqual([]);
  });

  test("that turns out to be held counts as acknowledged", async () => {
    const world = new World();
    refuse(world, "poison");
    const device = await withWaiting(world, "poison");
    world.network.script("reconcile", { requestDelayMs: 1_000 });
    world.network.script("produce", { againAfterMs: [500] });
    device.sync.setPaused(false);
    await world.clock.advance(200);
    allowAll(world);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("poison");
    expect(await device.dead()).toBe("");
    expect(device.told()).toEqual([]);
  });

  test("is given up once, though the answer to giving it up was lost", async () => {
    const world = new World();
    refuse(world, "poison");
    const device = await withWaiting(world, "a poison b");
    world.network.script("reconcile", { drop: "answer" }, { drop: "answer", silent: true });
    device.sync.setPaused(false);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a b");
    expect(await device.dead()).toBe("poison MESSAGE_TOO_LARGE");
    expect(device.told()).toHaveLength(1);
  });

  test("that a twin gave up is a dead letter here too", async () => {
    const world = new World();
    refuse(world, "poison");
    const device = await withWaiting(world, "a poison b");
    const twin = await world.open("twin", { store: device.store.snapshot(), paused: true });
    device.sync.setPaused(false);
    await device.drained();
    allowAll(world);
    twin.sync.setPaused(false);
    await twin.drained();
    expect(world.edge.log("orders-0")).toBe("a b");
    expect(await twin.dead()).toMatch(/^poison /);
    expect(twin.told()).toEqual([expect.stringMatching(/^dead orders-0~1 /)]);
  });

  test("that another tab gave up meanwhile does not stop this one", async () => {
    const world = new World();
    refuse(world, "poison");
    const device = await withWaiting(world, "a poison b");
    const other = await world.open("other", { store: device.store, paused: true });
    const lost = { drop: "answer", silent: true } as const;
    world.network.script("produce", null, lost, lost);
    device.sync.setPaused(false);
    await world.clock.until("it knows of the refusal", () => world.network.of("produce").length === 3);
    other.sync.setPaused(false);
    await other.drained();
    await other.sync.close();
    await device.append("orders-0: c");
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a b c");
  });

  test("stops no other partition", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 2);
    refuse(world, "poison");
    const device = await world.open("device", { paused: true });
    await device.append("orders-0: poison", "orders-1: x");
    await device.append("orders-0: a", "orders-1: y");
    device.sync.setPaused(false);
    await device.drained();
    expect([world.edge.log("orders-0"), world.edge.log("orders-1")]).toEqual(["a", "x y"]);
  });
});

describe("a batch that was damaged on the device", () => {
  test("and cannot be asked for at once does not keep other partitions from being sent", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 2);
    const device = await world.open("device", { paused: true });
    await device.append("orders-0: bad", "orders-1: x");
    const { topicKey } = await device.ref("orders-0");
    await damage(device.store, [topicKey, -1, 0]);
    world.network.script("reconcile", ...Array.from({ length: 5 }, () => ({ drop: "request" }) as const));
    device.sync.setPaused(false);
    await device.drained();
    await device.append("orders-1: y");
    await device.drained();
    expect(world.edge.log("orders-1")).toBe("x y");
    expect(device.told()).toEqual([expect.stringMatching(/^dead orders-0~0 /)]);
  });

  async function damage(store: MemoryStore, key: readonly number[], at = 67): Promise<void> {
    await store.transact(["pending"], { mode: "readwrite", durability: "strict" }, async (transaction) => {
      const row = await transaction.get<PendingRow>("pending", [...key]);
      if (row === undefined) throw new Error("nothing to damage");
      row.bytes[at] = (row.bytes[at] ?? 0) ^ 1;
      await transaction.put("pending", [...key], row);
    });
  }

  test.each([
    ["at the beginning", 0, "b c"],
    ["in the middle", 1, "a c"],
    ["at the end", 2, "a b"],
  ] as const)("%s is never sent as truth; it is a dead letter, the others arrive", async (_, at, arrived) => {
    const world = new World();
    const device = await withWaiting(world, "a b c");
    const { topicKey } = await device.ref("orders--1");
    await damage(device.store, [topicKey, -1, at]);
    device.sync.setPaused(false);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe(arrived);
    expect(device.told()).toEqual([`dead orders-0~${at} CORRUPT_MESSAGE`]);
  });

  test("after it was sent whole, and the answer was lost, counts as what the edge holds", async () => {
    const world = new World();
    const device = await withWaiting(world, "a b c");
    const { topicKey } = await device.ref("orders--1");
    world.network.script("produce", { drop: "answer" });
    device.sync.setPaused(false);
    await world.clock.until("sent", () => world.edge.log("orders-0") !== "");
    await damage(device.store, [topicKey, 0, 1]);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a b c");
    expect(device.told()).toEqual([]);
  });

  test("after it was sent whole by a tab that ended is found at the edge, and nothing is doubled", async () => {
    const world = new World();
    const device = await withWaiting(world, "a b c");
    const { topicKey } = await device.ref("orders--1");
    world.network.script("produce", { drop: "answer", silent: true });
    device.sync.setPaused(false);
    await world.clock.until("sent", () => world.edge.log("orders-0") !== "");
    await device.sync.close();
    await damage(device.store, [topicKey, 0, 1]);
    const reopened = await world.open("reopened", { store: device.store });
    await reopened.append("orders-0: d");
    await reopened.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d");
    expect(reopened.told()).toEqual([]);
  });

  test("between sending and the answer does not reach the replica", async () => {
    const world = new World();
    const device = await withWaiting(world, "a b c");
    await device.follow("orders");
    const { topicKey } = await device.ref("orders--1");
    device.sync.setPaused(false);
    await world.clock.until("sent", () => world.edge.log("orders-0") !== "");
    await damage(device.store, [topicKey, 0, 1]);
    await device.drained();
    await world.clock.until("replicated", async () => (await device.row("orders-0")).replicatedTo === 3);
    expect(await device.replica("orders-0")).toBe("a b c");
  });

  test("while its topic was unknown does not keep the others from being sent", async () => {
    const world = new World();
    const device = await world.open("device", { paused: true });
    await device.appendEach("orders", "a b c");
    const { topicKey } = await device.ref("orders--1");
    await damage(device.store, [topicKey, -1, 1]);
    device.sync.setPaused(false);
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a c");
    expect(device.told()).toEqual(["dead orders-0~1 CORRUPT_MESSAGE"]);
  });
});

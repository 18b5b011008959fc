/** In strict order a refused batch is not given up: it stops its partition until somebody says what shall become of it. */
import "../../sim/synchronous-hash.ts";
import { expect, test } from "vitest";
import type { LocalSequence } from "../../../shared/brands.ts";
import { valuesOf } from "../log/log-fixture.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

function refuse(world: World, value: string | null): void {
  const code = (batch: Uint8Array) =>
    valuesOf(batch)
      .split(" ")
      .includes(value ?? "")
      ? "INVALID_RECORD"
      : null;
  world.edge.partition("orders-0").refuse = code;
}

async function blockedAt(values: string, tell = "poison"): Promise<{ world: World; device: SimulatedTab }> {
  const world = new World();
  world.edge.makeTopic("orders", 2);
  refuse(world, tell);
  const device = await world.open("device", { paused: true });
  await device.log.catalog.setStrictOrder(["orders"]);
  await device.appendEach("orders-0", values);
  await device.append("orders-1: x");
  device.sync.setPaused(false);
  await world.clock.until("it is blocked", () => device.told().length > 0);
  return { world, device };
}

async function blocking(device: SimulatedTab): Promise<string> {
  const found = await device.log.outbox.blocking();
  return found.map(({ bytes, error, localSequence }) => `${localSequence} ${valuesOf(bytes)} ${error.code}`).join(", ");
}

test("it stops its partition and no other, without an end, and is told once", async () => {
  const { world, device } = await blockedAt("a poison b");
  await world.clock.advance(600_000);
  const asked = world.network.of("produce").length;
  await world.clock.advance(600_000);
  expect(world.network.of("produce")).toHaveLength(asked);
  expect([world.edge.log("orders-0"), world.edge.log("orders-1")]).toEqual(["a", "x"]);
  expect(await blocking(device)).toBe("1 poison INVALID_RECORD");
  expect([device.told(), await device.dead()]).toEqual([["blocked orders-0~1 INVALID_RECORD"], ""]);
  expect(await device.pending("orders-0")).toBe("poison b");
});

test("sent again it stands where it stood, once its reason is gone", async () => {
  const { world, device } = await blockedAt("a poison b");
  refuse(world, null);
  const ref = await device.ref("orders-0");
  expect(await device.log.outbox.sendAgain(ref, 1 as LocalSequence)).toMatchObject({ localSequence: 1, count: 1 });
  device.sync.wake();
  await device.drained();
  expect(world.edge.log("orders-0")).toBe("a poison b");
  expect([await blocking(device), await device.dead()]).toEqual(["", ""]);
});

test("sent again in vain it blocks again, and is told again", async () => {
  const { world, device } = await blockedAt("a poison b");
  await device.log.outbox.sendAgain(await device.ref("orders-0"), 1 as LocalSequence);
  device.sync.wake();
  await world.clock.until("it is blocked again", () => device.told().length === 2);
  expect(world.edge.log("orders-0")).toBe("a");
});

test.each(["in this session", "by a tab that was opened later"])(
  "discarded %s it never lands, and the rest goes on",
  async (who) => {
    const { world, device } = await blockedAt("poison a b");
    refuse(world, null);
    expect(await device.log.outbox.discard(await device.ref("orders-0"), 0 as LocalSequence)).toBe(true);
    let at = device;
    if (who !== "in this session") {
      await device.sync.close();
      at = await world.open("device", { store: device.store });
    } else device.sync.wake();
    await at.drained();
    await world.clock.advance(60_000);
    expect(world.edge.log("orders-0")).toBe("a b");
    expect([await blocking(at), await at.dead()]).toEqual(["", ""]);
    expect(await at.log.outbox.find(await at.ref("orders-0"), 0 as LocalSequence)).toMatchObject({ kind: "dead" });
  },
);

test("another tab that takes over neither sends nor gives up what is blocked", async () => {
  const { world, device } = await blockedAt("a poison b");
  refuse(world, null);
  await device.sync.close();
  const other = await world.open("device", { store: device.store });
  other.sync.wake();
  await world.clock.advance(120_000);
  expect(world.edge.log("orders-0")).toBe("a");
  expect(await blocking(other)).toBe("1 poison INVALID_RECORD");
});

test("other topics give up as ever, and a topic that is no longer strict does too", async () => {
  const { world, device } = await blockedAt("a poison b");
  world.edge.partition("audit-0").refuse = (batch) => (valuesOf(batch) === "bad" ? "INVALID_RECORD" : null);
  await device.append("audit-0: bad");
  await world.clock.until("it is dead", async () => (await device.dead()) !== "");
  expect(await device.dead()).toBe("bad INVALID_RECORD");
  await device.log.catalog.setStrictOrder([]);
  device.sync.hint();
  await device.drained();
  expect(world.edge.log("orders-0")).toBe("a b");
});

test("discarded while a copy of its request is under way, it does not land when its reason vanishes", async () => {
  const world = new World();
  refuse(world, "poison");
  const device = await world.open("device", { paused: true });
  await device.log.catalog.setStrictOrder(["orders"]);
  await device.appendEach("orders-0", "poison b");
  world.network.disturb = ({ operation }) => (operation === "produce" ? { againAfterMs: [5_000, 9_000] } : null);
  device.sync.setPaused(false);
  await world.clock.until("it is blocked", () => device.told().length > 0);
  await device.log.outbox.discard(await device.ref("orders-0"), 0 as LocalSequence);
  device.sync.wake();
  await device.drained(4_000);
  refuse(world, null);
  await world.clock.advance(20_000);
  expect(world.edge.log("orders-0")).toBe("b");
});

test.each(["sent again", "discarded"])("%s after the edge forgot who it was from, its order is kept", async (fate) => {
  const { world, device } = await blockedAt("a poison b");
  world.edge.partition("orders-0").forgetProducers();
  refuse(world, null);
  const ref = await device.ref("orders-0");
  const { outbox } = device.log;
  await (fate === "discarded" ? outbox.discard(ref, 1 as LocalSequence) : outbox.sendAgain(ref, 1 as LocalSequence));
  device.sync.wake();
  await device.drained();
  expect(world.edge.log("orders-0")).toBe(fate === "discarded" ? "a b" : "a poison b");
  expect(device.told()).toContain("forgotten orders-0 2");
  expect([await blocking(device), await device.dead()]).toEqual(["", ""]);
  expect(world.network.seen.length).toBeLessThan(30);
});

test("a copy of the device whose user decides otherwise: what one has discarded the other does not send", async () => {
  const { world, device } = await blockedAt("a poison b");
  const twin = await world.open("twin", { store: device.store.snapshot(), paused: true });
  refuse(world, null);
  await device.log.outbox.discard(await device.ref("orders-0"), 1 as LocalSequence);
  device.sync.wake();
  await device.drained();
  await twin.log.outbox.sendAgain(await twin.ref("orders-0"), 1 as LocalSequence);
  twin.sync.setPaused(false);
  await twin.drained();
  expect(world.edge.log("orders-0")).toBe("a b");
  expect(await twin.dead()).toBe("poison GIVEN_UP");
});

/** A topic that was deleted and made again under its name is another topic: it gets what is written from then on. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { World } from "../../sim/simulated-device.ts";

describe("a topic made again", () => {
  test("is found out, and takes what is appended after that; the others are sent all the while", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 1);
    const device = await world.open();
    await device.append("orders-0: a", "audit-0: x");
    await device.drained();
    world.edge.makeTopic("orders", 1);
    await world.clock.advance(10_000);
    await device.append("orders-0: stale", "audit-0: y");
    await world.clock.advance(60_000);
    await device.append("orders-0: b", "audit-0: z");
    await world.clock.until("the new one has it", () => world.edge.log("orders-0") === "b");
    await world.clock.until("the other one too", () => world.edge.log("audit-0") === "x y z");
  });

  test("keeps what was appended for the old one on the device, and asks for it no more often than the backoff says", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 1);
    const device = await world.open();
    await device.append("orders-0: a");
    await device.drained();
    world.edge.makeTopic("orders", 1);
    await world.clock.advance(10_000);
    await device.append("orders-0: stale");
    await world.clock.advance(600_000);
    const asked = world.network.seen.length;
    await world.clock.advance(600_000);
    expect(world.network.seen.length - asked).toBeLessThan(240);
    expect(world.edge.log("orders-0")).toBe("");
    expect(await device.waits()).toBe(true);
    expect(device.sync.status().lastError?.code).toMatch(/TOPIC/);
  });

  test("is followed on: its log comes to the device", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 1);
    const [writer, reader] = [await world.open("writer"), await world.open("reader")];
    await reader.follow("orders");
    await writer.append("orders-0: a");
    await world.clock.until("replicated", async () => (await reader.replica("orders-0")) === "a");
    world.edge.makeTopic("orders", 1);
    await world.clock.advance(60_000);
    const other = await world.open("other");
    await other.append("orders-0: new");
    await world.clock.until("replicated", async () => (await reader.replica("orders-0")) === "new", 120_000);
  });
});

/** The outbox is emptied: once, in order, whatever becomes of requests and answers. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { World } from "../../sim/simulated-device.ts";

describe("sending", () => {
  test("empties the outbox in order", async () => {
    const world = new World();
    const device = await world.open();
    await device.append("orders-0: a b", "orders-0: c");
    await device.append("orders-0: d");
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d");
    expect(device.told()).toEqual([]);
  });

  test("many partitions share one request", async () => {
    const world = new World();
    world.edge.makeTopic("orders", 4);
    const device = await world.open("device", { paused: true });
    await device.append("orders-0: a", "orders-1: b", "orders-2: c", "orders-3: d");
    device.sync.setPaused(false);
    await device.drained();
    expect([0, 1, 2, 3].map((partition) => world.edge.log(`orders-${partition}`))).toEqual(["a", "b", "c", "d"]);
    expect(world.network.of("produce")).toHaveLength(1);
  });

  test("what is acknowledged of a followed topic is in the replica without being fetched", async () => {
    const world = new World();
    const device = await world.open();
    await device.follow("orders");
    await device.append("orders-0: a b");
    world.network.script("fetch", ...Array.from({ length: 9 }, () => ({ drop: "answer", silent: true }) as const));
    await device.drained();
    await device.append("orders-0: c");
    await device.drained();
    expect(await device.replica("orders-0")).toBe("a b c");
    const { replicatedTo, replicatedCrc } = await device.row("orders-0");
    expect(replicatedTo).toBe(3);
    expect(replicatedCrc).toBe(world.edge.partition("orders-0").log.at(-1)?.crc);
  });

  test("a lost answer is asked for again with the same bytes, and nothing is doubled", async () => {
    const world = new World();
    const device = await world.open("device", { paused: true });
    await device.appendEach("orders-0", "a b c");
    world.network.script("produce", { drop: "answer" }, { drop: "answer", silent: true });
    device.sync.setPaused(false);
    await device.drained();
    const bodies = world.network.of("produce").map((seen) => seen.request.body);
    expect(bodies.length).toBeGreaterThanOrEqual(3);
    for (const body of bodies.slice(1)) expect(body).toEqual(bodies[0]);
    expect(world.edge.log("orders-0")).toBe("a b c");
  });

  test("the request behind a lost one is refused, then both are sent again in order", async () => {
    const world = new World();
    const device = await world.open();
    await device.append("orders-0: first");
    await device.drained();
    world.network.script("produce", { requestDelayMs: 500 }, null);
    await device.append("orders-0: a");
    await world.clock.advance(1);
    await device.append("orders-0: b");
    await device.drained();
    expect(world.network.of("produce").length).toBeGreaterThanOrEqual(3);
    expect(world.edge.log("orders-0")).toBe("first a b");
  });

  test("a request that arrives again much later changes nothing", async () => {
    const world = new World();
    const device = await world.open();
    world.network.script("produce", { againAfterMs: [50, 5_000] });
    await device.append("orders-0: a");
    await device.drained();
    await device.append("orders-0: b");
    await world.clock.advance(10_000);
    expect(world.edge.log("orders-0")).toBe("a b");
  });

  test("storage that fails after the write was done is not written to twice", async () => {
    const world = new World();
    const faults: ("before" | "after")[] = ["after", "before", "after"];
    world.edge.partition("orders-0").storageFault = () => faults.shift() ?? null;
    const device = await world.open();
    await device.appendEach("orders-0", "a b c d");
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a b c d");
    expect(faults).toEqual([]);
  });

  test("an answer that is not the grammar is not believed", async () => {
    const world = new World();
    const device = await world.open();
    const page = new TextEncoder().encode("<html>ok</html>");
    world.network.script(
      "produce",
      { answer: { status: 200, body: page } },
      { answer: { status: 502, body: page } },
      { answer: { status: 200, body: new TextEncoder().encode('{"partitions":[]}') } },
    );
    await device.append("orders-0: a");
    await device.drained();
    expect(world.edge.log("orders-0")).toBe("a");
    expect(world.network.of("produce")).toHaveLength(4);
  });
});

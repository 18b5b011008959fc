/** Rights that are taken from a device and given back: nothing is lost, and nothing that was reported dead lands. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { accessOf, EVERYTHING, type Access } from "../../../edge/access/access.ts";
import { NO_RULES } from "../../../edge/access/rules.ts";
import type { AclOperation } from "../../../shared/api/acls.ts";
import { World } from "../../sim/simulated-device.ts";

/** Everything on bills; these operations on orders. */
function mayOnOrders(...operations: readonly AclOperation[]): Access {
  const grant = { resourceType: "TOPIC", patternType: "LITERAL" } as const;
  const grants = [
    { ...grant, resourceName: "bills", operation: "ALL" as const },
    ...operations.map((operation) => ({ ...grant, resourceName: "orders", operation })),
  ];
  return accessOf({ principal: "anonymous", grants }, NO_RULES);
}

describe("R28: a device that may no longer write", () => {
  test("reports what was refused while it may describe, and no late copy lands once it may again", async () => {
    const world = new World();
    const device = await world.open("device");
    await device.appendEach("orders-0", "a b");
    await device.drained();
    world.network.disturb = ({ operation }) => (operation === "produce" ? { againAfterMs: [5_000, 60_000] } : null);
    world.edge.access = mayOnOrders("DESCRIBE");
    await device.appendEach("orders-0", "c d");
    await device.drained(4_000);
    expect(await device.dead()).toBe("c TOPIC_AUTHORIZATION_FAILED, d TOPIC_AUTHORIZATION_FAILED");
    world.edge.access = mayOnOrders("WRITE");
    await device.appendEach("orders-0", "e");
    await device.drained();
    await world.clock.advance(120_000);
    expect(world.edge.log("orders-0")).toBe("a b e");
    expect(await device.dead()).toBe("c TOPIC_AUTHORIZATION_FAILED, d TOPIC_AUTHORIZATION_FAILED");
  });

  test("and not even know of the topic keeps its records, sends the others, and sends all when it may again", async () => {
    const world = new World();
    const device = await world.open("device");
    await device.appendEach("orders-0", "a");
    await device.drained();
    world.edge.access = mayOnOrders();
    await device.appendEach("orders-0", "b c");
    await world.clock.advance(600_000);
    await device.appendEach("bills-0", "x");
    await world.clock.advance(1_000);
    expect(world.edge.log("bills-0")).toBe("x");
    expect([world.edge.log("orders-0"), await device.dead()]).toEqual(["a", ""]);
    world.edge.access = EVERYTHING;
    await device.drained();
    expect([world.edge.log("orders-0"), await device.dead()]).toEqual(["a b c", ""]);
    expect(device.told().filter((one) => one.startsWith("dead"))).toEqual([]);
  });

  test("and of a topic that is not its to make does not keep the others waiting", async () => {
    const world = new World();
    const device = await world.open("device");
    world.edge.access = mayOnOrders();
    await device.appendEach("secrets", "s");
    await world.clock.advance(600_000);
    for (const value of ["x", "y", "z"]) {
      await device.appendEach("bills-0", value);
      await world.clock.advance(200);
      expect(world.edge.log("bills-0").endsWith(value)).toBe(true);
    }
    world.edge.access = EVERYTHING;
    await device.drained();
    expect([world.edge.log("bills-0"), await device.dead()]).toEqual(["x y z", ""]);
  });
});

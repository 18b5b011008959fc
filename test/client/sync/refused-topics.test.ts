/** Topics that may not be read: told by name, asked for more and more seldom, and no burden to the others. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { accessOf, EVERYTHING, type Access } from "../../../edge/access/access.ts";
import { NO_RULES } from "../../../edge/access/rules.ts";
import type { AclOperation } from "../../../shared/api/acls.ts";
import type { Offset } from "../../../shared/brands.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

const SECOND = 1_000;

/** Everything on bills; these operations on orders. */
function mayOnOrders(...operations: readonly AclOperation[]): Access {
  const grant = { resourceType: "TOPIC", patternType: "LITERAL" } as const;
  const grants = [
    { ...grant, resourceName: "bills", operation: "ALL" as const },
    ...operations.map((operation) => ({ ...grant, resourceName: "orders", operation })),
  ];
  return accessOf({ principal: "anonymous", grants }, NO_RULES);
}

interface Lab {
  readonly world: World;
  readonly writer: SimulatedTab;
  readonly reader: SimulatedTab;
}

async function lab(): Promise<Lab> {
  const world = new World();
  world.edge.makeTopic("orders", 2);
  world.edge.makeTopic("bills", 1);
  const writer = await world.open("writer");
  const reader = await world.open("reader");
  await writer.append("orders-0: a", "orders-1: b", "bills-0: x");
  await writer.drained();
  return { world, writer, reader };
}

function asked({ world }: Lab): number {
  return world.network.seen.filter(({ device }) => device === "reader").length;
}

function refusals({ reader }: Lab): string[] {
  return reader.events.flatMap((event) =>
    event.type === "topic.refused" ? [`${event.topic} ${event.error.code}`] : [],
  );
}

/** Requests of the second five of ten minutes. */
async function askedLater(all: Lab): Promise<number> {
  await all.world.clock.advance(300 * SECOND);
  const before = asked(all);
  await all.world.clock.advance(300 * SECOND);
  return asked(all) - before;
}

const WAYS = ["followed", "read through"] as const;
/** Resolves once the topics are read in this way; the answer tells what came of a partition. */
async function reading(
  way: (typeof WAYS)[number],
  { world, reader }: Lab,
  ...topics: readonly string[]
): Promise<(place: string) => Promise<boolean>> {
  if (way === "followed") {
    for (const topic of topics) await reader.follow(topic);
    return async (place) => (await reader.replica(place)) !== "";
  }
  const source = reader.sync.reader();
  for (const topic of topics) {
    await reader.log.catalog.ensure(topic, null);
    source.learn(topic);
  }
  return async (place) => {
    const [topic = ""] = place.split("-");
    if ((await reader.log.catalog.byName(topic))?.partitionCount == null) return false;
    const { runs } = await source.read(await reader.ref(place), 0 as Offset, 1e6);
    await world.clock.settle();
    return runs.length > 0;
  };
}

describe.each(WAYS)("%s", (way) => {
  test.each([
    ["may be known of and not read", mayOnOrders("DESCRIBE")],
    ["may not even be known of", mayOnOrders()],
  ])("a topic that %s, alone", async (_, access) => {
    const all = await lab();
    all.world.edge.access = access;
    const came = await reading(way, all, "orders");
    await came("orders-0");
    const touch = setTouch(all, () => came("orders-0"));
    expect(await askedLater(all)).toBeLessThan(40);
    await touch();
    expect(new Set(refusals(all))).toEqual(new Set(["orders TOPIC_AUTHORIZATION_FAILED"]));
    all.world.edge.access = EVERYTHING;
    await all.world.clock.until("read again", () => came("orders-1"));
  });

  test.each([
    ["may be known of and not read", mayOnOrders("DESCRIBE")],
    ["may not even be known of", mayOnOrders()],
  ])("a topic that %s, beside another: that one is read as soon as it grows", async (_, access) => {
    const all = await lab();
    all.world.edge.access = access;
    const came = await reading(way, all, "orders", "bills");
    await all.world.clock.until("bills", () => came("bills-0"));
    await came("orders-0");
    expect(await askedLater(all)).toBeLessThan(60);
    expect(new Set(refusals(all))).toEqual(new Set(["orders TOPIC_AUTHORIZATION_FAILED"]));
    expect(await came("orders-0")).toBe(false);
    all.world.edge.access = EVERYTHING;
    await all.world.clock.until("read again", () => came("orders-0"));
  });
});

/** A consumer looks again and again; the loop is ended by the answer. */
function setTouch({ world }: Lab, look: () => Promise<unknown>): () => Promise<void> {
  let over = false;
  const looking = (async () => {
    for (; !over; await world.clock.sleep(5 * SECOND)) await look();
  })();
  return async () => {
    over = true;
    await world.clock.advance(5 * SECOND);
    await looking;
  };
}

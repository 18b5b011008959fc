/** Followed topics come to the device: all of them, whole, and where the log was cut it is told. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import type { TransportResponse } from "../../../client/sync/transport.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

interface Pair {
  readonly world: World;
  readonly writer: SimulatedTab;
  readonly reader: SimulatedTab;
}

/** One device writes, another follows `orders`. */
async function pair(partitionCount = 1): Promise<Pair> {
  const world = new World();
  world.edge.makeTopic("orders", partitionCount);
  const writer = await world.open("writer");
  const reader = await world.open("reader");
  await reader.follow("orders");
  return { world, writer, reader };
}

/** Flips a bit of the last payload byte. */
function damaged(answer: TransportResponse): TransportResponse {
  const body = answer.body.slice();
  body[body.length - 2] = (body[body.length - 2] ?? 0) ^ 1;
  return { ...answer, body };
}

async function replicated({ world, reader }: Pair, place: string, values: string): Promise<void> {
  await world.clock.until(`${place} is ${values}`, async () => (await reader.replica(place)) === values);
}

describe("following", () => {
  test("goes on over what compaction took, before a reader came and behind it", async () => {
    const both = await pair();
    for (const value of ["a", "b", "c", "d", "e"]) await both.writer.append(`orders-0: ${value}`);
    await both.world.clock.until("all is there", () =>
      Promise.resolve(both.world.edge.log("orders-0") === "a b c d e"),
    );
    await replicated(both, "orders-0", "a b c d e");
    for (const offset of [0, 2, 3]) both.world.edge.partition("orders-0").compactAway(offset);
    const late = await both.world.open("late");
    await late.follow("orders");
    await replicated({ ...both, reader: late }, "orders-0", "b e");
    await both.writer.append("orders-0: f");
    await replicated(both, "orders-0", "a b c d e f");
    await replicated({ ...both, reader: late }, "orders-0", "b e f");
  });

  test("what others write arrives while a poll waits", async () => {
    const both = await pair();
    await both.writer.append("orders-0: a b");
    await replicated(both, "orders-0", "a b");
    await both.writer.append("orders-0: c");
    await replicated(both, "orders-0", "a b c");
    expect(both.reader.replicated.length).toBeGreaterThanOrEqual(2);
    expect(both.reader.told()).toEqual([]);
  });

  test("many partitions come with one request", async () => {
    const both = await pair(50);
    await both.writer.append(...Array.from({ length: 50 }, (_, index) => `orders-${index}: v${index}`));
    await both.writer.drained();
    for (let index = 0; index < 50; index += 1) await replicated(both, `orders-${index}`, `v${index}`);
    expect(both.world.network.of("fetch").filter((seen) => seen.device === "reader").length).toBeLessThan(8);
  });

  test("a topic that is followed while a poll waits is asked for at once", async () => {
    const both = await pair();
    const { world, reader, writer } = both;
    await writer.append("audit-0: x");
    await writer.drained();
    await world.clock.advance(1_000);
    await reader.follow("audit");
    await world.clock.until("audit", async () => (await reader.replica("audit-0")) === "x", 500);
  });

  test("a wake that adds nothing does not break the poll off", async () => {
    const { world, reader } = await pair();
    await world.clock.advance(1_000);
    const asked = world.network.of("fetch").length;
    for (let wake = 0; wake < 20; wake += 1) {
      reader.sync.wake();
      await world.clock.advance(50);
    }
    expect(world.network.of("fetch")).toHaveLength(asked);
  });

  test("nor while a topic is followed that does not exist", async () => {
    const { world, reader, writer } = await pair();
    await reader.follow("nowhere");
    await world.clock.advance(1_000);
    const asked = world.network.seen.length;
    for (let wake = 0; wake < 20; wake += 1) {
      reader.sync.wake();
      await world.clock.advance(50);
    }
    expect(world.network.seen).toHaveLength(asked);
    await writer.append("orders-0: a");
    await replicated({ world, reader, writer }, "orders-0", "a");
  });

  test("a topic that does not exist is not made, and is found once it is there", async () => {
    const world = new World();
    const reader = await world.open();
    await reader.follow("later");
    await world.clock.advance(10_000);
    expect(world.edge.partitions).toHaveLength(0);
    world.edge.makeTopic("later", 1);
    const writer = await world.open("writer");
    await writer.append("later-0: x");
    await world.clock.until("found", async () => (await reader.log.catalog.byName("later"))?.topicId != null);
    await world.clock.until("replicated", async () => (await reader.replica("later-0")) === "x");
  });

  test("own records that were acknowledged out of the replica's order come with a fetch", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    await Promise.all([writer.append("orders-0: a"), reader.append("orders-0: x")]);
    await Promise.all([writer.drained(), reader.drained()]);
    await replicated(both, "orders-0", world.edge.log("orders-0"));
  });
});

describe("damage in what was fetched", () => {
  test("is never stored; it is told as the sync's error, and asked for again", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    await writer.append("orders-0: a b");
    await writer.append("orders-0: c");
    await writer.drained();
    await replicated(both, "orders-0", "a b c");
    world.network.disturb = ({ operation }) => (operation === "fetch" ? { change: damaged } : null);
    reader.sync.setPaused(true);
    reader.sync.setPaused(false);
    await writer.append("orders-0: d");
    await writer.append("orders-0: e");
    await world.clock.advance(40_000);
    expect((await reader.replica("orders-0")).startsWith("a b c")).toBe(true);
    expect(["a b c", "a b c d"]).toContain(await reader.replica("orders-0"));
    expect(reader.sync.status().lastError?.code).toBe("CORRUPT_MESSAGE");
    world.network.disturb = () => null;
    await replicated(both, "orders-0", "a b c d e");
    expect(reader.sync.status().lastError).toBeNull();
  });

  test("cut off in the middle is refused as a whole", async () => {
    const both = await pair();
    const { world, writer } = both;
    world.network.script("fetch", {
      change: (answer) => ({ ...answer, body: answer.body.slice(0, answer.body.length - 3) }),
    });
    await writer.append("orders-0: a");
    await replicated(both, "orders-0", "a");
  });
});

describe("a log that was cut", () => {
  test("by retention, past the reader: told, and read from where it begins", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    reader.sync.setPaused(true);
    await writer.appendEach("orders-0", "a b c d");
    await writer.drained();
    world.edge.partition("orders-0").dropBelow(2);
    reader.sync.setPaused(false);
    await world.clock.until("told", () => reader.told().length > 0);
    expect(reader.told()).toEqual(["truncated orders-0 2"]);
    await world.clock.until("read on", async () => (await reader.row("orders-0")).replicatedTo === 4);
    expect(world.network.seen.length).toBeLessThan(30);
  });

  test("at its end, and grown again by others: the point of divergence is told, the replica is the new log", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    await writer.append("orders-0: a");
    await writer.drained();
    const partition = world.edge.partition("orders-0");
    const restore = partition.backup();
    await writer.append("orders-0: gone");
    await replicated(both, "orders-0", "a gone");
    reader.sync.setPaused(true);
    restore();
    partition.leaderEpoch = { counter: 1, random: 9 };
    const other = await world.open("other");
    await other.append("orders-0: new");
    await other.append("orders-0: newer");
    await other.drained();
    reader.sync.setPaused(false);
    await world.clock.until("told", () => reader.told().length > 0);
    expect(reader.told()).toEqual(["truncated orders-0 1"]);
    await world.clock.until("read on", async () => (await reader.row("orders-0")).replicatedTo === 3);
    expect(await reader.replica("orders-0")).toBe("a new newer");
  });

  test("to nothing: told, and begun again", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    const partition = world.edge.partition("orders-0");
    const restore = partition.backup();
    await writer.append("orders-0: a b c");
    await replicated(both, "orders-0", "a b c");
    restore();
    partition.leaderEpoch = { counter: 1, random: 9 };
    await world.clock.until("told", () => reader.told().length > 0);
    expect(reader.told()).toEqual(["truncated orders-0 0"]);
    await writer.append("orders-0: d");
    await replicated(both, "orders-0", "d");
  });
});

/** A log that is cut under who follows it over a socket: told, and read on from where it goes on. */
import { describe, expect, test } from "vitest";
import type { TailSubscribe } from "../../../shared/api/tail.ts";
import type { Offset } from "../../../shared/brands.ts";
import { frames, pair, replicated } from "./tail-pair.ts";

describe("a log that was cut", () => {
  test("under an open socket, and is another one behind its position: told, and read on from where they part", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    const partition = world.edge.partition("orders-0");
    reader.sync.setPaused(true);
    await writer.append("orders-0: a");
    await writer.drained();
    const before = partition.backup();
    const other = await world.open("other");
    await other.appendEach("orders-0", "new newer");
    await other.drained();
    const after = partition.backup();
    before();
    reader.sync.setPaused(false);
    await writer.append("orders-0: gone");
    await replicated(both, "orders-0", "a gone");
    const asked = both.tail.asked;
    partition.leaderEpoch = { counter: 1, random: 9 };
    after();
    await world.clock.until("read on", async () => (await reader.row("orders-0")).replicatedTo === 3);
    expect(reader.told()).toEqual(["truncated orders-0 1"]);
    await other.append("orders-0: newest");
    await world.clock.until("live", async () => (await reader.replica("orders-0")).endsWith("new newer newest"));
    expect(both.tail.asked).toBe(asked);
  });

  test("under an open socket, and is shorter than its position: told, and begun again", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    const partition = world.edge.partition("orders-0");
    await writer.append("orders-0: a");
    await writer.drained();
    const restore = partition.backup();
    await writer.append("orders-0: gone");
    await replicated(both, "orders-0", "a gone");
    partition.leaderEpoch = { counter: 1, random: 9 };
    restore();
    const other = await world.open("other");
    await other.appendEach("orders-0", "new newer");
    await replicated(both, "orders-0", "a new newer");
    expect(reader.told()).toEqual(["truncated orders-0 0"]);
    expect(both.tail.asked).toBe(1);
  });

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
    await replicated(both, "orders-0", "c d");
  });

  test("by compaction: the reader goes over the hole", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    reader.sync.setPaused(true);
    await writer.appendEach("orders-0", "a b c d");
    await writer.drained();
    for (const offset of [0, 2]) world.edge.partition("orders-0").compactAway(offset);
    reader.sync.setPaused(false);
    await replicated(both, "orders-0", "b d");
    expect(frames(both, "subscribe")).toHaveLength(1);
    expect((frames(both, "subscribe")[0] as TailSubscribe).offset).toBe(0);
  });

  test("a replica that has lost what it held: found out with the next frame, and all of it comes again", async () => {
    const both = await pair();
    const { writer, reader } = both;
    await writer.appendEach("orders-0", "a b");
    await replicated(both, "orders-0", "a b");
    const { leaderEpoch } = await reader.row("orders-0");
    const at = 0 as Offset;
    const bounds = { highWatermark: 2 as Offset, logStartOffset: at, leaderEpoch };
    const nothing = { from: at, bytes: new Uint8Array(), firstOffset: at, nextOffset: at, lastCrc: null };
    await reader.log.replica.store([{ ref: await reader.ref("orders-0"), restart: true, ...nothing, ...bounds }]);
    expect(await reader.replica("orders-0")).toBe("");
    await writer.append("orders-0: c");
    await replicated(both, "orders-0", "a b c");
    expect(both.tail.asked).toBe(1);
  });
});

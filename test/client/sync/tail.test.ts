/** Followed topics come over one socket: live, whole, and by fetch while there is none. */
import { describe, expect, test, vi } from "vitest";
import { fetches, frames, pair, replicated } from "./tail-pair.ts";

describe("over the socket", () => {
  test("what is there and what is appended come without a fetch, each as soon as the network allows", async () => {
    const both = await pair();
    await both.writer.append("orders-0: a b");
    await replicated(both, "orders-0", "a b");
    await both.world.clock.advance(40_000);
    await both.writer.append("orders-0: c");
    await both.writer.drained();
    await replicated(both, "orders-0", "a b c", 30);
    expect(fetches(both)).toBe(0);
    expect(both.tail.asked).toBe(1);
    expect(both.reader.sync.status()).toMatchObject({ online: true, lastError: null });
  });

  test("one socket for many partitions and topics, whose windows fit what an edge allows", async () => {
    const both = await pair(50);
    const { world, writer, reader, tail } = both;
    for (let topic = 0; topic < 30; topic += 1) {
      world.edge.makeTopic(`more${topic}`, 8);
      await reader.follow(`more${topic}`);
      await world.clock.advance(200);
    }
    await writer.append(...Array.from({ length: 50 }, (_, index) => `orders-${index}: v${index}`), "more29-7: x");
    for (let index = 0; index < 50; index += 1) await replicated(both, `orders-${index}`, `v${index}`);
    await replicated(both, "more29-7", "x");
    expect(tail.asked).toBe(1);
    expect(tail.errors).toEqual([]);
    expect(tail.windowBytesMax).toBeLessThanOrEqual(8_388_608);
    expect(fetches(both)).toBe(0);
  });

  test("more partitions than a socket takes: the others are fetched", async () => {
    const both = await pair(1_000);
    await both.reader.follow("audit");
    both.world.edge.makeTopic("audit", 1);
    await both.writer.append("orders-0: a", "orders-999: b");
    await both.writer.append("audit-0: x");
    await replicated(both, "audit-0", "x");
    await replicated(both, "orders-0", "a");
    await replicated(both, "orders-999", "b");
    expect(fetches(both)).toBeGreaterThan(0);
    expect(both.tail.errors).toEqual([]);
  });

  test("nothing is acknowledged before it is stored", async () => {
    const both = await pair();
    const { world, writer, reader, tail } = both;
    await world.clock.until("the socket", () => frames(both, "subscribe").length > 0);
    await world.clock.advance(1_000);
    const acks = frames(both, "ack").length;
    let failing = true;
    reader.store.fault = () => (failing ? "lost" : null);
    await writer.append("orders-0: a");
    await writer.drained();
    await world.clock.advance(5_000);
    expect(frames(both, "ack")).toHaveLength(acks);
    expect(reader.sync.status().lastError?.code).toBe("STORE_FAILED");
    failing = false;
    await replicated(both, "orders-0", "a");
    // Three failures in a row are enough to fetch for a minute.
    const isAcked = (): boolean => frames(both, "ack").some((frame) => frame.type === "ack" && frame.offset === 1);
    await world.clock.until("acknowledged", isAcked, 90_000);
    expect(tail.asked).toBeGreaterThan(1);
  });

  test("own records, in the replica since they were acknowledged, are not written again", async () => {
    const both = await pair();
    const { world, reader } = both;
    await world.clock.until("the socket", () => frames(both, "subscribe").length > 0);
    await reader.append("orders-0: a");
    await reader.drained();
    await world.clock.advance(1_000);
    const told = reader.replicated.length;
    // Others read on at once; this one is late, so that the answer comes first.
    world.network.latencyMs = () => 20;
    world.network.tailLatencyMs = () => 500;
    const stores = vi.spyOn(reader.log.replica, "store");
    await reader.append("orders-0: b");
    await reader.drained();
    expect(await reader.replica("orders-0")).toBe("a b");
    await world.clock.advance(2_000);
    expect(frames(both, "ack").at(-1)).toMatchObject({ offset: 2 });
    expect(stores).not.toHaveBeenCalled();
    // By the sender alone.
    expect(reader.replicated).toHaveLength(told + 1);
    expect(fetches(both)).toBe(0);
  });

  test("a topic that does not exist yet is asked for now and then, and others come meanwhile", async () => {
    const both = await pair();
    const { world, reader, writer } = both;
    await reader.follow("later");
    await writer.append("orders-0: a");
    await replicated(both, "orders-0", "a");
    const asked = world.network.seen.length;
    for (let wake = 0; wake < 20; wake += 1) {
      reader.sync.wake();
      await world.clock.advance(50);
    }
    expect(world.network.seen).toHaveLength(asked);
    world.edge.makeTopic("later", 1);
    await writer.append("later-0: x");
    await replicated(both, "later-0", "x");
  });
});

describe("a socket that is lost", () => {
  test("at any frame: the next one goes on where the replica stands", async () => {
    for (let at = 0; at < 8; at += 1) {
      const both = await pair(2);
      const { world, writer, reader } = both;
      let frame = 0;
      world.network.disturbTail = (_, what) => (what === "frame" && frame++ === at ? "cut" : null);
      for (const value of ["a", "b", "c", "d"]) {
        await writer.append(`orders-0: ${value}`, `orders-1: ${value}${value}`);
        await world.clock.advance(300);
      }
      await replicated(both, "orders-0", "a b c d");
      await replicated(both, "orders-1", "aa bb cc dd");
      expect(reader.told()).toEqual([]);
      expect(both.tail.asked).toBe(2);
      await reader.sync.close();
      await writer.sync.close();
    }
  });

  test("without a word: it is found out by a ping, and at once where the device has woken up", async () => {
    for (const hinted of [false, true]) {
      const both = await pair();
      const { world, writer, reader } = both;
      await writer.append("orders-0: a");
      await replicated(both, "orders-0", "a");
      world.network.disturbTail = (_, what) => (what === "frame" ? "silent" : null);
      await writer.append("orders-0: b");
      await world.clock.advance(1_000);
      world.network.disturbTail = () => null;
      if (hinted) reader.sync.hint();
      await replicated(both, "orders-0", "a b", hinted ? 11_000 : 61_000);
      expect(both.tail.asked).toBe(2);
    }
  });

  test("because its time was over: another one, and nothing is told", async () => {
    const both = await pair(1, (world) => (world.edge.tailMs = 10_000));
    for (let second = 0; second < 60; second += 1) {
      await both.writer.append(`orders-0: v${second}`);
      await both.world.clock.advance(1_000);
    }
    await replicated(both, "orders-0", Array.from({ length: 60 }, (_, second) => `v${second}`).join(" "));
    expect(both.tail.asked).toBeGreaterThanOrEqual(6);
    expect(both.tail.asked).toBeLessThanOrEqual(8);
    expect(fetches(both)).toBe(0);
    expect(both.reader.events.filter((event) => event.type === "sync.state" && !event.online).length).toBeLessThan(2);
  });

  test("frames that are damaged are not stored; what is whole comes by a fetch, and the socket stays", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    await writer.append("orders-0: a");
    await replicated(both, "orders-0", "a");
    let left = 1;
    world.network.disturbTail = (_, what) => (what === "frame" && left-- > 0 ? "damage" : null);
    await writer.append("orders-0: b");
    await replicated(both, "orders-0", "a b");
    await writer.append("orders-0: c");
    await replicated(both, "orders-0", "a b c");
    expect(fetches(both)).toBe(1);
    expect(both.tail.asked).toBe(1);
    expect(
      reader.events.some((event) => event.type === "sync.state" && event.lastError?.code === "CORRUPT_MESSAGE"),
    ).toBe(true);
    expect(reader.sync.status().lastError).toBeNull();
  });
});

describe("no socket", () => {
  test("is to be had: everything comes by fetch, and a socket is tried again later", async () => {
    const both = await pair();
    const { world, writer } = both;
    world.network.disturbTail = (_, what) => (what === "open" ? "cut" : null);
    await writer.append("orders-0: a");
    await replicated(both, "orders-0", "a", 2_000);
    await world.clock.advance(50_000);
    const tries = both.tail.asked;
    expect(tries).toBeLessThanOrEqual(4);
    await writer.append("orders-0: b");
    await replicated(both, "orders-0", "a b", 2_000);
    world.network.disturbTail = () => null;
    await world.clock.advance(120_000);
    const polls = fetches(both);
    await writer.append("orders-0: c");
    await replicated(both, "orders-0", "a b c", 500);
    expect(both.tail.asked).toBe(tries + 1);
    expect(fetches(both)).toBe(polls);
  });

  test("answers: the attempt is given up, and everything is fetched", async () => {
    const both = await pair();
    both.world.network.disturbTail = (_, what) => (what === "open" ? "silent" : null);
    await both.writer.append("orders-0: a");
    await replicated(both, "orders-0", "a", 8_000);
  });

  test("stays open: after three in a row everything is fetched for a while", async () => {
    const both = await pair();
    const { world, writer } = both;
    world.network.disturbTail = (_, what) => (what === "frame" ? "cut" : null);
    await writer.append("orders-0: a");
    await replicated(both, "orders-0", "a", 5_000);
    await world.clock.advance(50_000);
    expect(both.tail.asked).toBeLessThanOrEqual(5);
  });

  test("while the network is gone: told as offline, and a socket is there soon after it is back", async () => {
    const both = await pair();
    const { world, writer, reader } = both;
    await writer.append("orders-0: a");
    await replicated(both, "orders-0", "a");
    world.network.offline.add("reader");
    await writer.append("orders-0: b");
    await world.clock.until("noticed", () => !reader.sync.status().online, 90_000);
    await world.clock.advance(300_000);
    world.network.offline.delete("reader");
    reader.sync.hint();
    await replicated(both, "orders-0", "a b", 2_000);
    expect(reader.sync.status().online).toBe(true);
    const polls = fetches(both);
    await writer.append("orders-0: c");
    await replicated(both, "orders-0", "a b c", 2_000);
    expect(fetches(both) - polls).toBeLessThanOrEqual(1);
  });

  test("while it is paused, and none after it is closed", async () => {
    const both = await pair();
    const { world, writer, reader, tail } = both;
    await writer.append("orders-0: a");
    await replicated(both, "orders-0", "a");
    reader.sync.setPaused(true);
    await writer.append("orders-0: b");
    await world.clock.advance(60_000);
    expect(await reader.replica("orders-0")).toBe("a");
    expect(tail.open).toBe(0);
    reader.sync.setPaused(false);
    await replicated(both, "orders-0", "a b");
    expect(tail.open).toBe(1);
    await reader.sync.close();
    await world.clock.advance(1_000);
    expect(tail.open).toBe(0);
  });
});

/** A device that is told to wait waits, loses nothing and goes on. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { EdgeClient } from "../../../client/sync/edge-client.ts";
import { Hold } from "../../../client/sync/hold.ts";
import { httpTransport } from "../../../client/sync/http-transport.ts";
import { CUT_OFF_MS, PrincipalMeter } from "../../../edge/quota/principal-meter.ts";
import type { Quotas } from "../../../shared/api/quotas.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { bytesOf } from "../../../shared/utf8.ts";
import { World } from "../../sim/simulated-device.ts";
import { VirtualClock } from "../../sim/virtual-clock.ts";

function worldWith(quotas: Quotas): World {
  const world = new World();
  world.edge.makeTopic("orders", 1);
  world.edge.meter = new PrincipalMeter(world.clock, quotas);
  return world;
}

const refusal = (details: Readonly<Record<string, number>>): Uint8Array<ArrayBuffer> =>
  bytesOf(JSON.stringify({ error: new StrandlineError("THROTTLING_QUOTA_EXCEEDED", "", details).toBody() })).slice();

describe("an edge with quotas", () => {
  test("gets every record of a device at the rate it allows, in order, with hardly a request in vain", async () => {
    const world = worldWith({ producer_byte_rate: 100 });
    const device = await world.open();
    const values = Array.from({ length: 60 }, (_, index) => `${index}`.padStart(30, "0"));
    for (const value of values) {
      await device.append(`orders-0: ${value}`);
      await world.clock.advance(100);
    }
    await device.drained(600_000);
    expect(world.edge.log("orders-0").split(" ")).toEqual(values);
    const bytes = world.edge.partition("orders-0").log.reduce((sum, batch) => sum + batch.bytes.length, 0);
    expect(bytes).toBeGreaterThan(2_000);
    expect(world.clock.elapsedMs).toBeGreaterThan((bytes / 100 - 10 - 60) * 1_000);
    const sent = world.network.of("produce").length;
    expect(sent).toBeLessThan(40);
    expect(device.sync.status()).toMatchObject({ online: true, lastError: null });
  });

  test("gives a reader every record at the rate it allows", async () => {
    const world = worldWith({ consumer_byte_rate: 200 });
    const writer = await world.open("writer");
    const values = Array.from({ length: 40 }, (_, index) => `${index}`.padStart(200, "0"));
    for (const value of values) await writer.append(`orders-0: ${value}`);
    await writer.drained();
    const reader = await world.open("reader");
    await reader.follow("orders");
    await world.clock.until(
      "all is there",
      async () => (await reader.replica("orders-0")) === values.join(" "),
      600_000,
    );
    await writer.append("orders-0: last");
    await world.clock.until("and the last", async () => (await reader.replica("orders-0")).endsWith(" last"), 600_000);
    expect(world.network.of("fetch").length).toBeLessThan(20);
  });

  test("is left alone until the time is over, whatever is appended and whoever hints", async () => {
    const world = worldWith({});
    const device = await world.open();
    await device.append("orders-0: a");
    await device.drained();
    world.network.script("produce", { answer: { status: 429, body: refusal({ retryAfterMs: 60_000 }) } });
    await device.append("orders-0: b");
    await world.clock.advance(1_000);
    const asked = world.network.of("produce").length;
    for (let second = 0; second < 58; second += 1) {
      await device.append("orders-0: c");
      device.sync.hint();
      await world.clock.advance(1_000);
    }
    expect(world.network.of("produce")).toHaveLength(asked);
    expect(device.sync.status()).toMatchObject({ lastError: { code: "THROTTLING_QUOTA_EXCEEDED" } });
    await device.drained(10_000);
    expect(world.edge.log("orders-0").split(" ")).toEqual(["a", "b", ...Array.from({ length: 58 }, () => "c")]);
  });

  test("that answers 429 for hours on end is asked for ever, rarely, and in the end gets it all", async () => {
    const world = worldWith({});
    const device = await world.open();
    await device.append("orders-0: a");
    let refused = 0;
    const hours = 3 * 3_600_000;
    const until = world.clock.elapsedMs + hours;
    world.network.disturb = (seen) => {
      if (seen.operation !== "produce" || world.clock.elapsedMs > until) return null;
      refused += 1;
      return { answer: { status: 429, body: new Uint8Array(), retryAfterMs: 1_000 } };
    };
    await world.clock.advance(hours);
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(hours / 1_000);
    expect(await device.pending("orders-0")).toBe("a");
    await device.drained(120_000);
    expect(world.edge.log("orders-0")).toBe("a");
  });

  test("asks for no more than five minutes at once, whatever it says", async () => {
    const world = worldWith({});
    const device = await world.open();
    world.network.script("produce", { answer: { status: 429, body: refusal({ retryAfterMs: 1e15 }) } });
    await device.append("orders-0: a");
    await device.drained(340_000);
    expect(world.edge.log("orders-0")).toBe("a");
  });

  test("never has to cut a device off", async () => {
    const world = worldWith({ producer_byte_rate: 10, request_rate: 0.2 });
    const cutOff: StrandlineError[] = [];
    world.edge.meter?.connect((error) => cutOff.push(error));
    const device = await world.open();
    for (let index = 0; index < 30; index += 1) {
      await device.append(`orders-0: ${index}`);
      await world.clock.advance(CUT_OFF_MS / 10);
    }
    await device.drained(3_600_000);
    expect(cutOff).toEqual([]);
  });
});

describe("what a refusal says of when to come back", () => {
  test("is read from the header where a proxy has answered in its own words", async () => {
    const edge = new EdgeClient({
      request: () => Promise.resolve({ status: 429, body: bytesOf("<html>").slice(), retryAfterMs: 7_000 }),
    });
    await expect(edge.metadata(null, false, new AbortController().signal)).rejects.toMatchObject({
      code: "THROTTLING_QUOTA_EXCEEDED",
      retriable: true,
      details: { retryAfterMs: 7_000 },
    });
  });

  test.each([
    ["120", 120_000],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
    ["-5", undefined],
    ["99999999999", undefined],
  ])("Retry-After: %s", async (text, expected) => {
    const before = globalThis.fetch;
    globalThis.fetch = () => Promise.resolve(new Response("", { status: 429, headers: { "retry-after": text } }));
    try {
      const answer = await httpTransport("http://edge.test").request({ method: "GET", path: "/", timeoutMs: 1_000 });
      expect(answer.retryAfterMs).toBe(expected);
    } finally {
      globalThis.fetch = before;
    }
  });
});

test("a pause that was asked for lengthens one that runs, is shortened by none, and ends once", async () => {
  const clock = new VirtualClock();
  let ended = 0;
  const hold = new Hold(clock, () => void (ended += 1));
  hold.start(1_000);
  hold.keep(5_000);
  hold.keep(2_000);
  hold.start(100);
  hold.end();
  await clock.advance(4_999);
  expect([hold.active, ended]).toEqual([true, 0]);
  await clock.advance(1);
  expect([hold.active, ended]).toEqual([false, 1]);
  hold.start(1_000);
  hold.end();
  await clock.settle();
  expect([hold.active, ended]).toEqual([false, 2]);
});

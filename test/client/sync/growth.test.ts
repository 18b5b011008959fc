/** A topic that grows moves keys: what waits by the old layout reaches the edge before anything of the new one. */
import "../../sim/synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { partitionForKey } from "../../../shared/murmur2.ts";
import type { Partition } from "../../../shared/brands.ts";
import { batchOf, valuesOf } from "../log/log-fixture.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

const utf8 = new TextEncoder();
/** Of a page that has heard of so many partitions. */
async function send(device: SimulatedTab, key: string, value: string, partitionCount: number): Promise<void> {
  const partition = partitionForKey(utf8.encode(key), partitionCount) as Partition;
  await device.log.localLog.append([{ topic: "orders", partition, partitionCount, batch: batchOf(`${key}=${value}`) }]);
  device.sync.wake();
}

/** The values in the order in which the edge took them. */
function landing(world: World, partitions: number): string[] {
  const landed: string[] = [];
  for (let partition = 0; partition < partitions; partition += 1)
    world.edge.partition(`orders-${partition}`).landed = (batch) => void landed.push(...valuesOf(batch).split(" "));
  return landed;
}

async function grow(world: World, device: SimulatedTab, partitionCount: number): Promise<void> {
  world.edge.growTopic("orders", partitionCount);
  const topic = await device.log.catalog.byName("orders");
  await device.log.catalog.learn([
    { name: "orders", error: null, topicId: topic?.topicId ?? null, partitionCount, config: {} },
  ]);
}

/** Of keys that move when the topic grows. */
const KEYS = ["a", "b", "c", "d", "e", "f", "g", "h"];

async function twoLayouts(): Promise<{ world: World; device: SimulatedTab; landed: string[] }> {
  const world = new World();
  world.edge.makeTopic("orders", 2);
  const landed = landing(world, 7);
  const device = await world.open();
  await device.append("orders-0: first");
  await device.drained();
  landed.length = 0;
  device.sync.setPaused(true);
  for (const key of KEYS) await send(device, key, `${key}.1`, 2);
  await grow(world, device, 5);
  for (const key of KEYS) await send(device, key, `${key}.2`, 5);
  return { world, device, landed };
}

function demandOrdered(landed: readonly string[], generations: number): void {
  for (const key of KEYS) {
    const mine = landed.filter((value) => value.startsWith(`${key}.`));
    expect(mine).toEqual(Array.from({ length: generations }, (_, index) => `${key}.${index + 1}`));
  }
}

describe("records of one key on both sides of a growth", () => {
  test("arrive in their order, though they go to different partitions and an old one is slow", async () => {
    const { world, device, landed } = await twoLayouts();
    let failures = 5;
    world.edge.partition("orders-1").refuse = () => ((failures -= 1) > 0 ? "KAFKA_STORAGE_ERROR" : null);
    device.sync.setPaused(false);
    await device.drained();
    demandOrdered(landed, 2);
    expect(landed.slice(0, KEYS.length).every((value) => value.endsWith(".1"))).toBe(true);
    expect((await device.log.catalog.byName("orders"))?.draining).toBeUndefined();
  });

  test("arrive in their order when it grows twice while all wait", async () => {
    const { world, device, landed } = await twoLayouts();
    await grow(world, device, 7);
    for (const key of KEYS) await send(device, key, `${key}.3`, 7);
    device.sync.setPaused(false);
    await device.drained();
    demandOrdered(landed, 3);
  });

  test("arrive in their order from a page that heard of the growth late", async () => {
    const { device, landed } = await twoLayouts();
    for (const key of KEYS) await send(device, key, `${key}.3`, 2);
    for (const key of KEYS) await send(device, key, `${key}.4`, 5);
    device.sync.setPaused(false);
    await device.drained();
    // The late ones stand behind those of the new layout that the page had sent before it: another page's, in truth.
    for (const key of KEYS) {
      const at = (generation: number): number => landed.indexOf(`${key}.${generation}`);
      expect([at(1) < at(2), at(3) < at(4), at(1) < at(3)]).toEqual([true, true, true]);
    }
  });

  test("are held by what cannot be sent, for as long as it takes", async () => {
    const { world, device, landed } = await twoLayouts();
    world.edge.partition("orders-1").refuse = () => "STORAGE_FULL";
    device.sync.setPaused(false);
    await world.clock.advance(300_000);
    expect(landed.some((value) => value.endsWith(".2"))).toBe(false);
    world.edge.partition("orders-1").refuse = () => null;
    await device.drained();
    demandOrdered(landed, 2);
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "no order of keys breaks in run %i of growths, faults and reopenings",
  async (seed) => {
    const world = new World(seed);
    const random = new SeededRandom(seed + 500);
    world.edge.makeTopic("orders", 2);
    const landed = landing(world, 20);
    world.network.latencyMs = () => 5 + random.next() * 60;
    world.network.disturb = ({ operation }) =>
      operation === "produce" && random.chance(0.25) ? { drop: random.chance(0.5) ? "answer" : "request" } : null;
    let device = await world.open();
    await device.append("orders-0: first");
    await device.drained();
    let count = 2;
    const sent = new Map<string, string[]>();
    for (let step = 0; step < 60; step += 1) {
      const key = KEYS[random.below(KEYS.length)] ?? "a";
      const value = `${key}.${step}`;
      await send(device, key, value, count);
      sent.set(key, [...(sent.get(key) ?? []), value]);
      if (count < 16 && random.chance(0.12)) await grow(world, device, (count += 1 + random.below(3)));
      if (random.chance(0.05)) {
        await device.sync.close();
        device = await world.open("device", { store: device.store });
      }
      await world.clock.advance(random.next() * 60);
    }
    world.network.disturb = () => null;
    await device.drained();
    expect(count).toBeGreaterThan(2);
    for (const [key, values] of sent) expect(landed.filter((value) => value.startsWith(`${key}.`))).toEqual(values);
    expect(await device.pending("orders-0")).toBe("");
  },
);

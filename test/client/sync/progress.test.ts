/** What a progress bar is told. */
import "../../sim/synchronous-hash.ts";
import { expect, test } from "vitest";
import type { SyncProgress } from "../../../client/calls/outbox-calls.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";

interface Told extends SyncProgress {
  readonly atMs: number;
}

/** What was told, and when. */
function progressOf(world: World, device: SimulatedTab): Told[] {
  const told: Told[] = [];
  const push = device.events.push.bind(device.events);
  device.events.push = (...events) => {
    for (const event of events)
      if (event.type === "sync.progress") told.push({ ...event, atMs: world.clock.elapsedMs });
    return push(...events);
  };
  return told;
}

async function waitingDevice(records: number): Promise<{ world: World; device: SimulatedTab; told: Told[] }> {
  const world = new World();
  world.edge.makeTopic("orders", 1);
  world.network.latencyMs = () => 40;
  const device = await world.open("device", { paused: true });
  const told = progressOf(world, device);
  const word = "x".repeat(20_000);
  for (let index = 0; index < records; index += 1) await device.append(`orders-0: ${index}-${word}`);
  await world.clock.advance(1_000);
  return { world, device, told };
}

test("it goes from all that waits down to nothing, at most ten times a second, and then is silent", async () => {
  const { world, device, told } = await waitingDevice(200);
  const before = told.at(-1);
  expect(before).toMatchObject({ pendingRecords: 200, inflightRecords: 0, syncedRecords: 0 });
  expect(before?.pendingBytes).toBeGreaterThan(200 * 20_000);
  device.sync.setPaused(false);
  await device.drained();
  await world.clock.advance(1_000);
  const last = told.at(-1);
  expect(last).toMatchObject({ pendingRecords: 0, inflightRecords: 0, pendingBytes: 0, syncedRecords: 200 });
  expect(last?.syncedBytes).toBe(before?.pendingBytes);
  expect(
    told.some(({ inflightRecords, pendingRecords }) => inflightRecords > 0 && inflightRecords <= pendingRecords),
  ).toBe(true);
  expect(told.some(({ recordsPerSecond, bytesPerSecond }) => recordsPerSecond > 0 && bytesPerSecond > 0)).toBe(true);
  for (const { pendingRecords, syncedRecords } of told.slice(told.indexOf(before ?? last!) + 1))
    expect(pendingRecords + syncedRecords).toBe(200);
  const times = told.map(({ atMs }) => atMs);
  for (let index = 1; index < times.length; index += 1)
    expect(times[index]! - times[index - 1]!).toBeGreaterThanOrEqual(99);
  const count = told.length;
  await world.clock.advance(60_000);
  expect(told).toHaveLength(count);
  await device.append("orders-0: more");
  await device.drained();
  await world.clock.advance(1_000);
  expect(told.at(-1)).toMatchObject({ pendingRecords: 0, syncedRecords: 1 });
});

test("a tab that takes over tells what still waits", async () => {
  const { world, device } = await waitingDevice(3);
  await device.sync.close();
  const other = await world.open("device", { store: device.store, paused: true });
  const told = progressOf(world, other);
  await world.clock.advance(1_000);
  expect(told.at(-1)).toMatchObject({ pendingRecords: 3, syncedRecords: 0 });
  expect(told.at(-1)?.pendingBytes).toBeGreaterThan(60_000);
});

/** Two devices of one world: one writes, the other follows `orders` over a socket. */
import "../../sim/synchronous-hash.ts";
import type { TailClientFrame } from "../../../shared/api/tail.ts";
import { World, type SimulatedTab } from "../../sim/simulated-device.ts";
import type { SimulatedTail } from "../../sim/simulated-tail.ts";

export interface Pair {
  readonly world: World;
  readonly writer: SimulatedTab;
  readonly reader: SimulatedTab;
  readonly tail: SimulatedTail;
}

export async function pair(partitionCount = 1, before?: (world: World) => void): Promise<Pair> {
  const world = new World();
  before?.(world);
  world.edge.makeTopic("orders", partitionCount);
  const writer = await world.open("writer");
  const tail = world.network.tail("reader");
  const reader = await world.open("reader", { tail });
  await reader.follow("orders");
  return { world, writer, reader, tail };
}

export async function replicated(
  { world, reader }: Pair,
  place: string,
  values: string,
  withinMs = 60_000,
): Promise<void> {
  const isThere = async (): Promise<boolean> => (await reader.replica(place)) === values;
  await world.clock.until(`${place} is ${values}`, isThere, withinMs);
}

export function fetches({ world }: Pair): number {
  return world.network.of("fetch").filter((seen) => seen.device === "reader").length;
}

export function frames({ tail }: Pair, type: TailClientFrame["type"]): TailClientFrame[] {
  return tail.sent.filter((frame) => frame.type === type);
}

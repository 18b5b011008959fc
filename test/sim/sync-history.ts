/**
 * What was acknowledged by devices, and what must be true of it at the end. A value is written once in a whole
 * simulation: `orders-0/k1.17`, with `!` behind it where the edge may refuse it. A copy of a store knows what it was
 * copied with.
 */
import type { SimulatedEdge } from "./simulated-edge.ts";
import type { SimulatedTab } from "./simulated-device.ts";

/** What one line of a device acknowledged; a copy is a line of its own that begins with another's. */
export class Line {
  readonly acked: string[];

  constructor(before: readonly string[] = []) {
    this.acked = [...before];
  }
}

export interface Ended {
  readonly line: Line;
  readonly tab: SimulatedTab;
}

/** Sentences about what went wrong; none where all is well. */
export async function violations(
  edge: SimulatedEdge,
  places: readonly string[],
  devices: readonly Ended[],
): Promise<string[]> {
  const found: string[] = [];
  const logged = places.flatMap((place) => wordsOf(edge.log(place)));
  found.push(...doubled(logged).map((value) => `doubled: ${value}`));
  for (const { line, tab } of devices) {
    const dead = new Set((await tab.dead()).split(", ").flatMap((letter) => letter.split(" ").slice(0, -1)));
    const at = new Map(logged.map((value, index) => [value, index]));
    for (const value of line.acked) {
      const stands = at.has(value);
      if (!stands && !dead.has(value)) found.push(`lost: ${value} of ${tab.name}`);
      if (stands && dead.has(value)) found.push(`landed though dead: ${value} of ${tab.name}`);
    }
    found.push(...inverted(line, at).map((pair) => `inverted: ${pair} of ${tab.name}`));
  }
  return found;
}

export function doubled(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => seen.size === seen.add(value).size);
}

/** Pairs of one key that stand in the other order than they were acknowledged in. */
function inverted(line: Line, at: ReadonlyMap<string, number>): string[] {
  const last = new Map<string, string>();
  const found: string[] = [];
  for (const value of line.acked) {
    const position = at.get(value);
    if (position === undefined) continue;
    const [key = ""] = value.split(".");
    const before = last.get(key);
    if (before !== undefined && (at.get(before) ?? 0) > position) found.push(`${value} before ${before}`);
    last.set(key, value);
  }
  return found;
}

export function wordsOf(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

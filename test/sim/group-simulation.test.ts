import { expect, test } from "vitest";
import { GroupSimulation, type GroupRun } from "./group-simulation.ts";

/** More for a night: `STRANDLINE_SEEDS=2000`. */
const SEEDS = Number(process.env["STRANDLINE_SEEDS"] ?? 40);

async function all(faulty: boolean): Promise<GroupRun[]> {
  const runs: GroupRun[] = [];
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const run = await new GroupSimulation(seed, { faulty }).run();
    expect(run.wrong, `seed ${seed}`).toEqual([]);
    runs.push(run);
  }
  return runs;
}

test(
  "tabs that come and go share all records among them, and none is handled twice",
  { timeout: 120_000 },
  async () => {
    const runs = await all(false);
    expect(runs.filter(({ handledTwice, refused }) => handledTwice + refused > 0)).toEqual([]);
  },
);

test(
  "whatever fails, what was committed was handled, no stale commit is taken, and all is handled in the end",
  { timeout: 120_000 },
  async () => {
    const runs = await all(true);
    // The faults bite.
    expect(runs.some(({ refused }) => refused > 0)).toBe(true);
    expect(runs.some(({ fenced }) => fenced > 0)).toBe(true);
    expect(runs.some(({ handledTwice }) => handledTwice > 0)).toBe(true);
  },
);

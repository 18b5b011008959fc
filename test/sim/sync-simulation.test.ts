import "./synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { FAULTS, type FaultName } from "./faults.ts";
import { simulate } from "./sync-simulation.ts";

/** More for a night: `STRANDLINE_SEEDS=2000`. */
const SEEDS = Number(process.env["STRANDLINE_SEEDS"] ?? 30);
/** Seeds that once found something. 257: a batch that another tab gave up kept this one from ever sending again. */
const KEPT = [257];
const FIRST = Number(process.env["STRANDLINE_FIRST_SEED"] ?? 1);

/** What the edge no longer knows of it cannot keep from coming twice; voids are part of it. */
const MAY_FOLLOW_FORGETTING = /^(doubled|inverted|landed though dead)/;

describe("devices, their copies and an edge, with everything going wrong", () => {
  const fired = new Map<FaultName, number>();
  let diverged = 0;
  let dead = 0;
  let acked = 0;

  test(`nothing is lost, doubled, inverted or stuck: ${SEEDS} seeds`, { timeout: 600_000 }, async () => {
    const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST + index);
    for (const seed of [...KEPT, ...seeds]) {
      const result = await simulate(seed);
      expect(result.violations, `seed ${seed}`).toEqual([]);
      for (const [name, count] of result.faults.fired) fired.set(name, (fired.get(name) ?? 0) + count);
      diverged += result.told.filter((event) => event.startsWith("diverged")).length;
      dead += result.told.filter((event) => event.startsWith("dead")).length;
      acked += result.acked;
    }
  });

  test(
    `nor with sockets, which are refused, cut, silent and damaged: ${SEEDS} seeds`,
    { timeout: 600_000 },
    async () => {
      for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
        const result = await simulate(seed, { tails: true });
        expect(result.violations, `seed ${seed}`).toEqual([]);
        for (const [name, count] of result.faults.fired) fired.set(name, (fired.get(name) ?? 0) + count);
      }
    },
  );

  test("nothing is lost or stuck while the edge forgets producers, and it is told", { timeout: 600_000 }, async () => {
    let told = 0;
    for (let seed = FIRST; seed < FIRST + SEEDS / 4; seed += 1) {
      const result = await simulate(seed, { forgets: true });
      const found = result.violations.filter((one) => !MAY_FOLLOW_FORGETTING.test(one));
      expect(found, `seed ${seed}`).toEqual([]);
      for (const [name, count] of result.faults.fired) fired.set(name, (fired.get(name) ?? 0) + count);
      told += result.told.filter((event) => event.startsWith("forgotten")).length;
    }
    expect(told).toBeGreaterThan(0);
  });

  test(
    "tabs that freeze while they lead, and go on when they wake: nothing is lost, doubled or stuck",
    {
      timeout: 600_000,
    },
    async () => {
      for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
        const result = await simulate(seed, { freezes: true });
        expect(result.violations, `seed ${seed}`).toEqual([]);
        for (const [name, count] of result.faults.fired) fired.set(name, (fired.get(name) ?? 0) + count);
      }
    },
  );

  test("a frozen tab that goes on is what the edge's memory of producers is for", { timeout: 600_000 }, async () => {
    const found: string[] = [];
    for (let seed = FIRST; seed < FIRST + 20 && found.length === 0; seed += 1)
      found.push(...(await simulate(seed, { freezes: true, planted: "no dedup" })).violations);
    expect(found).toContainEqual(expect.stringMatching(/^doubled/));
  });

  test.each([
    ["no dedup", /^doubled/],
    ["ack before commit", /^lost/],
    ["no void", /^(landed though dead|not within)/],
  ] as const)("a planted bug is caught: %s", async (planted, sentence) => {
    const found: string[] = [];
    for (let seed = FIRST; seed < FIRST + 20 && found.length === 0; seed += 1)
      found.push(...(await simulate(seed, { planted })).violations);
    expect(found).toContainEqual(expect.stringMatching(sentence));
  });

  test("and every kind of fault fired", () => {
    for (const name of FAULTS) expect(fired.get(name) ?? 0, name).toBeGreaterThan(0);
    expect({ diverged: diverged > 0, dead: dead > 0, acked: acked > SEEDS * 20 }).toEqual({
      diverged: true,
      dead: true,
      acked: true,
    });
  });

  test("the same seed gives the same history", async () => {
    const [once, twice, other] = [await simulate(FIRST), await simulate(FIRST), await simulate(FIRST + 1)];
    expect(twice.history).toBe(once.history);
    expect(other.history).not.toBe(once.history);
  });
});

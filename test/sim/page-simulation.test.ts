import { expect, test } from "vitest";
import { PageSimulation } from "./page-simulation.ts";

/** More for a night: `STRANDLINE_SEEDS=2000`. */
const SEEDS = Number(process.env["STRANDLINE_SEEDS"] ?? 40);
/** Polls that never came back took records with them. */
const ONCE_WRONG = [460, 590, 778];

test(
  "whatever fails below them, pages of a group handle all, commit nothing that was not, and repeat nothing untold",
  { timeout: 600_000 },
  async () => {
    const sum: Record<string, number> = {};
    for (const seed of [...Array.from({ length: SEEDS }, (_, each) => each), ...ONCE_WRONG]) {
      const { wrong, faults, told, refused, handledAgain } = await new PageSimulation(seed).run();
      expect(wrong, `seed ${seed}`).toEqual([]);
      for (const [name, count] of Object.entries({ ...faults, ...told, refused, handledAgain }))
        sum[name] = (sum[name] ?? 0) + count;
    }
    // The faults bite.
    const bites = ["offline", "lost", "late", "evicted", "workers", "pages", "frozen", "jumps", "failures", "slow"];
    const bitten = ["refused", "commit_fenced", "partitions_lost", "partitions_revoked", "crash", "handledAgain"];
    for (const name of [...bites, ...bitten]) expect(sum[name] ?? 0, name).toBeGreaterThan(10);
  },
);

test("the same seed is the same history", async () => {
  const [first, again] = [await new PageSimulation(7).run(), await new PageSimulation(7).run()];
  expect(again.history).toEqual(first.history);
  expect(first.history.length).toBeGreaterThan(100);
});

import "./synchronous-hash.ts";
import { describe, expect, test } from "vitest";
import { MixedOutbox, type PlantedSeam } from "./mixed-outbox.ts";

/** More for a night: `STRANDLINE_SEEDS=2000`. */
const SEEDS = Number(process.env["STRANDLINE_SEEDS"] ?? 15);
const FIRST = Number(process.env["STRANDLINE_FIRST_SEED"] ?? 1);

describe("an outbox under everything at once", () => {
  test(`each record ends at one offset or in the letters, in order, and receipts tell where: ${SEEDS} seeds`, async () => {
    const happened = new Map<string, number>();
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
      const mixed = new MixedOutbox(seed);
      expect(await mixed.run(), `seed ${seed}`).toEqual([]);
      for (const [name, count] of mixed.happened) happened.set(name, (happened.get(name) ?? 0) + count);
    }
    for (const [name, count] of happened) expect(count, name).toBeGreaterThan(0);
  }, 600_000);

  test.each([
    ["no gate", /^inverted/],
    ["discarded lands", /^landed though given up/],
    ["no room, no settling", /^(replica|waits still|lost|receipt)/],
  ] satisfies [PlantedSeam, RegExp][])(
    "a planted bug is caught: %s",
    async (planted, sentence) => {
      const found: string[] = [];
      for (let seed = FIRST; seed < FIRST + 20 && found.length === 0; seed += 1)
        found.push(...(await new MixedOutbox(seed, planted).run()));
      expect(found).toContainEqual(expect.stringMatching(sentence));
    },
    100_000,
  );
});

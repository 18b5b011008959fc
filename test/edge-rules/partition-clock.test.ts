/** The clock by which producers grow old. */
import { expect, test } from "vitest";
import { advanced, STOPPED_CLOCK } from "../../edge/partition/partition-clock.ts";

const DAY_MS = 86_400_000;

test.each([
  ["goes on as the edge's does", [5_000, 6_000, 6_500], 1_500],
  ["begins with the first append", [5_000], 0],
  ["goes on by a day at most", [0, 3_650 * DAY_MS, 3_650 * DAY_MS + 1], DAY_MS + 1],
  ["never goes back, and goes on from there", [9_000, 2_000, 2_300], 300],
])("it %s", (_, walls, clockMs) => {
  const clock = walls.reduce(advanced, STOPPED_CLOCK);
  expect(clock).toEqual({ clockMs, wallMs: walls.at(-1) });
});

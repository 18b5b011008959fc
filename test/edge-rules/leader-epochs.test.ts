/** Rewinds as pure functions: who saw past a log that went back is told, and where the histories part. */
import { expect, test } from "vitest";
import { isUnheardOf, judgePosition, withNewEpoch } from "../../edge/partition/leader-epochs.ts";
import type { EpochStart } from "../../edge/partition/partition-meta.ts";

const at = (counter: number, random: number, startOffset: number): EpochStart => ({ counter, random, startOffset });

const LOG = [at(0, 10, 0), at(1, 11, 90)];
/** Grew again under its old epoch up to 150 before anybody proved what it had lost. */
const REGROWN = [...LOG, at(5, 15, 150)];

test.each([
  { name: "a reader of the newest epoch within the log", reader: [1, 11, 150], verdict: "fits" },
  { name: "a reader at the end of an older epoch", reader: [0, 10, 90], verdict: "fits" },
  { name: "a reader beyond the end of an older epoch", reader: [0, 10, 91], verdict: 90 },
  { name: "a reader of another epoch of one counter, beyond its begin", reader: [1, 99, 120], verdict: 90 },
  { name: "a reader of another epoch of one counter, before its begin", reader: [1, 99, 80], verdict: 80 },
  { name: "a reader of an epoch that others went past", reader: [3, 98, 120], verdict: 120 },
  { name: "a reader of an epoch that the log never reached", reader: [2, 12, 150], verdict: 150 },
  { name: "a reader beyond the end of the log", reader: [1, 11, 201], verdict: 200 },
] as const)("R21 $name", ({ reader: [counter, random, offset], verdict }) => {
  const judged = judgePosition(counter === 3 ? REGROWN : LOG, 200, { leaderEpoch: { counter, random }, offset });
  expect(judged.kind === "fits" ? "fits" : judged.divergence).toBe(verdict);
});

test("R21 two histories that bumped to one counter are told apart for good", () => {
  // Written under (1, 11) from 100 on; restored from when the log ended at 90, and bumped by somebody of (0, 10).
  let epochs: readonly EpochStart[] = [at(0, 10, 0)];
  epochs = withNewEpoch(epochs, 90, { claimed: { counter: 0, random: 10 }, random: 7 }) ?? epochs;
  const lost = { leaderEpoch: { counter: 1, random: 11 }, offset: 120 };
  expect(judgePosition(epochs, 150, lost)).toMatchObject({ kind: "truncated", divergence: 90 });
  // And still so after the next bump.
  epochs = withNewEpoch(epochs, 150, { claimed: { counter: 1, random: 7 }, random: 8 }) ?? epochs;
  expect(judgePosition(epochs, 200, lost)).toMatchObject({ kind: "truncated", divergence: 90 });
});

test("an epoch that the log has forgotten is no other history", () => {
  const kept = [at(7, 17, 300), at(8, 18, 400)];
  expect(judgePosition(kept, 500, { leaderEpoch: { counter: 3, random: 13 }, offset: 250 })).toEqual({ kind: "fits" });
  const beyond = judgePosition(kept, 500, { leaderEpoch: { counter: 3, random: 13 }, offset: 350 });
  expect(beyond).toEqual({ kind: "truncated", divergence: 300, proof: false });
});

test("R21 a producer of another epoch of one counter needs no third one", () => {
  expect(isUnheardOf(LOG, { counter: 1, random: 99 })).toBe(false);
  expect(isUnheardOf(LOG, { counter: 2, random: 99 })).toBe(true);
  expect(isUnheardOf(LOG, { counter: 0, random: 10 })).toBe(false);
});

test("a counter that somebody made up does not use up those that are to come", () => {
  let epochs: readonly EpochStart[] = LOG;
  for (let turn = 0; turn < 200; turn += 1) {
    const claimed = { counter: 0xffff_fffe, random: 1 };
    const next = withNewEpoch(epochs, 200 + turn, { claimed, random: turn });
    expect(next).not.toBeNull();
    epochs = next ?? epochs;
  }
  expect(epochs.length).toBeLessThanOrEqual(64);
  // It stands in batches as Kafka's int32.
  expect(epochs.at(-1)?.counter).toBeLessThan(0x7fff_ffff);
  const real = { counter: epochs.at(-1)?.counter ?? 0, random: 199 };
  expect(withNewEpoch(epochs, 500, { claimed: real, random: 3 })?.at(-1)?.startOffset).toBe(500);
});

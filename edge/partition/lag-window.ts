/** The sliding window over a group's commits: the last few of them, far enough apart to say something. */
import type { LagSample } from "./group-row.ts";

const SAMPLES_MAX = 10;
/** Commits that follow each other faster count as one, or the window of a busy member would be over in no time. */
const STEP_MS_MIN = 1_000;

export function withSample(window: readonly LagSample[], sample: LagSample): readonly LagSample[] {
  const last = window.at(-1);
  // The clock was set back: what it said before can no longer be compared.
  if (last === undefined || sample.at < last.at) return [sample];
  const before = window.at(-2);
  const isTooNear = before !== undefined && last.at - before.at < STEP_MS_MIN;
  return [...(isTooNear ? window.slice(0, -1) : window), sample].slice(-SAMPLES_MAX);
}

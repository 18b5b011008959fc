/** Burrow's rules, each by a window that it decides. */
import { describe, expect, test } from "vitest";
import { judgeLag, positionOf, type JudgedLag, type LagQuestion } from "../../edge/partition/group-lag.ts";
import type { GroupRow, LagSample } from "../../edge/partition/group-row.ts";
import { withSample } from "../../edge/partition/lag-window.ts";
import type { LagStatus } from "../../shared/api/groups.ts";

const TEN_YEARS_MS = 10 * 365 * 86_400_000;
const T = 5_000_000;

/** Commits five seconds apart, the last one at `T`: offset and lag of each. */
function windowOf(...commits: readonly (readonly [offset: number, lag: number])[]): LagSample[] {
  return commits.map(([offset, lag], index) => ({ at: T - (commits.length - 1 - index) * 5_000, offset, lag }));
}

function rowOf(window: readonly LagSample[], more: Partial<GroupRow> = {}): GroupRow {
  const last = window.at(-1);
  const committed =
    last === undefined ? null : { offset: last.offset, metadata: "", committedAt: last.at, leaderEpoch: null };
  return { incarnation: 1, epoch: 1, memberId: "a", fencedAt: 0, commit: 1, committed, window, ...more };
}

/** A second after the last commit, with so many records behind it, the first of them appended at that time. */
function judged(window: readonly LagSample[], lag: number, more: Partial<LagQuestion> = {}): JudgedLag {
  const row = rowOf(window);
  const highWatermark = (row.committed?.offset ?? 0) + lag;
  const waitingSince = lag === 0 ? null : T - 2_000;
  return judgeLag({ row, now: T + 1_000, logStartOffset: 0, highWatermark, waitingSince, ...more });
}

describe("the status", () => {
  test.each<{ name: string; window: readonly LagSample[]; lag: number; status: LagStatus }>([
    { name: "nothing to handle", window: windowOf([5, 9], [5, 9], [5, 9]), lag: 0, status: "OK" },
    { name: "a commit at which nothing was left", window: windowOf([5, 3], [8, 0], [8, 4]), lag: 6, status: "OK" },
    { name: "an offset that stands still", window: windowOf([5, 4], [5, 4], [5, 4]), lag: 4, status: "STALLED" },
    { name: "one that does while the lag grows", window: windowOf([5, 4], [5, 6]), lag: 9, status: "STALLED" },
    { name: "one that does while the lag shrinks", window: windowOf([5, 9], [5, 7]), lag: 7, status: "OK" },
    { name: "an offset that moves, and a lag that grows", window: windowOf([5, 4], [8, 6]), lag: 6, status: "WARNING" },
    { name: "a lag that grows since the last commit", window: windowOf([5, 4], [8, 4]), lag: 5, status: "WARNING" },
    { name: "an offset that moves, and the same lag", window: windowOf([5, 4], [8, 4]), lag: 4, status: "OK" },
    { name: "a lag that shrank in between", window: windowOf([5, 4], [8, 3], [9, 8]), lag: 9, status: "OK" },
    { name: "a single commit", window: windowOf([5, 4]), lag: 9, status: "OK" },
    { name: "no commit yet", window: [], lag: 9, status: "OK" },
  ])("$name: $status", ({ window, lag, status }) => {
    expect(judged(window, lag)).toMatchObject({ lag, status });
  });

  test("is STOPPED once nothing was committed for longer than the window, a minute at least", () => {
    const short = windowOf([5, 0], [8, 3]);
    expect(judged(short, 3, { now: T + 60_000 }).status).not.toBe("STOPPED");
    expect(judged(short, 3, { now: T + 60_001 })).toMatchObject({ status: "STOPPED", stopsAt: T + 60_000 });
    const long = [
      { at: T - 600_000, offset: 1, lag: 4 },
      { at: T, offset: 5, lag: 3 },
    ];
    expect(judged(long, 3, { now: T + 600_000 }).status).not.toBe("STOPPED");
    expect(judged(long, 3, { now: T + 600_001 }).status).toBe("STOPPED");
    expect(judged(long, 0, { now: T + TEN_YEARS_MS })).toMatchObject({ status: "OK", stopsAt: null });
  });

  test("is not STOPPED by a record that has only just come to an idle group, or to a new owner", () => {
    const now = T + 3_600_000;
    const window = windowOf([5, 3], [8, 0]);
    expect(judged(window, 1, { now, waitingSince: now - 59_000 }).status).toBe("OK");
    expect(judged(window, 1, { now, waitingSince: now - 61_000 }).status).toBe("STOPPED");
    expect(judged(window, 1, { now, row: rowOf(window, { fencedAt: now - 59_000 }) }).status).toBe("OK");
  });

  test("of a group that has never been here is STOPPED once a record has waited for a minute", () => {
    const question = { row: null, logStartOffset: 2, highWatermark: 9, waitingSince: T };
    expect(judgeLag({ ...question, now: T + 60_000 })).toMatchObject({ lag: 7, status: "OK", timeLagMs: 60_000 });
    expect(judgeLag({ ...question, now: T + 60_001 })).toMatchObject({ status: "STOPPED", rate: null });
  });

  test("R27 outlives a clock that went ahead and came back", () => {
    const window = windowOf([5, 4], [8, 6]).map((sample) => ({ ...sample, at: sample.at + TEN_YEARS_MS }));
    const question = { waitingSince: T + TEN_YEARS_MS, row: rowOf(window, { fencedAt: T }) };
    expect(judged(window, 7, question)).toMatchObject({ status: "WARNING", timeLagMs: 0, stopsAt: T + 60_000 });
    expect(judged(window, 7, { ...question, now: T + 60_001 }).status).toBe("STOPPED");
  });
});

test("the rate is of records a second over the window, and none without two commits", () => {
  expect(judged(windowOf([5, 4], [20, 4], [55, 4]), 4).rate).toBe(5);
  expect(judged(windowOf([5, 4]), 4).rate).toBeNull();
  expect(judged([], 4).rate).toBeNull();
});

test("records below the log's start are no lag, and do not wait", () => {
  const row = rowOf(windowOf([5, 4]));
  expect(positionOf(row, 12)).toBe(12);
  expect(positionOf(row, 2)).toBe(5);
  const question = { row, now: T + 7_000, logStartOffset: 12, highWatermark: 20, waitingSince: T + 1_000 };
  expect(judgeLag(question)).toMatchObject({ lag: 8, timeLagMs: 6_000 });
});

describe("the window", () => {
  function after(...times: readonly number[]): readonly LagSample[] {
    return times.reduce<readonly LagSample[]>(
      (window, at, index) => withSample(window, { at, offset: index, lag: 1 }),
      [],
    );
  }

  test("holds the last ten commits", () => {
    const times = Array.from({ length: 30 }, (_, index) => index * 5_000);
    expect(after(...times).map(({ offset }) => offset)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  });

  test("spans seconds however fast commits follow each other, and holds the newest", () => {
    const window = after(...Array.from({ length: 10_000 }, (_, index) => index * 3));
    expect(window.at(-1)).toEqual({ at: 29_997, offset: 9_999, lag: 1 });
    expect(window).toHaveLength(10);
    expect((window.at(-1)?.at ?? 0) - (window[0]?.at ?? 0)).toBeGreaterThanOrEqual(8_000);
  });

  test("R27 begins anew where the clock was set back", () => {
    expect(after(T, T + 5_000, T - TEN_YEARS_MS)).toEqual([{ at: T - TEN_YEARS_MS, offset: 2, lag: 1 }]);
  });
});

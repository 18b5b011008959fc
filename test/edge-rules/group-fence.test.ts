/** Who may commit, as a table over one row: the fence that goes up and never back, the owner, its epoch, its counter. */
import { describe, expect, test } from "vitest";
import {
  decideCommit,
  decideFence,
  isForgotten,
  type GroupRefusal,
  type GroupVerdict,
} from "../../edge/partition/group-fence.ts";
import type { CommitRequest, FenceRequest } from "../../edge/partition/group-port.ts";
import type { GroupRow, GroupSurroundings } from "../../edge/partition/group-row.ts";
import { seeded } from "../harness/seeded.ts";

const AROUND: GroupSurroundings = { now: 1_000, logStartOffset: 10, highWatermark: 100 };
const TEN_YEARS_MS = 10 * 365 * 86_400_000;

const FENCE: FenceRequest = { group: "g", incarnation: 1, epoch: 5, memberId: "a" };
const COMMIT: CommitRequest = {
  ...{ group: "g", memberId: "a", memberEpoch: 5, commit: 0, offset: 20, metadata: "m" },
  leaderEpoch: { counter: 2, random: 3 },
};

function rowOf(verdict: GroupVerdict<unknown>): GroupRow {
  if (verdict.kind === "refuse" || verdict.row === null) throw new Error(JSON.stringify(verdict));
  return verdict.row;
}

function fenced(held: GroupRow | null, request: Partial<FenceRequest> = {}): GroupRow {
  return rowOf(decideFence(held, { ...FENCE, ...request }, AROUND));
}

function committed(held: GroupRow, request: Partial<CommitRequest> = {}): GroupRow {
  return rowOf(decideCommit(held, { ...COMMIT, ...request }, AROUND));
}

const OWNED = fenced(null);
const AT_20 = committed(OWNED);

function refused(held: GroupRow | null, request: Partial<CommitRequest> = {}): GroupRefusal | null {
  const verdict = decideCommit(held, { ...COMMIT, ...request }, AROUND);
  return verdict.kind === "refuse" ? verdict.code : null;
}

describe("a fence", () => {
  test("names the owner; what was committed stays, and is told", () => {
    const next = decideFence(AT_20, { ...FENCE, epoch: 6, memberId: "b" }, AROUND);
    expect(next).toMatchObject({
      row: { incarnation: 1, epoch: 6, memberId: "b", commit: -1, committed: { offset: 20 }, window: [{ offset: 20 }] },
      answer: { fenced: true, held: { incarnation: 1, epoch: 6 }, committed: { offset: 20, metadata: "m" } },
    });
  });

  test.each([
    { name: "an older epoch", request: { epoch: 4 }, isFenced: false },
    { name: "an older incarnation, at whatever epoch", request: { incarnation: 0, epoch: 99 }, isFenced: false },
    { name: "another owner at the same epoch", request: { memberId: "b" }, isFenced: false },
    { name: "nobody at the same epoch", request: { memberId: null }, isFenced: false },
    { name: "the same one again", request: {}, isFenced: true },
    { name: "the same one again, with a reset", request: { reset: { offset: 11, metadata: "" } }, isFenced: true },
  ])("$name changes nothing", ({ request, isFenced }) => {
    expect(decideFence(AT_20, { ...FENCE, ...request }, AROUND)).toEqual({
      kind: "answer",
      row: null,
      answer: { fenced: isFenced, held: { incarnation: 1, epoch: 5 }, committed: AT_20.committed },
    });
  });

  test("of a higher incarnation counts at a lower epoch, and knows of no offset", () => {
    const again = fenced(AT_20, { incarnation: 2, epoch: 1, memberId: "b" });
    expect(again).toMatchObject({ incarnation: 2, epoch: 1, memberId: "b", committed: null, window: [] });
    expect(refused(again)).toBe("FENCED_MEMBER_EPOCH");
  });

  test("replaces the offset in the same step, or forgets it, with the window", () => {
    const reset = { offset: 10, metadata: "by hand" };
    expect(fenced(AT_20, { epoch: 6, memberId: null, reset })).toMatchObject({
      memberId: null,
      committed: { ...reset, committedAt: 1_000, leaderEpoch: null },
      window: [],
    });
    expect(fenced(AT_20, { epoch: 6, memberId: null, reset: null })).toMatchObject({ committed: null, window: [] });
  });

  test.each([
    { reset: { offset: 101, metadata: "" }, code: "OFFSET_OUT_OF_RANGE" },
    { reset: { offset: 50, metadata: "é".repeat(2_049) }, code: "OFFSET_METADATA_TOO_LARGE" },
  ])("is refused with a reset that no commit could make: $code", ({ reset, code }) => {
    expect(decideFence(AT_20, { ...FENCE, epoch: 6, memberId: null, reset }, AROUND)).toEqual({ kind: "refuse", code });
  });
});

describe("a commit", () => {
  test.each<{ name: string; held: GroupRow | null; request: Partial<CommitRequest>; code: GroupRefusal | null }>([
    { name: "where the group never was", held: null, request: {}, code: "UNKNOWN_MEMBER_ID" },
    {
      name: "while nobody owns it",
      held: fenced(OWNED, { epoch: 6, memberId: null }),
      request: { memberEpoch: 7 },
      code: "UNKNOWN_MEMBER_ID",
    },
    { name: "of another member", held: OWNED, request: { memberId: "b" }, code: "FENCED_MEMBER_EPOCH" },
    {
      name: "of another member at a later epoch than the fence's",
      held: OWNED,
      request: { memberId: "b", memberEpoch: 9 },
      code: "FENCED_MEMBER_EPOCH",
    },
    { name: "of the owner at an older epoch", held: OWNED, request: { memberEpoch: 4 }, code: "STALE_MEMBER_EPOCH" },
    { name: "of the owner at the fence's epoch", held: OWNED, request: {}, code: null },
    { name: "of the owner at a later epoch", held: OWNED, request: { memberEpoch: 8 }, code: null },
    { name: "at the log's end", held: OWNED, request: { offset: 100 }, code: null },
    { name: "beyond the log's end", held: OWNED, request: { offset: 101 }, code: "OFFSET_OUT_OF_RANGE" },
    { name: "below 0", held: OWNED, request: { offset: -1 }, code: "OFFSET_OUT_OF_RANGE" },
    { name: "of half a record", held: OWNED, request: { offset: 20.5 }, code: "OFFSET_OUT_OF_RANGE" },
    { name: "below the log's start", held: OWNED, request: { offset: 3 }, code: null },
    { name: "with 4,096 bytes beside it", held: OWNED, request: { metadata: "é".repeat(2_048) }, code: null },
    {
      name: "with 4,097 bytes beside it",
      held: OWNED,
      request: { metadata: `${"é".repeat(2_048)}x` },
      code: "OFFSET_METADATA_TOO_LARGE",
    },
    {
      name: "of a stale member, beyond the log's end",
      held: OWNED,
      request: { memberEpoch: 4, offset: 101 },
      code: "STALE_MEMBER_EPOCH",
    },
  ])("$name: $code", ({ held, request, code }) => {
    expect(refused(held, request)).toBe(code);
  });

  test("keeps what was said with it, and when", () => {
    expect(AT_20).toEqual({
      ...OWNED,
      commit: 0,
      committed: { offset: 20, metadata: "m", committedAt: 1_000, leaderEpoch: { counter: 2, random: 3 } },
      window: [{ at: 1_000, offset: 20, lag: 80 }],
    });
  });

  test("that is not greater than the last changes nothing and is no error, whatever it says", () => {
    const held = committed(AT_20, { commit: 7, offset: 40 });
    for (const late of [{ commit: 7 }, { commit: 6, offset: 30 }, { commit: 0, offset: 10_000 }])
      expect(decideCommit(held, { ...COMMIT, ...late }, AROUND)).toEqual({
        kind: "answer",
        row: null,
        answer: held.committed,
      });
  });

  test("goes back where the owner went back", () => {
    expect(committed(committed(AT_20, { commit: 1, offset: 90 }), { commit: 2, offset: 15 }).committed?.offset).toBe(
      15,
    );
  });

  test("counts from the beginning with each fence", () => {
    const held = committed(AT_20, { commit: 70 });
    const again = fenced(held, { epoch: 6 });
    expect(refused(again, { commit: 71 })).toBe("STALE_MEMBER_EPOCH");
    expect(committed(again, { memberEpoch: 6, commit: 0, offset: 33 }).committed?.offset).toBe(33);
  });
});

test("a group is forgotten up to the incarnation that is no more", () => {
  expect([isForgotten(null, 9), isForgotten(OWNED, 0), isForgotten(OWNED, 1), isForgotten(OWNED, 2)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

/** What was decided, without the times at which it was. */
function timeless(row: GroupRow | null): unknown {
  if (row === null) return null;
  const { fencedAt: _fencedAt, window: _window, committed: held, ...rest } = row;
  return { ...rest, committed: held === null ? null : { ...held, committedAt: 0 } };
}

test("R27 jumps of the clock change nothing of what is accepted", () => {
  const played = (now: (step: number) => number): unknown[] => {
    const random = seeded(11);
    const below = (end: number): number => Math.floor(random() * end);
    let row: GroupRow | null = null;
    return Array.from({ length: 3_000 }, (_, step) => {
      const around = { ...AROUND, now: now(step) };
      const memberId = ["a", "b", "c"][below(3)] as string;
      const epoch = Math.floor(step / 100) + below(3);
      const fence = { ...FENCE, incarnation: 1 + Math.floor(step / 1_000), epoch, memberId };
      const commit = { ...COMMIT, memberId, memberEpoch: epoch, commit: step - below(4), offset: below(110) };
      const verdict = below(4) === 0 ? decideFence(row, fence, around) : decideCommit(row, commit, around);
      if (verdict.kind === "answer" && verdict.row !== null) row = verdict.row;
      return [verdict.kind === "refuse" ? verdict.code : verdict.row !== null, timeless(row)];
    });
  };
  const calm = played((step) => step);
  const outcomes = new Set(calm.map((one) => (one as unknown[])[0]));
  expect(outcomes).toEqual(
    new Set([true, false, "UNKNOWN_MEMBER_ID", "FENCED_MEMBER_EPOCH", "STALE_MEMBER_EPOCH", "OFFSET_OUT_OF_RANGE"]),
  );
  expect(played((step) => (step % 3) * TEN_YEARS_MS - step)).toEqual(calm);
});

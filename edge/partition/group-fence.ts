/**
 * Who may commit for a group, as pure functions over its row. The fence goes up by (incarnation, epoch) and never back;
 * a commit counts that comes from the owner it names, at its epoch or above, with a greater counter than the last. Clocks
 * have no say in any of it.
 */
import type { CommittedOffset } from "../../shared/api/groups.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import type { CommitRequest, FenceAnswer, FenceEpoch, FenceRequest } from "./group-port.ts";
import { lagAt, type GroupRow, type GroupSurroundings } from "./group-row.ts";
import { withSample } from "./lag-window.ts";

export type GroupRefusal = Extract<
  ErrorCode,
  | "STALE_MEMBER_EPOCH"
  | "FENCED_MEMBER_EPOCH"
  | "UNKNOWN_MEMBER_ID"
  | "OFFSET_OUT_OF_RANGE"
  | "OFFSET_METADATA_TOO_LARGE"
>;

/** `row` null: nothing is to be written, it was so already. */
export type GroupVerdict<Answer> =
  | { readonly kind: "answer"; readonly row: GroupRow | null; readonly answer: Answer }
  | { readonly kind: "refuse"; readonly code: GroupRefusal };

const NO_COMMIT = -1;

export function decideFence(
  held: GroupRow | null,
  request: FenceRequest,
  around: GroupSurroundings,
): GroupVerdict<FenceAnswer> {
  const order = held === null ? 1 : compare(request, held);
  if (held !== null && order <= 0) {
    // An epoch has one owner: another one at the same epoch is as wrong as one at an older epoch.
    const fenced = order === 0 && request.memberId === held.memberId;
    return { kind: "answer", row: null, answer: { fenced, held: epochOf(held), committed: held.committed } };
  }
  const { memberId, reset } = request;
  if (reset) {
    const code = whyNot(reset, around);
    if (code !== null) return { kind: "refuse", code };
  }
  const { now } = around;
  // What a group committed that is no more belongs to nobody.
  const known = held !== null && held.incarnation === request.incarnation ? held : null;
  const kept = { committed: known?.committed ?? null, window: known?.window ?? [] };
  const row: GroupRow = {
    ...epochOf(request),
    memberId,
    fencedAt: now,
    commit: NO_COMMIT,
    ...(reset === undefined ? kept : { committed: resetTo(reset, now), window: [] }),
  };
  return { kind: "answer", row, answer: { fenced: true, held: epochOf(row), committed: row.committed } };
}

export function decideCommit(
  held: GroupRow | null,
  request: CommitRequest,
  around: GroupSurroundings,
): GroupVerdict<CommittedOffset> {
  const { offset, metadata, leaderEpoch, commit } = request;
  if (held === null || held.memberId === null) return { kind: "refuse", code: "UNKNOWN_MEMBER_ID" };
  if (held.memberId !== request.memberId) return { kind: "refuse", code: "FENCED_MEMBER_EPOCH" };
  if (request.memberEpoch < held.epoch) return { kind: "refuse", code: "STALE_MEMBER_EPOCH" };
  if (held.committed !== null && commit <= held.commit) return { kind: "answer", row: null, answer: held.committed };
  const code = whyNot(request, around);
  if (code !== null) return { kind: "refuse", code };
  const { now } = around;
  const committed: CommittedOffset = { offset, metadata, committedAt: now, leaderEpoch };
  const window = withSample(held.window, { at: now, offset, lag: lagAt(offset, around) });
  return { kind: "answer", row: { ...held, commit, committed, window }, answer: committed };
}

/** Whether it is forgotten with the group's incarnation. */
export function isForgotten(held: GroupRow | null, incarnation: number): boolean {
  return held !== null && held.incarnation <= incarnation;
}

function compare(one: FenceEpoch, other: FenceEpoch): number {
  return one.incarnation - other.incarnation || one.epoch - other.epoch;
}

function epochOf({ incarnation, epoch }: FenceEpoch): FenceEpoch {
  return { incarnation, epoch };
}

function resetTo(reset: NonNullable<FenceRequest["reset"]> | null, now: number): CommittedOffset | null {
  return reset === null ? null : { ...reset, committedAt: now, leaderEpoch: reset.leaderEpoch ?? null };
}

function whyNot(
  { offset, metadata }: Pick<CommitRequest, "offset" | "metadata">,
  { highWatermark }: GroupSurroundings,
): GroupRefusal | null {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > highWatermark) return "OFFSET_OUT_OF_RANGE";
  const bytes = new TextEncoder().encode(metadata).byteLength;
  return bytes > LIMITS.offsetMetadataBytesMax ? "OFFSET_METADATA_TOO_LARGE" : null;
}

/** One group's row at its partition, decided on as the partition does. */
import { decideCommit, decideFence } from "../../edge/partition/group-fence.ts";
import type { GroupRow } from "../../edge/partition/group-row.ts";

/** Taken away one at a time, to show that the model sees it. */
export interface CellRules {
  readonly checksOwner: boolean;
  readonly checksCounter: boolean;
}

/** Null: of before the first fence. */
export type Cell = GroupRow | null;

interface Commit {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly commit: number;
  readonly offset: number;
}

const AROUND = { now: 0, logStartOffset: 0, highWatermark: 100 };
const GROUP = { group: "g", incarnation: 1 };

export function offsetOf(cell: Cell): number {
  return cell?.committed?.offset ?? 0;
}

export function fenceAt(cell: Cell, fence: { readonly memberId: string; readonly epoch: number }): Cell {
  const verdict = decideFence(cell, { ...GROUP, ...fence }, AROUND);
  return verdict.kind === "answer" && verdict.row !== null ? withoutWindow(verdict.row) : cell;
}

/** Null: it changes nothing. */
export function commitAt(cell: Cell, request: Commit, { checksOwner, checksCounter }: CellRules): Cell {
  const memberId = checksOwner ? request.memberId : (cell?.memberId ?? request.memberId);
  const commit = checksCounter ? request.commit : (cell?.commit ?? 0) + 1;
  const verdict = decideCommit(
    cell,
    { group: "g", metadata: "", leaderEpoch: null, ...request, memberId, commit },
    AROUND,
  );
  return verdict.kind === "answer" && verdict.row !== null ? withoutWindow(verdict.row) : null;
}

/** What the lag is judged by grows without end, and decides nothing. */
function withoutWindow(row: GroupRow): GroupRow {
  return { ...row, window: [] };
}

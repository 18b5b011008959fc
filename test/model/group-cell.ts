/** One group's row at its partition. */
import type { Cell } from "./group-state.ts";

/** Taken away one at a time, to show that the model sees it. */
export interface CellRules {
  readonly checksOwner: boolean;
  readonly checksCounter: boolean;
}

export function fenceAt(cell: Cell, { memberId, epoch }: { readonly memberId: string; readonly epoch: number }): Cell {
  return epoch > cell.epoch ? { ...cell, epoch, owner: memberId, counter: -1 } : cell;
}

/** Null: it changes nothing. */
export function commitAt(
  cell: Cell,
  request: {
    readonly memberId: string;
    readonly memberEpoch: number;
    readonly commit: number;
    readonly offset: number;
  },
  { checksOwner, checksCounter }: CellRules,
): Cell | null {
  if (cell.owner === null || request.memberEpoch < cell.epoch) return null;
  if (checksOwner && cell.owner !== request.memberId) return null;
  if (checksCounter && request.commit <= cell.counter) return null;
  return { ...cell, counter: request.commit, offset: request.offset };
}

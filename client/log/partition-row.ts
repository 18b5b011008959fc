import { NO_CHAIN, type LocalSequence, type Offset } from "../../shared/brands.ts";
import type { AckedRange, PartitionRow } from "./rows.ts";

/** Ranges whose offsets are remembered for receipts that are asked for late. */
const ACKED_RANGES_MAX = 64;

export const NEW_PARTITION: PartitionRow = {
  identity: null,
  nextLocalSequence: 0 as LocalSequence,
  ackedLocalSequence: 0 as LocalSequence,
  ackedChain: NO_CHAIN,
  ackedRanges: [],
  leaderEpoch: null,
  logStartOffset: 0 as Offset,
  highWatermark: 0 as Offset,
  replicatedTo: 0 as Offset,
  replicatedCrc: null,
  retired: false,
};

/** Neighbours become one range where their offsets are neighbours as well; the oldest are forgotten. */
export function withAckedRange(ranges: readonly AckedRange[], added: AckedRange): AckedRange[] {
  const last = ranges.at(-1);
  const continues =
    last !== undefined &&
    last.localSequence + last.count === added.localSequence &&
    last.baseOffset + last.count === added.baseOffset;
  if (continues) return [...ranges.slice(0, -1), { ...last, count: last.count + added.count }];
  return [...ranges, added].slice(-ACKED_RANGES_MAX);
}

export function offsetOfAcked(ranges: readonly AckedRange[], localSequence: LocalSequence): Offset | null {
  const range = ranges.find(
    (one) => localSequence >= one.localSequence && localSequence < one.localSequence + one.count,
  );
  return range === undefined ? null : ((range.baseOffset + localSequence - range.localSequence) as Offset);
}

export function sameRow(a: PartitionRow, b: PartitionRow): boolean {
  // Plain data whose fields are always built in one order; a false "different" costs one more put.
  return JSON.stringify(a) === JSON.stringify(b);
}

/** With `bytes` more or fewer waiting. Nothing waits: nothing is left of a count that was never exact. */
export function withPendingBytes(row: PartitionRow, bytes: number): PartitionRow {
  const { pendingBytes = 0, ...rest } = row;
  if (row.nextLocalSequence === row.ackedLocalSequence) return rest;
  return { ...rest, pendingBytes: Math.max(0, pendingBytes + bytes) };
}

export function plus<Position extends LocalSequence | Offset>(position: Position, count: number): Position {
  return (position + count) as Position;
}

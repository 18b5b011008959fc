/**
 * Whether a stored run is what was stored: disks flip bits. A row is checked when an object first reads it and by
 * sample after that, since a check costs as much as the read. What is damaged is refused with its offset; the batches
 * before and behind it stay readable.
 */
import type { Random } from "../../shared/random.ts";
import { batchBaseOffset, batchByteLength, batchLastOffset, BATCH_HEADER_BYTES } from "../../shared/record-batch.ts";
import { readBatch } from "../../shared/record-batch-decode.ts";

/** Bytes `[at, end)` of a row, which stand for the offsets `[offset, nextOffset)`. */
export interface Damage {
  readonly at: number;
  readonly end: number;
  readonly offset: number;
  readonly nextOffset: number;
}

export interface CheckedRow {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Its batches need not follow one another. */
  readonly compacted: boolean;
}

const SAMPLED_ONE_IN = 64;
const REMEMBERED_MAX = 100_000;
const NONE: readonly Damage[] = [];

export class RowChecks {
  readonly #random: Random;
  readonly #sound = new Set<number>();

  constructor(random: Random) {
    this.#random = random;
  }

  check(row: CheckedRow, bytes: Uint8Array): readonly Damage[] {
    if (this.#sound.has(row.baseOffset) && this.#random.next() * SAMPLED_ONE_IN >= 1) return NONE;
    const damages = damagesOf(row, bytes);
    if (damages.length > 0) {
      this.#sound.delete(row.baseOffset);
      return damages;
    }
    if (this.#sound.size >= REMEMBERED_MAX) this.#sound.clear();
    this.#sound.add(row.baseOffset);
    return NONE;
  }
}

export function damagesOf(row: CheckedRow, bytes: Uint8Array): Damage[] {
  const damages: Damage[] = [];
  let expected = row.baseOffset;
  for (let at = 0; at < bytes.length;) {
    if (isSound(row, bytes, at, expected)) {
      expected = batchLastOffset(bytes, at) + 1;
      at += batchByteLength(bytes, at);
      continue;
    }
    const end = nextSound(row, bytes, at, expected);
    const nextOffset = end < bytes.length ? batchBaseOffset(bytes, end) : row.lastOffset + 1;
    damages.push({ at, end, offset: expected, nextOffset });
    expected = nextOffset;
    at = end;
  }
  // Bytes that end too soon are damage as well; compaction may take the last batches of a row.
  if (!row.compacted && expected <= row.lastOffset)
    damages.push({ at: bytes.length, end: bytes.length, offset: expected, nextOffset: row.lastOffset + 1 });
  return damages;
}

function isSound(row: CheckedRow, bytes: Uint8Array, at: number, expected: number): boolean {
  const reading = readBatch(bytes, at);
  if (!reading.ok) return false;
  const { baseOffset, lastOffsetDelta } = reading.batch;
  const follows = row.compacted ? baseOffset >= expected : baseOffset === expected;
  return follows && baseOffset + lastOffsetDelta <= row.lastOffset;
}

/** Where the next sound batch begins: where the damaged one says, or else the first position at which one stands. */
function nextSound(row: CheckedRow, bytes: Uint8Array, at: number, expected: number): number {
  const said = at + batchByteLength(bytes, at);
  if (
    bytes.length - at > BATCH_HEADER_BYTES &&
    said > at &&
    said < bytes.length &&
    standsAt(row, bytes, said, expected)
  )
    return said;
  for (let next = at + 1; next + BATCH_HEADER_BYTES <= bytes.length; next += 1)
    if (batchBaseOffset(bytes, next) <= row.lastOffset && standsAt(row, bytes, next, expected)) return next;
  return bytes.length;
}

function standsAt(row: CheckedRow, bytes: Uint8Array, at: number, expected: number): boolean {
  if (at + BATCH_HEADER_BYTES > bytes.length || batchBaseOffset(bytes, at) <= expected) return false;
  return isSound({ ...row, compacted: true }, bytes, at, expected);
}

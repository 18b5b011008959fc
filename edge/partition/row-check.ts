/**
 * Whether a stored run is what was stored: disks flip bits. A row is checked when an object first reads it and by
 * sample after that, since a check costs as much as the read. What is damaged is refused with its offset; the batches
 * before and behind it stay readable.
 */
import type { Random } from "../../shared/random.ts";
import { batchBaseOffset, batchByteLength, batchLastOffset, BATCH_HEADER_BYTES } from "../../shared/record-batch.ts";
import { readBatch, type RecordBatch } from "../../shared/record-batch-decode.ts";
import type { StoredRun } from "./log-rows.ts";
import { readReceived } from "./received-batches.ts";

/** Bytes `[at, end)` of a row, which stand for the offsets `[offset, nextOffset)`. */
export interface Damage {
  readonly at: number;
  readonly end: number;
  readonly offset: number;
  readonly nextOffset: number;
}

export type CheckedRow = Omit<StoredRun, "bytes">;

interface Rules {
  /** Undefined: computing it is left out. */
  readonly crc?: boolean;
  /** Null: not known. */
  readonly leaderEpoch: number | null;
}

const SAMPLED_ONE_IN = 64;
const REMEMBERED_MAX = 100_000;
const NONE: readonly Damage[] = [];

/** Kafka's sequences wrap behind this. */
const SEQUENCES = 0x8000_0000;

export class RowChecks {
  readonly #random: Random;
  readonly #epochCounterAt: (offset: number) => number | null;
  readonly #sound = new Set<number>();

  constructor(random: Random, epochCounterAt: (offset: number) => number | null) {
    this.#random = random;
    this.#epochCounterAt = epochCounterAt;
  }

  check(row: CheckedRow, bytes: Uint8Array): readonly Damage[] {
    const leaderEpoch = this.#epochCounterAt(row.baseOffset);
    const isSampled = !this.#sound.has(row.baseOffset) || this.#random.next() * SAMPLED_ONE_IN < 1;
    // Lengths and offsets always, or whoever goes by them might never come to an end.
    if (!isSampled && damagesOf(row, bytes, { crc: false, leaderEpoch }).length === 0) return NONE;
    const damages = damagesOf(row, bytes, { leaderEpoch });
    if (damages.length > 0) {
      this.#sound.delete(row.baseOffset);
      return damages;
    }
    if (this.#sound.size >= REMEMBERED_MAX) this.#sound.clear();
    this.#sound.add(row.baseOffset);
    return NONE;
  }
}

/** Whether the batches of a row stand where they were put: no CRC covers that. */
export function isWhereItSays(row: CheckedRow, bytes: Uint8Array): boolean {
  return damagesOf(row, bytes, { crc: false, leaderEpoch: null }).length === 0;
}

export function damagesOf(row: CheckedRow, bytes: Uint8Array, rules: Rules): Damage[] {
  const isSound = soundness(row, bytes, rules);
  const damages: Damage[] = [];
  let expected = row.baseOffset;
  for (let at = 0; at < bytes.length;) {
    if (isSound(at, expected)) {
      expected = batchLastOffset(bytes, at) + 1;
      at += batchByteLength(bytes, at);
      continue;
    }
    const end = nextSound(bytes, at, (next) => batchBaseOffset(bytes, next) > expected && isSound(next));
    const nextOffset = end < bytes.length ? batchBaseOffset(bytes, end) : row.lastOffset + 1;
    damages.push({ at, end, offset: expected, nextOffset });
    expected = nextOffset;
    at = end;
  }
  // Bytes that end too soon are damage as well; compaction may have taken the last batches of a row.
  const isShort = row.received === null || bytes.length < row.size;
  if (isShort && expected <= row.lastOffset)
    damages.push({ at: bytes.length, end: bytes.length, offset: expected, nextOffset: row.lastOffset + 1 });
  return damages;
}

/** Whether a batch stands at a position; `expected`: the offset that it goes on from, else any. */
type Soundness = (at: number, expected?: number) => boolean;

function soundness(row: CheckedRow, bytes: Uint8Array, { crc, leaderEpoch }: Rules): Soundness {
  const { baseOffset: first, lastOffset, firstSequence, received } = row;
  const counts = received === null ? null : countsAt(first, received);
  const isInItsPlace = ({ baseOffset, lastOffsetDelta, baseSequence, ...batch }: RecordBatch): boolean =>
    baseOffset >= first &&
    baseOffset + lastOffsetDelta <= lastOffset &&
    (leaderEpoch === null || batch.leaderEpoch === leaderEpoch) &&
    (firstSequence === null || (firstSequence + baseOffset - first) % SEQUENCES === baseSequence) &&
    (counts === null || counts.get(baseOffset) === lastOffsetDelta + 1);
  return (at, expected) => {
    const reading = readBatch(bytes, at, crc === undefined ? {} : { crc });
    if (!reading.ok || !isInItsPlace(reading.batch)) return false;
    const { baseOffset } = reading.batch;
    return expected === undefined || (counts === null ? baseOffset === expected : baseOffset >= expected);
  };
}

/** Compaction leaves batches out, and moves none. */
function countsAt(first: number, received: Uint8Array): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  let baseOffset = first;
  for (const { count } of readReceived(received)) {
    counts.set(baseOffset, count);
    baseOffset += count;
  }
  return counts;
}

/** Where the next sound batch begins: where the damaged one says, or else the first position at which one stands. */
function nextSound(bytes: Uint8Array, at: number, isSound: (at: number) => boolean): number {
  if (bytes.length - at > BATCH_HEADER_BYTES) {
    const said = at + batchByteLength(bytes, at);
    if (said > at && said + BATCH_HEADER_BYTES <= bytes.length && isSound(said)) return said;
  }
  for (let next = at + 1; next + BATCH_HEADER_BYTES <= bytes.length; next += 1) if (isSound(next)) return next;
  return bytes.length;
}

/** R26: whatever bit of a stored run flips, the batch that it stands in is refused, and the others are not. */
import { expect, test } from "vitest";
import { writeReceived } from "../../edge/partition/received-batches.ts";
import { damagesOf, isWhereItSays, RowChecks, type CheckedRow } from "../../edge/partition/row-check.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { batchBaseOffset, batchByteLength, batchLastOffset, patchLogPosition } from "../../shared/record-batch.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { seal } from "../../shared/record-batch-seal.ts";
import { seeded } from "../harness/seeded.ts";

const FIRST = 1_000;
const EPOCH = 3;
const COUNTS = [1, 1, 2, 1, 1];

/** Batches as they are stored, of one device; `left`: those that compaction has left. */
function stored(left: readonly number[] = [0, 1, 2, 3, 4]): { row: CheckedRow; bytes: Uint8Array; starts: number[] } {
  let offset = FIRST;
  const batches = COUNTS.map((count, index) => {
    const encoder = new RecordBatchEncoder();
    for (let at = 0; at < count; at += 1) encoder.append({ key: `k${at}`, value: `value ${index}`, timestamp: 5 });
    const bytes = encoder.finish();
    seal(bytes, 0, { producerId: "c0ffee0000000001" as ProducerId, baseSequence: offset - FIRST });
    patchLogPosition(bytes, 0, { baseOffset: offset, leaderEpoch: EPOCH });
    offset += count;
    return bytes;
  });
  const parts = left.map((index) => batches[index] ?? new Uint8Array());
  const starts = parts.map((_, index) => parts.slice(0, index).reduce((sum, { length }) => sum + length, 0));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  for (const [index, part] of parts.entries()) bytes.set(part, starts[index]);
  const received = left.length === COUNTS.length ? null : writeReceived(COUNTS.map((count) => ({ count, crc: 1 })));
  const row = { baseOffset: FIRST, lastOffset: offset - 1, size: bytes.length, firstSequence: 0, received };
  return { row, bytes, starts };
}

function flip(bytes: Uint8Array, at: number, bits: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ bits;
}

const RULES = { leaderEpoch: EPOCH };

test.each([
  { name: "a run as it was received", left: [0, 1, 2, 3, 4] },
  { name: "a run that compaction has been at", left: [0, 3] },
  { name: "a run of which compaction left the last batches", left: [2, 4] },
])("R26 every flipped bit of $name is found, and costs the batch it stands in alone", ({ left }) => {
  const { row, bytes, starts } = stored(left);
  expect(damagesOf(row, bytes, RULES)).toEqual([]);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    const at = bit >> 3;
    flip(flipped, at, 1 << (bit & 7));
    const damages = damagesOf(row, flipped, RULES);
    const start = starts.findLast((one) => one <= at) ?? -1;
    expect(damages, `bit ${bit}`).toHaveLength(1);
    const [damage] = damages;
    expect([damage?.at, damage?.end], `bit ${bit}`).toEqual([start, start + batchByteLength(bytes, start)]);
    // The offsets of the batch are among those that are refused, and none of another batch that is there.
    expect(damage?.offset).toBeLessThanOrEqual(batchBaseOffset(bytes, start));
    expect(damage?.nextOffset).toBeGreaterThan(batchLastOffset(bytes, start));
    for (const other of starts.filter((one) => one !== start))
      expect(
        batchLastOffset(bytes, other) < (damage?.offset ?? 0) ||
          batchBaseOffset(bytes, other) >= (damage?.nextOffset ?? 0),
      ).toBe(true);
  }
});

test("R26 bytes that end too soon, or are all zero, are damage up to the end of the row", () => {
  for (const left of [
    [0, 1, 2, 3, 4],
    [0, 3],
  ]) {
    const { row, bytes } = stored(left);
    for (let length = 0; length < bytes.length; length += 1) {
      const damages = damagesOf(row, bytes.slice(0, length), RULES);
      expect(damages, `${length}`).toHaveLength(1);
      expect(damages[0]?.nextOffset).toBe(row.lastOffset + 1);
      const zeroed = bytes.slice();
      zeroed.fill(0, length);
      // A record ends with the number of its headers.
      if (length === bytes.length - 1) continue;
      expect(damagesOf(row, zeroed, RULES)).toHaveLength(1);
    }
  }
});

test("R26 several damages in one run are each their own", () => {
  const { row, bytes, starts } = stored();
  for (const index of [0, 2, 4]) flip(bytes, (starts[index] ?? 0) + 70, 1);
  expect(damagesOf(row, bytes, RULES).map(({ offset, nextOffset }) => [offset, nextOffset])).toEqual([
    [1_000, 1_001],
    [1_002, 1_004],
    [1_005, 1_006],
  ]);
});

test("R26 compaction takes no offsets from a batch that does not stand where it says", () => {
  const { row, bytes, starts } = stored([0, 3]);
  expect(isWhereItSays(row, bytes)).toBe(true);
  for (let bit = 0; bit < 64; bit += 1) {
    const flipped = bytes.slice();
    flip(flipped, (starts[1] ?? 0) + (bit >> 3), 1 << (bit & 7));
    expect(isWhereItSays(row, flipped)).toBe(false);
  }
});

test("R26 a bit that flips within one life is found: lengths and offsets at once, the rest by sample", () => {
  const random = seeded(11);
  const checks = new RowChecks({ next: random, bytes: (length) => new Uint8Array(length) }, () => EPOCH);
  const { row, bytes, starts } = stored();
  expect(checks.check(row, bytes)).toEqual([]);
  for (let at = 0; at < 16; at += 1) {
    const flipped = bytes.slice();
    flip(flipped, (starts[2] ?? 0) + at, 0x80);
    expect(checks.check(row, flipped)).toHaveLength(1);
    expect(checks.check(row, bytes)).toEqual([]);
  }
  const flipped = bytes.slice();
  flip(flipped, bytes.length - 1, 1);
  let reads = 0;
  while (checks.check(row, flipped).length === 0) reads += 1;
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThan(64 * 8);
  // And is not forgotten again.
  for (let again = 0; again < 100; again += 1) expect(checks.check(row, flipped)).toHaveLength(1);
});

/** A stream in chunks that were cut anywhere. */
import fc from "fast-check";

/** Positions, in any order; those behind the end are none. */
export const cutAnywhere: fc.Arbitrary<number[]> = fc.oneof(
  fc.array(fc.nat({ max: 400 }), { maxLength: 12 }),
  fc.constant(Array.from({ length: 2_000 }, (_, index) => index)),
);

/** Each chunk in a buffer of its own; some of them empty. */
export function chunksOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const sorted = cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.slice(from, sorted[index] ?? bytes.length));
}

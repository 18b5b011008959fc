/** What one pass and one slice of compaction may take of the object: memory of 128 MiB, and a thread shared with appends. */
import { LIMITS } from "../../../shared/limits.ts";
import { assert } from "../../../shared/assert.ts";

export const COMPACTION_LIMITS = {
  /** Keys of one pass. What does not fit waits for the next one. */
  mapKeysMax: 100_000,
  /** Bytes of these keys together; a single key may be larger. */
  mapKeyBytesMax: 8_388_608,
  /** Bytes of rows, inflated, that one slice reads; a single row may be larger: nothing is written of half a row. */
  sliceBytesMax: 2_097_152,
  sliceRowsMax: 64,
  /** Kafka's `min.cleanable.dirty.ratio`. */
  dirtyRatioMin: 0.5,
  /**
   * What a cleaned row weighs beside its batches. Without it a log of few keys would weigh nothing once it is cleaned, and
   * every append would be due a pass over all the rows that were emptied.
   */
  rowOverheadBytes: 128,
} as const;

/** Tests make them small. */
export type CompactionLimits = { readonly [Name in keyof typeof COMPACTION_LIMITS]: number };

assert(LIMITS.rowBytesMax <= COMPACTION_LIMITS.sliceBytesMax, "a slice reads any row");

/**
 * The partition's own clock, by which producers grow old. It advances with each append as the edge's clock did since
 * the append before, but by a day at most and never back: an edge whose clock jumps ten years forgets nobody, and a
 * partition that nobody appends to does not age. Pure: the same appends, the same time, however often the object was
 * evicted in between.
 */
export interface PartitionClock {
  /** Milliseconds since the partition's first append. */
  readonly clockMs: number;
  /** The edge's clock at the last append, as its row says; null before the first. */
  readonly wallMs: number | null;
}

export const STOPPED_CLOCK: PartitionClock = { clockMs: 0, wallMs: null };

const DAY_MS = 86_400_000;

/** After an append at `wallMs`. */
export function advanced({ clockMs, wallMs: before }: PartitionClock, wallMs: number): PartitionClock {
  const advance = before === null ? 0 : Math.min(Math.max(wallMs - before, 0), DAY_MS);
  return { clockMs: clockMs + advance, wallMs };
}

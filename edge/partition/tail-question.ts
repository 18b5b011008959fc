/** How a Worker asks a partition for a tail: with the upgrade request, so that no round trip is spent on it. */
import type { PartitionAddress, TailRequest } from "./partition-port.ts";

/** JSON of a `TailQuestion`. Only a Worker reaches an object, so it is not checked again. */
export const TAIL_HEADER = "x-strandline-tail";

export interface TailQuestion {
  readonly address: PartitionAddress;
  readonly request: TailRequest;
  /** Edge time from which no frame is sent; null: it has no end. */
  readonly expiresAtMs: number | null;
}

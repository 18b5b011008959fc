/** Columns of runs as queries name them, and what comes of them. */
import type { ProducerId } from "../../shared/brands.ts";
import { number, numberOrNull, text, type Columns } from "./columns.ts";
import type { ProducerRun, RunColumns } from "./log-rows.ts";

export const RUN_COLUMNS =
  "base_offset, last_offset, appended_at, max_timestamp, last_crc, size, size_before, first_sequence, tombstones_since";
/** What compaction leaves as it is. */
export const KEPT_COLUMNS =
  "base_offset, last_offset, appended_at, max_timestamp, last_crc, size_before, producer_id, producer_epoch, first_sequence, next_sequence, chain_after";
export const PRODUCER_COLUMNS =
  "base_offset, last_offset, producer_id, producer_epoch, first_sequence, next_sequence, chain_after";

export function runOf(row: Columns): RunColumns {
  return {
    baseOffset: number(row["base_offset"]),
    lastOffset: number(row["last_offset"]),
    appendedAt: number(row["appended_at"]),
    maxTimestamp: number(row["max_timestamp"]),
    lastCrc: number(row["last_crc"]),
    size: number(row["size"]),
    sizeBefore: number(row["size_before"]),
    firstSequence: numberOrNull(row["first_sequence"]),
    tombstonesSince: numberOrNull(row["tombstones_since"]),
  };
}

/** Of values in the order of `PRODUCER_COLUMNS`. */
export function producerRunOf(values: SqlStorageValue[]): ProducerRun {
  const [baseOffset, lastOffset, id, epoch, firstSequence, nextSequence, chainAfter] = values;
  return {
    id: text(id) as ProducerId,
    epoch: number(epoch),
    firstSequence: number(firstSequence),
    nextSequence: number(nextSequence),
    chainAfter: numberOrNull(chainAfter),
    baseOffset: number(baseOffset),
    lastOffset: number(lastOffset),
  };
}

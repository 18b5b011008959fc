/** The bytes of a run as they are stored: its place in the log written into every batch, and the edge's time where the topic says so. */
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  LOG_APPEND_TIME_BIT,
  MAX_TIMESTAMP_AT,
  batchAttributes,
  patchLogPosition,
  writeInt16,
  writeInt64,
} from "../../shared/record-batch.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import type { CheckedBatch } from "./partition-port.ts";
import { writeReceived } from "./received-batches.ts";

export interface RunPlace {
  readonly baseOffset: number;
  /** The counter of the leader epoch. */
  readonly leaderEpoch: number;
  /** Null: the producer's times stand. */
  readonly logAppendTime: number | null;
  /** Null: they have times of their own. Else that of all records, as their producer would have stated it. */
  readonly createTime?: number | null;
}

export interface StoredBytes {
  /** A buffer that holds nothing else. */
  readonly bytes: Uint8Array;
  /** CRC of the last batch, as stored. */
  readonly lastCrc: number;
  readonly received: Uint8Array | null;
}

/** `batches`: the last of the run's, at least one. What came before them is left out. */
export function storedBytes(run: Uint8Array, batches: readonly CheckedBatch[], place: RunPlace): StoredBytes {
  const first = batches[0]?.start ?? 0;
  const bytes = first === 0 ? run : run.slice(first);
  let { baseOffset } = place;
  for (const batch of batches) {
    patchLogPosition(bytes, batch.start - first, { baseOffset, leaderEpoch: place.leaderEpoch });
    baseOffset += batch.count;
  }
  const receivedCrc = batches.at(-1)?.crc ?? 0;
  const { logAppendTime, createTime = null } = place;
  if (logAppendTime === null && createTime === null) return { bytes, lastCrc: receivedCrc, received: null };
  let lastCrc: number = receivedCrc;
  for (const batch of batches) {
    const at = batch.start - first;
    if (createTime !== null) {
      writeInt64(bytes, at + BASE_TIMESTAMP_AT, createTime);
      writeInt64(bytes, at + MAX_TIMESTAMP_AT, createTime);
    }
    lastCrc = logAppendTime === null ? writeCrc(bytes, at) : stamp(bytes, at, logAppendTime);
  }
  return { bytes, lastCrc, received: writeReceived(batches) };
}

/** As Kafka does for `LogAppendTime`: the maximum is the time, and every record has it. Returns the new CRC. */
function stamp(bytes: Uint8Array, at: number, timestamp: number): number {
  writeInt16(bytes, at + ATTRIBUTES_AT, batchAttributes(bytes, at) | LOG_APPEND_TIME_BIT);
  writeInt64(bytes, at + MAX_TIMESTAMP_AT, timestamp);
  return writeCrc(bytes, at);
}

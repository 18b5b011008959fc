/**
 * The batches of a run as they were received, where the stored ones are others: `LogAppendTime` writes the edge's time
 * into a batch, compaction leaves records out. What a producer sent is known by these CRCs for as long as the row is.
 *
 * received => (count:uint32 crc:uint32)*     big-endian, one for each batch of the run, in order
 */
import { readUint32, writeInt32 } from "../../shared/record-batch.ts";

export interface ReceivedBatch {
  readonly count: number;
  readonly crc: number;
}

const ENTRY_BYTES = 8;

export function writeReceived(batches: readonly ReceivedBatch[]): Uint8Array {
  const bytes = new Uint8Array(batches.length * ENTRY_BYTES);
  for (const [index, { count, crc }] of batches.entries()) {
    writeInt32(bytes, index * ENTRY_BYTES, count);
    writeInt32(bytes, index * ENTRY_BYTES + 4, crc);
  }
  return bytes;
}

export function readReceived(bytes: Uint8Array): ReceivedBatch[] {
  return Array.from({ length: Math.floor(bytes.length / ENTRY_BYTES) }, (_, index) => ({
    count: readUint32(bytes, index * ENTRY_BYTES),
    crc: readUint32(bytes, index * ENTRY_BYTES + 4),
  }));
}

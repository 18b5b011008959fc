/** Sealing: the 14 bytes of identity and the CRC, patched into a batch that is otherwise final. `PROTOCOL.md` 1. */
import type { Crc, ProducerId } from "./brands.ts";
import {
  BASE_SEQUENCE_AT,
  BATCH_HEADER_BYTES,
  LENGTH_AT,
  LOG_OVERHEAD_BYTES,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  writeInt16,
  writeInt32,
} from "./record-batch.ts";
import { writeCrc } from "./record-batch-encode.ts";

export interface BatchIdentity {
  readonly producerId: ProducerId;
  readonly baseSequence: number;
}

/** Device producers always have epoch 0. Returns the sealed CRC. */
export function seal(bytes: Uint8Array, at: number, identity: BatchIdentity): Crc {
  const { producerId, baseSequence } = identity;
  writeInt32(bytes, at + PRODUCER_ID_AT, Number.parseInt(producerId.slice(0, 8), 16));
  writeInt32(bytes, at + PRODUCER_ID_AT + 4, Number.parseInt(producerId.slice(8), 16));
  writeInt16(bytes, at + PRODUCER_EPOCH_AT, 0);
  writeInt32(bytes, at + BASE_SEQUENCE_AT, baseSequence);
  return writeCrc(bytes, at) as Crc;
}

/**
 * The sealed CRC of a batch of which only the stored CRC and the length are left. A CRC is linear: whatever the other
 * bytes are, changing the identity changes it as it changes the CRC of a batch of zeros.
 */
export function sealedCrcOf(storedCrc: Crc, byteLength: number, identity: BatchIdentity): Crc {
  const zeros = new Uint8Array(Math.max(byteLength, BATCH_HEADER_BYTES));
  writeInt32(zeros, LENGTH_AT, zeros.byteLength - LOG_OVERHEAD_BYTES);
  zeros.fill(0xff, PRODUCER_ID_AT, BASE_SEQUENCE_AT + 4);
  const before = writeCrc(zeros, 0);
  const after = seal(zeros, 0, identity);
  return ((storedCrc ^ before ^ after) >>> 0) as Crc;
}

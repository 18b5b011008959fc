/** Sealing: the 14 bytes of identity and the CRC, patched into a batch that is otherwise final. `PROTOCOL.md` 1. */
import type { Crc, ProducerId } from "./brands.ts";
import { BASE_SEQUENCE_AT, PRODUCER_EPOCH_AT, PRODUCER_ID_AT, writeInt16, writeInt32 } from "./record-batch.ts";
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

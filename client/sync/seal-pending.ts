/** Reads pending batches and seals them into one buffer: what a produce request carries. */
import type { Crc, LocalSequence } from "../../shared/brands.ts";
import { BATCH_HEADER_BYTES, batchCrc } from "../../shared/record-batch.ts";
import { seal, sealedCrcOf } from "../../shared/record-batch-seal.ts";
import { isWhole } from "../log/batch-codec.ts";
import type { PendingBatch } from "../log/device-log.ts";
import type { ProducerIdentity } from "../log/rows.ts";
import type { KnownBatch } from "./send-window.ts";

export interface SealedBatches {
  readonly batches: readonly KnownBatch[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The first batch whose bytes changed while they lay on the device. It is the last of `batches`. */
  readonly damaged: LocalSequence | null;
}

/**
 * Sealing computes a new CRC, so damage has to be found before it, or a flipped bit would be sealed in as truth.
 * A damaged batch is never sent, but it is described by the CRC that it had when it was whole: it may have been sent
 * then, and the edge is asked for it before it is given up.
 */
export function sealPending(pending: readonly PendingBatch[], identity: ProducerIdentity): SealedBatches {
  const length = pending.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
  const bytes = new Uint8Array(length);
  const batches: KnownBatch[] = [];
  let at = 0;
  for (const batch of pending) {
    const { localSequence, count } = batch;
    const sealedAs = { producerId: identity.producerId, baseSequence: localSequence - identity.sequenceBase };
    const storedCrc = (batch.bytes.byteLength < BATCH_HEADER_BYTES ? 0 : batchCrc(batch.bytes, 0)) as Crc;
    if (!isWhole(batch)) {
      const crc = sealedCrcOf(storedCrc, batch.bytes.byteLength, sealedAs);
      batches.push({ localSequence, count, bytes: batch.bytes.byteLength, crc, storedCrc });
      return { batches, bytes: bytes.subarray(0, at), damaged: localSequence };
    }
    bytes.set(batch.bytes, at);
    const crc = seal(bytes, at, sealedAs);
    batches.push({ localSequence, count, bytes: batch.bytes.byteLength, crc, storedCrc });
    at += batch.bytes.byteLength;
  }
  return { batches, bytes, damaged: null };
}

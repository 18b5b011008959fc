/** Reads pending batches and seals them into one buffer: what a produce request carries. */
import type { Crc, LocalSequence } from "../../shared/brands.ts";
import { readBatch } from "../../shared/record-batch-decode.ts";
import { batchCrc } from "../../shared/record-batch.ts";
import { seal } from "../../shared/record-batch-seal.ts";
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
 * A damaged batch is described (its CRC cannot be matched by anything sent) but never sent.
 */
export function sealPending(pending: readonly PendingBatch[], identity: ProducerIdentity): SealedBatches {
  const length = pending.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
  const bytes = new Uint8Array(length);
  const batches: KnownBatch[] = [];
  let at = 0;
  for (const batch of pending) {
    const { localSequence, count } = batch;
    const reading = readBatch(batch.bytes, 0);
    const whole = reading.ok && reading.batch.end === batch.bytes.byteLength && reading.batch.count === count;
    if (!whole) {
      // Any CRC will do that the edge cannot hold: the bytes were never sent in this state.
      const crc = batch.bytes.byteLength >= 21 ? batchCrc(batch.bytes, 0) : 0;
      batches.push({ localSequence, count, crc: crc as Crc, storedCrc: crc as Crc });
      return { batches, bytes: bytes.subarray(0, at), damaged: localSequence };
    }
    bytes.set(batch.bytes, at);
    const storedCrc = batchCrc(batch.bytes, 0);
    const baseSequence = localSequence - identity.sequenceBase;
    const crc = seal(bytes, at, { producerId: identity.producerId, baseSequence });
    batches.push({ localSequence, count, crc, storedCrc: storedCrc as Crc });
    at += batch.bytes.byteLength;
  }
  return { batches, bytes, damaged: null };
}

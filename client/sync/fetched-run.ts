/** Checks what a fetch brought before any of it reaches the replica. */
import type { Crc, Offset } from "../../shared/brands.ts";
import { readBatch, type BatchDamage } from "../../shared/record-batch-decode.ts";

export interface CheckedRun {
  /** The whole batches before the damage, if there is any. */
  readonly run: {
    readonly bytes: Uint8Array;
    readonly firstOffset: Offset;
    readonly nextOffset: Offset;
    readonly lastCrc: Crc | null;
  };
  readonly damage: BatchDamage | null;
}

/** `asked` stands for the bounds of an empty run. Offsets must grow from batch to batch. */
export function checkFetched(bytes: Uint8Array, asked: Offset): CheckedRun {
  let at = 0;
  let firstOffset: Offset = asked;
  let nextOffset: Offset = asked;
  let lastCrc: Crc | null = null;
  let damage: BatchDamage | null = null;
  while (at < bytes.byteLength) {
    const reading = readBatch(bytes, at);
    if (!reading.ok) {
      damage = reading.damage;
      break;
    }
    const { batch } = reading;
    if (at > 0 && batch.baseOffset < nextOffset) {
      damage = { code: "CORRUPT_MESSAGE", position: at, reason: `offset ${batch.baseOffset} after ${nextOffset}` };
      break;
    }
    if (at === 0) firstOffset = batch.baseOffset as Offset;
    nextOffset = (batch.baseOffset + batch.lastOffsetDelta + 1) as Offset;
    lastCrc = batch.crc as Crc;
    at = batch.end;
  }
  return { run: { bytes: bytes.subarray(0, at), firstOffset, nextOffset, lastCrc }, damage };
}

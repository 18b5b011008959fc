/** Record batches with their checksums. */
import { crc32c } from "./crc32c.ts";
import { ATTRIBUTES_AT, CRC_AT, batchByteLength, writeInt32 } from "./record-batch.ts";
import { RecordBatchWriter } from "./record-batch-write.ts";

export class RecordBatchEncoder extends RecordBatchWriter {
  /** A buffer of its own, of exact size. Without `crc` the field is 0 until someone calls `writeCrc`. */
  finish(options: { readonly crc?: boolean } = {}): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.byteLength);
    this.finishInto(bytes, 0);
    if (options.crc !== false) writeCrc(bytes, 0);
    return bytes;
  }
}

/** Computes and writes the CRC of the whole batch at `at`; returns it. */
export function writeCrc(bytes: Uint8Array, at: number): number {
  const crc = crc32c(bytes, at + ATTRIBUTES_AT, at + batchByteLength(bytes, at));
  writeInt32(bytes, at + CRC_AT, crc);
  return crc;
}

/** Batches into one: apart from the encoder, which a page needs without all that reads. */
import { asError, readBatch } from "./record-batch-decode.ts";
import type { RecordBatchEncoder } from "./record-batch-encode.ts";
import { RecordCursor } from "./record-cursor.ts";

/**
 * Appends the records of a finished, uncompressed batch: deltas are written anew, all else is copied. Throws
 * the code of the damage with its position, `INVALID_TIMESTAMP` or `MESSAGE_TOO_LARGE`; the encoder is then as it was.
 */
export function appendBatch(encoder: RecordBatchEncoder, bytes: Uint8Array, at = 0): void {
  const reading = readBatch(bytes, at, { crc: false });
  if (!reading.ok) throw asError(reading.damage);
  const undo = encoder.mark();
  try {
    const cursor = new RecordCursor(reading.batch);
    while (cursor.next()) encoder.appendEncoded(bytes, cursor);
    if (cursor.damage !== null) throw asError(cursor.damage);
  } catch (error) {
    undo();
    throw error;
  }
}

/** The batches of a row, as compaction sees them. */
import { tryOpenBatch } from "./gzip.ts";
import { isControl } from "./record-batch.ts";
import { checkRecords, readBatch, type RecordBatch } from "./record-batch-decode.ts";

export type RowBatch =
  /** `opened`: `stored` itself where that is not compressed. */
  | { readonly kind: "records"; readonly stored: RecordBatch; readonly opened: RecordBatch }
  | { readonly kind: "control"; readonly stored: RecordBatch }
  /** Of a codec that only Kafka's clients open, too large once it is open, or damaged: who knows which keys it holds. */
  | { readonly kind: "sealed"; readonly stored: RecordBatch };

/** Null: damage. Where a batch ends is then as doubtful as all behind it. */
export function batchesOfRow(bytes: Uint8Array): readonly RecordBatch[] | null {
  const found: RecordBatch[] = [];
  for (let at = 0; at < bytes.length;) {
    const reading = readBatch(bytes, at);
    if (!reading.ok) return null;
    found.push(reading.batch);
    at = reading.batch.end;
  }
  return found;
}

/** Only one batch is held open at a time. */
export async function* openedBatches(stored: readonly RecordBatch[]): AsyncGenerator<RowBatch> {
  for (const batch of stored) yield await openedBatch(batch);
}

async function openedBatch(stored: RecordBatch): Promise<RowBatch> {
  if (isControl(stored.attributes)) return { kind: "control", stored };
  const reading = await tryOpenBatch(stored);
  if (!reading.ok || checkRecords(reading.batch) !== null) return { kind: "sealed", stored };
  return { kind: "records", stored, opened: reading.batch };
}

/** Whether the log may hold a record of a key behind an offset: an order to erase the key takes out what is before its own. */
import { codecOf, isControl } from "../../../shared/record-batch.ts";
import { checkRecords, type RecordBatch } from "../../../shared/record-batch-decode.ts";
import { RecordCursor } from "../../../shared/record-cursor.ts";
import type { LogStore } from "../log-store.ts";
import { isSameKey } from "./erasures.ts";
import { batchesOfRow } from "../../../shared/opened-batches.ts";

/** More than that is not looked through while a request waits. */
const BYTES_MAX = 1_048_576;

/** False: it does not. What would have to be opened first, or is a lot, may. */
export function mayHoldBehind(
  rows: Pick<LogStore, "runsBehind" | "runBytes">,
  offset: number,
  key: Uint8Array,
): boolean {
  let bytesLeft = BYTES_MAX;
  for (let next = offset + 1; ;) {
    const [row] = rows.runsBehind(next, 1);
    if (row === undefined) return false;
    bytesLeft -= row.size;
    const bytes = bytesLeft < 0 ? null : rows.runBytes(row.baseOffset);
    const batches = bytes === null ? null : batchesOfRow(bytes);
    if (batches === null || batches.some((batch) => mayHold(batch, key))) return true;
    next = row.lastOffset + 1;
  }
}

function mayHold(batch: RecordBatch, key: Uint8Array): boolean {
  if (isControl(batch.attributes)) return false;
  if (codecOf(batch.attributes) !== "none" || checkRecords(batch) !== null) return true;
  const cursor = new RecordCursor(batch);
  while (cursor.next()) {
    const own = cursor.view(cursor.keyStart, cursor.keyEnd);
    if (own !== null && isSameKey(own, key)) return true;
  }
  return false;
}

/** What a pass learns from one row. */
import { RecordCursor } from "../../../shared/record-cursor.ts";
import type { OffsetMap } from "./offset-map.ts";
import { batchesOfRow, openedBatches } from "../../../shared/opened-batches.ts";

export interface MappedPart {
  /** Records before this offset are left out. */
  readonly from: number;
  readonly tombstonesAlone: boolean;
}

export interface MappedRow {
  /** The offset of the first record that did not fit, or null. */
  readonly fullAt: number | null;
  /** What had to be looked at, once it was inflated. */
  readonly openedBytes: number;
}

/** Puts the row's keys into the map. */
export async function mapRow(
  bytes: Uint8Array,
  map: OffsetMap,
  { from, tombstonesAlone }: MappedPart,
): Promise<MappedRow> {
  let openedBytes = 0;
  for await (const batch of openedBatches(batchesOfRow(bytes) ?? [])) {
    if (batch.kind !== "records") continue;
    openedBytes += batch.opened.end - batch.opened.start;
    const cursor = new RecordCursor(batch.opened);
    while (cursor.next()) {
      if (cursor.offset < from || (tombstonesAlone && cursor.valueStart >= 0)) continue;
      const key = cursor.view(cursor.keyStart, cursor.keyEnd);
      if (key !== null && !map.put(key, cursor.offset)) return { fullAt: cursor.offset, openedBytes };
    }
  }
  return { fullAt: null, openedBytes };
}

/** What a pass learns from one row. */
import { RecordCursor } from "../../../shared/record-cursor.ts";
import type { OffsetMap } from "./offset-map.ts";
import { batchesOfRow, openedBatches } from "./row-batches.ts";

export interface MappedPart {
  /** Records before this offset are left out. */
  readonly from: number;
  readonly tombstonesAlone: boolean;
}

/** Puts the row's keys into the map. The offset of the first record that did not fit, or null. */
export async function mapRow(
  bytes: Uint8Array,
  map: OffsetMap,
  { from, tombstonesAlone }: MappedPart,
): Promise<number | null> {
  for await (const batch of openedBatches(batchesOfRow(bytes) ?? [])) {
    if (batch.kind !== "records") continue;
    const cursor = new RecordCursor(batch.opened);
    while (cursor.next()) {
      if (cursor.offset < from || (tombstonesAlone && cursor.valueStart >= 0)) continue;
      const key = cursor.view(cursor.keyStart, cursor.keyEnd);
      if (key !== null && !map.put(key, cursor.offset)) return cursor.offset;
    }
  }
  return null;
}

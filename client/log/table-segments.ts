/** Records of a table in few, large values: as a batch, with where each of them stands in the log. */
import type { Offset } from "../../shared/brands.ts";
import { keyText } from "../../shared/key-text.ts";
import { readBatch, records } from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import type { HeaderView } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { TableSegmentRow } from "./rows.ts";

export interface TableRecord {
  readonly partition: number;
  readonly offset: Offset;
  readonly timestamp: number;
  readonly key: Uint8Array;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly HeaderView[];
}

const SEGMENT_BYTES_MAX = 256 * 1024;
/** An older record of a key that is gone may still come, of another partition. */
const TOMBSTONES_MAX = 4_096;

export function segmentsOf(all: Iterable<TableRecord>): TableSegmentRow[] {
  const segments: TableSegmentRow[] = [];
  const encoder = new RecordBatchEncoder();
  let open: TableRecord[] = [];
  const close = (): void => {
    if (open.length === 0) return;
    const partitions = Uint16Array.from(open, ({ partition }) => partition);
    segments.push({ bytes: encoder.finish(), partitions, offsets: Float64Array.from(open, ({ offset }) => offset) });
    encoder.reset();
    open = [];
  };
  for (const record of all) {
    if (encoder.byteLength >= SEGMENT_BYTES_MAX) close();
    try {
      encoder.append(record);
    } catch (error) {
      // The batch is full, or the times are too far apart for it: a refused record leaves it as it was.
      if (!(error instanceof StrandlineError) || open.length === 0) throw error;
      close();
      encoder.append(record);
    }
    open.push(record);
  }
  close();
  return segments;
}

/** The latest of each key over segments in their order; of tombstones the last ones alone. */
export function foldSegments(segments: Iterable<TableSegmentRow>): Iterable<TableRecord> {
  const latest = new Map<string, TableRecord>();
  for (const { bytes, partitions, offsets } of segments) {
    const reading = readBatch(bytes, 0);
    if (!reading.ok) continue;
    let index = 0;
    for (const { key, value, timestamp, headers } of records(reading.batch)) {
      const at = { partition: partitions[index] ?? 0, offset: (offsets[index] ?? 0) as Offset };
      index += 1;
      if (key === null) continue;
      const held = latest.get(keyText(key));
      if (held !== undefined && !isNewer({ ...at, timestamp }, held)) continue;
      latest.delete(keyText(key));
      latest.set(keyText(key), { ...at, timestamp, key, value, headers });
    }
  }
  const all = [...latest.values()];
  const tombstones = new Set(all.filter(({ value }) => value === null).slice(-TOMBSTONES_MAX));
  return all.filter((record) => record.value !== null || tombstones.has(record));
}

/** Of one partition the higher offset, of two the later time. */
function isNewer(
  record: Pick<TableRecord, "partition" | "offset" | "timestamp">,
  held: Pick<TableRecord, "partition" | "offset" | "timestamp">,
): boolean {
  return record.partition === held.partition ? record.offset > held.offset : record.timestamp >= held.timestamp;
}

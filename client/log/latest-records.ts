/** The latest record of each key in what was read of one partition. Records without a key are in no table. */
import type { Offset, Partition } from "../../shared/brands.ts";
import { tryOpenBatch } from "../../shared/gzip.ts";
import { keyText } from "../../shared/key-text.ts";
import { isControl } from "../../shared/record-batch.ts";
import { readBatch, records } from "../../shared/record-batch-decode.ts";
import type { TableRecord } from "./table-segments.ts";

export interface ReadPart {
  readonly partition: Partition;
  readonly runs: readonly Uint8Array[];
  readonly from: Offset;
  readonly to: Offset;
}

/** Bytes that cannot be read are passed by, as a consumer does. */
export async function latestRecords({ partition, runs, from, to }: ReadPart): Promise<Iterable<TableRecord>> {
  const latest = new Map<string, TableRecord>();
  for (const bytes of runs)
    for (let at = 0; at < bytes.byteLength;) {
      const reading = readBatch(bytes, at);
      if (!reading.ok) break;
      at = reading.batch.end;
      const opened = isControl(reading.batch.attributes) ? null : await tryOpenBatch(reading.batch);
      if (opened === null || !opened.ok) continue;
      for (const { key, offset, timestamp, value, headers } of records(opened.batch))
        if (key !== null && offset >= from && offset < to)
          latest.set(keyText(key), { partition, offset: offset as Offset, timestamp, key, value, headers });
    }
  return latest.values();
}

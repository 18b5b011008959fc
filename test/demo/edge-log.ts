/** What stands in the edge's log, read without the library: through the HTTP face that people use, and from the files. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ReadRecord } from "./demo-page.ts";

export interface EdgeLog {
  /** The end of each partition. */
  readonly ends: readonly number[];
  readonly records: readonly ReadRecord[];
}

interface RecordsPage {
  readonly records: readonly { readonly offset: number; readonly key: string; readonly value: string }[];
  readonly nextOffset: number;
  readonly highWatermark: number;
}

export async function readEdgeLog(url: string, topic: string, partitions: number): Promise<EdgeLog> {
  const records: ReadRecord[] = [];
  const ends: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    let offset = 0;
    for (;;) {
      const response = await fetch(`${url}/v1/topics/${topic}/partitions/${partition}/records?offset=${offset}`);
      if (!response.ok) throw new Error(`reading partition ${partition} at ${offset}: ${await response.text()}`);
      const page = (await response.json()) as RecordsPage;
      for (const { offset: at, key, value } of page.records) records.push({ partition, offset: at, key, value });
      offset = page.nextOffset;
      if (offset >= page.highWatermark) break;
    }
    ends.push(offset);
  }
  return { ends, records };
}

export interface StoredRows {
  /** Rows of the log: one for each run. */
  readonly runs: number;
  readonly bytes: number;
  /** All rows that were ever written in the partitions' objects. */
  readonly rowsWritten: number;
}

/**
 * Counts in the SQLite files of a broker that has stopped. Producer snapshots are rewritten in place, one for each ten
 * runs; below 640 runs in a partition each has been written once, so counting them counts the writes.
 */
export function countStoredRows(storageDir: string): StoredRows {
  const folder = join(storageDir, "PartitionObject");
  let [runs, bytes, rowsWritten] = [0, 0, 0];
  for (const name of readdirSync(folder).filter((one) => one.endsWith(".sqlite"))) {
    const database = new DatabaseSync(join(folder, name));
    try {
      const tables = database.prepare("SELECT COUNT(*) AS n FROM sqlite_master WHERE name = 'runs'").get();
      if (Number(tables?.["n"]) === 0) continue;
      const log = database.prepare("SELECT COUNT(*) AS runs, TOTAL(size) AS bytes FROM runs").get();
      const shards = Number(database.prepare("SELECT COUNT(*) AS n FROM producer_shards").get()?.["n"]);
      const ofLog = Number(log?.["runs"]);
      if (ofLog >= 640) throw new Error(`${ofLog} runs in one partition: its snapshots can no longer be counted`);
      runs += ofLog;
      bytes += Number(log?.["bytes"]);
      rowsWritten += ofLog + shards + 1;
    } finally {
      database.close();
    }
  }
  return { runs, bytes, rowsWritten };
}

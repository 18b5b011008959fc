/** A device whose replica is filled as a fetch would, one row for each run. */
import type { FetchedRun, PartitionRef } from "../../../client/log/device-log.ts";
import type { PartitionRow, TopicRow } from "../../../client/log/rows.ts";
import { partitionKey } from "../../../client/log/keys.ts";
import type { Crc, LeaderEpoch, Offset, Partition, TopicId } from "../../../shared/brands.ts";
import { batchLastOffset, patchLogPosition } from "../../../shared/record-batch.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { records, readBatch } from "../../../shared/record-batch-decode.ts";
import { openBatch } from "../../../shared/gzip.ts";
import { Tab, TOPIC_ID } from "../log/log-fixture.ts";
import type { Store } from "../../../client/log/store.ts";

const text = new TextDecoder();

export interface TestRecord {
  readonly key?: string | null;
  /** Null: a tombstone. */
  readonly value: string | null;
  readonly timestamp?: number;
}

export function runOf(ref: PartitionRef, at: number, made: Uint8Array, more: Partial<FetchedRun> = {}): FetchedRun {
  const bytes = made.slice();
  patchLogPosition(bytes, 0, { baseOffset: at as Offset, leaderEpoch: 1 });
  const nextOffset = (batchLastOffset(bytes, 0) + 1) as Offset;
  const bounds = { highWatermark: nextOffset, logStartOffset: 0 as Offset, leaderEpoch: epoch(1) };
  const range = { from: at as Offset, firstOffset: at as Offset, nextOffset };
  return { ref, ...range, bytes, restart: false, lastCrc: 1 as Crc, ...bounds, ...more };
}

export function epoch(counter: number): LeaderEpoch {
  return { counter, id: "0".repeat(32) } as unknown as LeaderEpoch;
}

export function batchOfRecords(all: readonly TestRecord[]): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  for (const { key = null, value, timestamp = 1_000 } of all) encoder.append({ key, value, timestamp });
  return encoder.finish();
}

export class ReplicaLab {
  readonly tab: Tab;
  readonly ref: PartitionRef;
  #end = 0;

  private constructor(tab: Tab, ref: PartitionRef) {
    this.tab = tab;
    this.ref = ref;
  }

  static async open(topic: Partial<TopicRow> = {}, store?: Store): Promise<ReplicaLab> {
    const tab = await Tab.open(store);
    const ref = await ReplicaLab.topic(tab, "orders", topic);
    return new ReplicaLab(tab, ref);
  }

  static async topic(
    tab: Tab,
    name: string,
    topic: Partial<TopicRow> = {},
    id: TopicId = TOPIC_ID,
  ): Promise<PartitionRef> {
    await tab.learn(name, 1, id);
    const row = await tab.log.catalog.byName(name);
    if (row === undefined) throw new Error("no topic");
    await tab.store.transact(["topics"], { mode: "readwrite" }, (transaction) =>
      transaction.put("topics", row.topicKey, { ...row, followed: true, ...topic }),
    );
    return { topicKey: row.topicKey, partition: 0 as Partition };
  }

  async topicRow(name = "orders"): Promise<TopicRow> {
    const row = await this.tab.log.catalog.byName(name);
    if (row === undefined) throw new Error("no topic");
    return row;
  }

  /** One row. */
  async put(...all: TestRecord[]): Promise<void> {
    await this.putBatch(batchOfRecords(all));
  }

  async putBatch(batch: Uint8Array, more: Partial<FetchedRun> = {}): Promise<void> {
    const run = runOf(this.ref, this.#end, batch, more);
    await this.tab.log.replica.store([run]);
    this.#end = run.nextOffset;
  }

  /** `3:k=v 4:-=v`, as a reader from `from` gets them, page by page. */
  async read(from = 0, bytesMax = 1): Promise<string> {
    const seen: string[] = [];
    let at = from as Offset;
    for (;;) {
      const { runs, nextOffset } = await this.tab.log.replica.read(this.ref, at, bytesMax);
      for (const run of runs)
        seen.push(...(await recordsIn(run)).filter(([offset]) => offset >= at).map(([, said]) => said));
      if (nextOffset === at) return seen.join(" ");
      at = nextOffset;
    }
  }

  async partition(): Promise<PartitionRow> {
    const [row] = await this.tab.log.replica.rows([this.ref]);
    if (row === undefined) throw new Error("no row");
    return row;
  }

  async change(change: Partial<PartitionRow>): Promise<void> {
    const row = await this.partition();
    await this.tab.store.transact(["partitions"], { mode: "readwrite" }, (transaction) =>
      transaction.put("partitions", partitionKey(this.ref), { ...row, ...change }),
    );
  }
}

async function recordsIn(run: Uint8Array): Promise<[number, string][]> {
  const found: [number, string][] = [];
  for (let at = 0; at < run.byteLength;) {
    const reading = readBatch(run, at);
    if (!reading.ok) throw new Error(`damaged at ${at}: ${reading.damage.reason}`);
    for (const record of records(await openBatch(reading.batch))) {
      const [key, value] = [record.key, record.value].map((part) => (part === null ? "-" : text.decode(part)));
      found.push([record.offset, `${record.offset}:${key}=${value}`]);
    }
    at = reading.batch.end;
  }
  return found;
}

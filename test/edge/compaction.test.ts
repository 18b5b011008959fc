/** Compaction over the rows of a Durable Object: the port's promises hold for SQLite, and gzip is workerd's. */
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { Compaction } from "../../edge/partition/compaction/compaction.ts";
import { NOTHING_CLEANED, type Cleaned } from "../../edge/partition/compaction/compaction-rows.ts";
import { newMeta } from "../../edge/partition/partition-meta.ts";
import { LogStore } from "../../edge/partition/log-store.ts";
import { readReceived } from "../../edge/partition/received-batches.ts";
import { createTables } from "../../edge/partition/schema.ts";
import { gzipBatch, openBatch } from "../../shared/gzip.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { BASE_SEQUENCE_AT, batchCrc, patchLogPosition, writeInt32 } from "../../shared/record-batch.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder, writeCrc } from "../../shared/record-batch-encode.ts";

const RECORDS_PER_RUN = 50;
const STEP = { deleteRetentionMs: 1_000, producerStateRetentionMs: 5_000, snapshotsCover: 1_000_000 };

const DEVICE = "4000000000000007" as ProducerId;

/** Keys `k0` to `k49`, except that one run in three has tombstones for half of them. */
async function run(index: number): Promise<Uint8Array> {
  const encoder = new RecordBatchEncoder();
  for (let at = 0; at < RECORDS_PER_RUN; at += 1) {
    const value = index === 3 && at % 2 === 0 ? null : `run ${index} ${"and so on ".repeat(5)}`;
    encoder.append({ key: `k${index === 2 ? at + 100 : at}`, value, timestamp: 1_000 + at });
  }
  const bytes = encoder.finish();
  writeInt32(bytes, BASE_SEQUENCE_AT, index * RECORDS_PER_RUN);
  writeCrc(bytes, 0);
  patchLogPosition(bytes, 0, { baseOffset: index * RECORDS_PER_RUN, leaderEpoch: 0 });
  return index % 2 === 0 ? bytes : await gzipBatch(bytes);
}

function insert(store: LogStore, bytes: Uint8Array, index: number): void {
  const firstSequence = index * RECORDS_PER_RUN;
  const nextSequence = firstSequence + RECORDS_PER_RUN;
  store.insertRun({
    baseOffset: index * RECORDS_PER_RUN,
    lastOffset: (index + 1) * RECORDS_PER_RUN - 1,
    appendedAt: 0,
    maxTimestamp: 1_000 + RECORDS_PER_RUN - 1,
    lastCrc: batchCrc(bytes, 0),
    sizeBefore: index * 5_000,
    producer: { id: DEVICE, epoch: 0, firstSequence, nextSequence, chainAfter: 0 },
    received: null,
    bytes,
  });
}

async function left(store: LogStore): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { baseOffset } of store.runsBehind(0, 100)) {
    const bytes = store.runBytes(baseOffset) ?? new Uint8Array();
    let count = 0;
    for (const batch of batches(bytes)) count += [...records(await openBatch(batch))].length;
    counts[baseOffset] = count;
  }
  return counts;
}

test("rows of SQLite are cleaned, emptied and dropped", async () => {
  const runs = await Promise.all([0, 1, 2, 3, 4].map(run));
  await runInDurableObject(env.PARTITION.get(env.PARTITION.newUniqueId()), async (_, { storage }) => {
    createTables(storage.sql);
    const store = new LogStore(storage);
    for (const [index, bytes] of runs.entries()) insert(store, bytes, index);
    let cleaned: Cleaned = NOTHING_CLEANED;
    const log = {
      startOffset: () => 0,
      cleaned: () => cleaned,
      writeCleaned: (next: Cleaned) => {
        cleaned = next;
      },
    };
    const written = store.rowsWritten;
    const compact = async (nowMs: number): Promise<void> => {
      const compaction = new Compaction(store, log);
      while ((await compaction.step({ ...STEP, nowMs })) === "more");
    };
    await compact(100);
    expect(await left(store)).toEqual({ 0: 0, 50: 0, 100: 50, 150: 50, 200: 50 });
    expect(cleaned).toMatchObject({ cleanedTo: 200, tombstonesSince: 100 });
    // Two that were emptied, and one that notes since when its tombstones stand: each is taken out and put in again.
    expect(store.rowsWritten - written).toBe(6);
    expect(readReceived(store.received(50) ?? new Uint8Array())).toEqual([
      { count: RECORDS_PER_RUN, crc: batchCrc(runs[1] ?? new Uint8Array(), 0) },
    ]);
    expect(store.received(100)).toBeNull();
    await compact(1_100);
    expect(await left(store)).toEqual({ 0: 0, 50: 0, 100: 50, 150: 25, 200: 50 });
    expect(store.runAround(199)?.lastOffset).toBe(199);
    insert(store, await run(5), 5);
    insert(store, await run(6), 6);
    await compact(6_000);
    expect(await left(store)).toEqual({ 100: 50, 250: 50, 300: 50 });
  });
});

test("what compaction takes out of rows is given back by the disk, also where rows are smaller than a page", async () => {
  await runInDurableObject(env.PARTITION.get(env.PARTITION.idFromName("disk")), (_, { storage }) => {
    const store = new LogStore(storage);
    store.create(newMeta({ name: "t", revision: 1, config: {}, growths: [] }, { counter: 0, random: 1 }));
    const columns = { appendedAt: 1, maxTimestamp: 1, lastCrc: 1, producer: null, received: null };
    for (let at = 0; at < 1_000; at += 1)
      store.insertRun({ ...columns, baseOffset: at, lastOffset: at, sizeBefore: 0, bytes: new Uint8Array(1_000) });
    const full = store.databaseBytes;
    const left = { received: new Uint8Array(8), tombstonesSince: null, bytes: new Uint8Array() };
    for (let at = 0; at < 999; at += 1) store.rewriteRun(at, left);
    expect(store.databaseBytes).toBeLessThan(full / 5);
    expect(store.runBytes(999)).toHaveLength(1_000);
    expect(store.runAround(0)).toMatchObject({ baseOffset: 0, lastOffset: 0, appendedAt: 1, size: 0 });
  });
});

/**
 * Compaction of the device's copy: of each key the latest record stays, at its offset, within its batch. A pass learns
 * which keys the newer rows hold, as many as its map may take, and then writes the older rows anew without what those
 * supersede; tombstones stay. The newest row is left alone.
 *
 * A row is read, rewritten outside of any transaction (gzip is asynchronous), and put where nothing of it has changed.
 * What a map says stays true as long as the leader epoch is the same, since an offset holds one record for ever in it.
 */
import type { Offset } from "../../shared/brands.ts";
import { batchesOfRow, openedBatches } from "../../shared/opened-batches.ts";
import { RecordCursor } from "../../shared/record-cursor.ts";
import { rewriteBatch } from "../../shared/rewrite-batch.ts";
import type { PartitionRef } from "./device-log.ts";
import { heldFromOf } from "./held-rows.ts";
import { entriesBetween, firstOf, partitionKey } from "./keys.ts";
import type { LogRow, PartitionRow } from "./rows.ts";
import type { Entry, Store } from "./store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A map of keys costs about 100 bytes and its key each. */
const KEYS_MAX = 32_768;
const KEY_BYTES_MAX = 2 * 1024 * 1024;
/** A pass reads and writes all of the partition: it has to be worth it. */
const DIRTY_OFFSETS_MIN = 1_000;

const latin1 = new TextDecoder("latin1");

export interface CompactionOptions {
  readonly signal: AbortSignal;
  readonly keysMax?: number;
  readonly dirtyOffsetsMin?: number;
}

interface Pass {
  readonly store: Store;
  readonly ref: PartitionRef;
  readonly signal: AbortSignal;
  readonly began: PartitionRow;
}

/** How many bytes fewer the partition takes. */
export async function compactPartition(store: Store, ref: PartitionRef, options: CompactionOptions): Promise<number> {
  const { signal, dirtyOffsetsMin = DIRTY_OFFSETS_MIN, keysMax = KEYS_MAX } = options;
  const began = await store.transact(["partitions"], { mode: "readonly" }, (transaction) =>
    transaction.get<PartitionRow>("partitions", partitionKey(ref)),
  );
  if (began === undefined) return 0;
  const pass = { store, ref, signal, began };
  const from = Math.max(began.compactedTo ?? 0, heldFromOf(began)) as Offset;
  const newest = await lastRow(pass);
  if (newest === null || firstOf(newest.key) - from < dirtyOffsetsMin) return 0;
  const { latest, end } = await learnKeys(pass, from, { end: firstOf(newest.key), keysMax });
  if (end <= from) return 0;
  let freedBytes = 0;
  for (let at = 0; at < end;) {
    const entry = await nextRow(pass, at, end);
    if (entry === null || signal.aborted) break;
    const freed = await rewriteRow(pass, entry, latest);
    if (freed === null) return freedBytes;
    freedBytes += freed;
    at = firstOf(entry.key) + 1;
  }
  if (!signal.aborted) await advance(pass, end as Offset);
  return freedBytes;
}

/** The latest offset of each key in the rows from `from` on, up to `end` or as far as the map has room. */
async function learnKeys(
  pass: Pass,
  from: number,
  limit: { readonly end: number; readonly keysMax: number },
): Promise<{ readonly latest: ReadonlyMap<string, number>; readonly end: number }> {
  const latest = new Map<string, number>();
  let keyBytes = 0;
  let at = from;
  let end = from;
  while (at < limit.end && latest.size < limit.keysMax && keyBytes < KEY_BYTES_MAX && !pass.signal.aborted) {
    const entry = await nextRow(pass, at, limit.end);
    if (entry === null) return { latest, end: limit.end };
    // Behind what is damaged nothing is known: older records of its keys stay, which is what they may.
    for await (const batch of openedBatches(batchesOfRow(entry.value.bytes) ?? [])) {
      if (batch.kind !== "records") continue;
      const cursor = new RecordCursor(batch.opened);
      while (cursor.next()) {
        const key = cursor.view(cursor.keyStart, cursor.keyEnd);
        if (key === null) continue;
        const name = latin1.decode(key);
        if (!latest.has(name)) keyBytes += key.byteLength;
        latest.set(name, cursor.offset);
      }
    }
    // Not behind its end: the next may begin within it.
    at = firstOf(entry.key) + 1;
    end = Math.max(end, entry.value.lastOffset + 1);
  }
  return { latest, end: Math.min(end, limit.end) };
}

/** Null: the log is another one by now, or the row is; the pass ends. */
async function rewriteRow(
  pass: Pass,
  { key, value }: Entry<LogRow>,
  latest: ReadonlyMap<string, number>,
): Promise<number | null> {
  const bytes = await withoutSuperseded(value.bytes, latest);
  if (bytes === null || bytes.byteLength >= value.bytes.byteLength) return 0;
  const put = await pass.store.transact(
    ["partitions", "log"],
    { mode: "readwrite", durability: "relaxed" },
    async (transaction) => {
      const [row, held] = await Promise.all([
        transaction.get<PartitionRow>("partitions", partitionKey(pass.ref)),
        transaction.get<LogRow>("log", key),
      ]);
      if (!sameLog(row, pass) || held === undefined || !sameBytes(held.bytes, value.bytes)) return false;
      if (bytes.byteLength === 0) void transaction.delete("log", key);
      else void transaction.put("log", key, { ...held, bytes } satisfies LogRow);
      return true;
    },
  );
  return put ? value.bytes.byteLength - bytes.byteLength : null;
}

/** Null: all of it stays. */
async function withoutSuperseded(bytes: Bytes, latest: ReadonlyMap<string, number>): Promise<Bytes | null> {
  const stored = batchesOfRow(bytes);
  if (stored === null) return null;
  const parts: Uint8Array[] = [];
  let changed = false;
  for await (const batch of openedBatches(stored)) {
    const original = bytes.subarray(batch.stored.start, batch.stored.end);
    const rewritten =
      batch.kind === "records"
        ? await rewriteBatch(batch, (cursor) => {
            const key = cursor.view(cursor.keyStart, cursor.keyEnd);
            return key === null || (latest.get(latin1.decode(key)) ?? -1) <= cursor.offset;
          })
        : "unchanged";
    changed ||= rewritten !== "unchanged";
    if (rewritten !== "empty") parts.push(rewritten === "unchanged" ? original : rewritten);
  }
  return changed ? joined(parts) : null;
}

async function advance(pass: Pass, end: Offset): Promise<void> {
  const { store, ref } = pass;
  await store.transact(["partitions"], { mode: "readwrite", durability: "relaxed" }, async (transaction) => {
    const row = await transaction.get<PartitionRow>("partitions", partitionKey(ref));
    if (row === undefined || !sameLog(row, pass) || row.compactedTo !== pass.began.compactedTo) return;
    void transaction.put("partitions", partitionKey(ref), { ...row, compactedTo: end } satisfies PartitionRow);
  });
}

async function nextRow({ store, ref }: Pass, from: number, to: number): Promise<Entry<LogRow> | null> {
  const found = await store.transact(["log"], { mode: "readonly" }, (transaction) =>
    transaction.entries<LogRow>("log", entriesBetween(ref, from, to), 1),
  );
  return found[0] ?? null;
}

async function lastRow({ store, ref, began }: Pass): Promise<Entry<LogRow> | null> {
  if (began.replicatedTo === 0) return null;
  const found = await store.transact(["log"], { mode: "readonly" }, (transaction) =>
    transaction.last<LogRow>("log", entriesBetween(ref, 0, began.replicatedTo)),
  );
  return found ?? null;
}

function sameLog(row: PartitionRow | undefined, { began }: Pass): boolean {
  return (row?.leaderEpoch?.counter ?? -1) === (began.leaderEpoch?.counter ?? -1);
}

function sameBytes(a: Bytes, b: Bytes): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}

function joined(parts: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

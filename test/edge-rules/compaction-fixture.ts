/**
 * A log in memory, written and shown in a small language:
 *
 *   a1 b2 | a- / .3 c4      rows between `/`, batches between `|`, records between spaces: a key (`.`: null) and a value
 *                           (`-`: null)
 *   gzip: a1 b2             a batch compressed; also `snappy:`, `control:` and `damaged:` (a false CRC)
 *
 * What is shown has `_` for an offset whose record is gone, `#` for a batch that is gone, `()` for a row that is empty; a row
 * that is gone is not shown, nor is what a batch holds that nobody can open (`?`).
 */
import { Compaction, type CompactionStep } from "../../edge/partition/compaction/compaction.ts";
import { COMPACTION_LIMITS, type CompactionLimits } from "../../edge/partition/compaction/compaction-limits.ts";
import {
  NOTHING_CLEANED,
  type Cleaned,
  type CompactionLog,
  type CompactionRows,
} from "../../edge/partition/compaction/compaction-rows.ts";
import type { CompactedRun, RunColumns } from "../../edge/partition/log-rows.ts";
import type { ProducerId } from "../../shared/brands.ts";
import { gzipBatch, tryOpenBatch } from "../../shared/gzip.ts";
import { bytesOfHex } from "../../shared/producer-identity.ts";
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  CRC_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  batchCrc,
  batchLastOffset,
  isControl,
  patchLogPosition,
  writeInt16,
  writeInt32,
} from "../../shared/record-batch.ts";
import { batches, checkRecords, readBatch, records, type RecordBatch } from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder, writeCrc } from "../../shared/record-batch-encode.ts";
import type { RecordInput } from "../../shared/record.ts";

export const PRODUCER = "4000000000000007" as ProducerId;
const SNAPPY_BITS = 2;
const CONTROL_BIT = 32;

interface Row extends RunColumns {
  readonly received: Uint8Array | null;
  readonly bytes: Uint8Array;
}

export class MemoryLog implements CompactionRows, CompactionLog {
  rows: Row[] = [];
  start = 0;
  state: Cleaned = NOTHING_CLEANED;
  /** Base offsets of rows as they were rewritten. */
  rewritten: number[] = [];
  /** Called before the bytes of a row are handed out. */
  onRead: (baseOffset: number) => void = () => undefined;
  #next = 0;
  #size = 0;

  /** Every row at the time given. */
  async write(script: string, nowMs = 0): Promise<void> {
    for (const row of script.split("/")) {
      const parts: Uint8Array[] = [];
      for (const batch of row.split("|")) {
        const bytes = await batchOf(batch.trim(), this.#next);
        parts.push(bytes);
        this.#next = batchLastOffset(bytes, 0) + 1;
      }
      this.append(parts, { nowMs });
    }
  }

  /** Batches that have their offsets. `producer` false: the row has none. */
  append(parts: readonly Uint8Array[], { nowMs = 0, producer = true } = {}): void {
    const bytes = new Uint8Array(Buffer.concat(parts));
    const last = parts.at(-1) as Uint8Array;
    this.#next = batchLastOffset(last, 0) + 1;
    const baseOffset = Number(Buffer.from(bytes).readBigInt64BE(0));
    this.rows.push({
      baseOffset,
      lastOffset: this.#next - 1,
      appendedAt: nowMs,
      maxTimestamp: 0,
      lastCrc: batchCrc(last, 0),
      size: bytes.length,
      sizeBefore: this.#size,
      // As `sealed` numbers them.
      firstSequence: producer ? baseOffset : null,
      tombstonesSince: null,
      received: null,
      bytes,
    });
    this.#size += bytes.length;
  }

  startOffset = (): number => this.start;
  cleaned = (): Cleaned => this.state;
  writeCleaned = (cleaned: Cleaned): void => {
    this.state = cleaned;
  };
  transaction = <Result>(body: () => Result): Result => body();
  firstRun = (): RunColumns | null => this.rows[0] ?? null;
  lastRun = (): RunColumns | null => this.rows.at(-1) ?? null;
  runAround = (offset: number): RunColumns | null =>
    this.rows.findLast(({ baseOffset }) => baseOffset <= offset) ?? null;
  runsBehind = (offset: number, limit: number): RunColumns[] =>
    this.rows.filter(({ baseOffset }) => baseOffset >= offset).slice(0, limit);
  received = (baseOffset: number): Uint8Array | null => this.#row(baseOffset)?.received ?? null;
  runBytes = (baseOffset: number): Uint8Array | null => {
    const bytes = this.#row(baseOffset)?.bytes ?? null;
    this.onRead(baseOffset);
    return bytes;
  };
  rewriteRun = (baseOffset: number, run: CompactedRun): void => {
    this.rewritten.push(baseOffset);
    this.rows = this.rows.map((row) =>
      row.baseOffset === baseOffset ? { ...row, ...run, size: run.bytes.length } : row,
    );
  };
  deleteRun = (baseOffset: number): void => {
    this.rows = this.rows.filter((row) => row.baseOffset !== baseOffset);
  };
  /** What retention does. */
  dropBelow(offset: number): void {
    this.start = offset;
    this.rows = this.rows.filter(({ lastOffset }) => lastOffset >= offset);
  }

  #row(baseOffset: number): Row | undefined {
    return this.rows.find((row) => row.baseOffset === baseOffset);
  }
}

export const STEP: CompactionStep = {
  nowMs: 0,
  deleteRetentionMs: 1_000,
  producerStateRetentionMs: 1_000_000,
  snapshotsCover: 0,
};

/** Steps until nothing is left to do; how many. */
export async function compact(
  log: MemoryLog,
  options: Partial<CompactionStep> & { readonly limits?: Partial<CompactionLimits> } = {},
): Promise<number> {
  const compaction = new Compaction(log, log, { ...COMPACTION_LIMITS, ...options.limits });
  for (let steps = 1; steps < 10_000; steps += 1) {
    if ((await compaction.step({ ...STEP, ...options })) === "done") return steps;
  }
  throw new Error("compaction comes to no end");
}

/** The plain batch of these records at the offset, as a device seals it. */
export function sealed(list: readonly RecordInput[], baseOffset: number): Uint8Array {
  const encoder = new RecordBatchEncoder();
  for (const record of list) encoder.append(record);
  const bytes = encoder.finish();
  patchLogPosition(bytes, 0, { baseOffset, leaderEpoch: 0 });
  bytes.set(bytesOfHex(PRODUCER), PRODUCER_ID_AT);
  writeInt16(bytes, PRODUCER_EPOCH_AT, 0);
  writeInt32(bytes, BASE_SEQUENCE_AT, baseOffset);
  writeCrc(bytes, 0);
  return bytes;
}

async function batchOf(text: string, baseOffset: number): Promise<Uint8Array> {
  const [, kind = "", list = ""] = /^(?:(\w+): )?(.*)$/.exec(text) ?? [];
  const padding = kind === "gzip" ? ` ${"~".repeat(200)}` : "";
  const inputs = list.split(" ").map((word, index): RecordInput => {
    const [key, value] = [word.slice(0, 1), word.slice(1)];
    return {
      key: key === "." ? null : key,
      value: value === "-" ? null : value + padding,
      timestamp: 1_000 + baseOffset + index,
    };
  });
  const bytes = sealed(inputs, baseOffset);
  if (kind === "gzip") return await gzipBatch(bytes);
  if (kind === "snappy") writeInt16(bytes, ATTRIBUTES_AT, SNAPPY_BITS);
  if (kind === "control") writeInt16(bytes, ATTRIBUTES_AT, CONTROL_BIT);
  if (kind !== "") writeCrc(bytes, 0);
  if (kind === "damaged") writeInt32(bytes, CRC_AT, ~batchCrc(bytes, 0));
  return bytes;
}

export async function show(log: MemoryLog): Promise<string> {
  const rows: string[] = [];
  for (const row of log.rows) rows.push(await showRow(row));
  return rows.join(" / ");
}

async function showRow({ baseOffset, lastOffset, bytes }: Row): Promise<string> {
  if (bytes.length === 0) return "()";
  const shown: string[] = [];
  let next = baseOffset;
  for (let at = 0; at < bytes.length;) {
    const reading = readBatch(bytes, at, { crc: false });
    if (!reading.ok) throw new Error(reading.damage.reason);
    const { batch } = reading;
    if (batch.baseOffset > next) shown.push("#");
    shown.push(await showBatch(batch));
    next = batch.baseOffset + batch.lastOffsetDelta + 1;
    at = batch.end;
  }
  if (next <= lastOffset) shown.push("#");
  return shown.join(" | ");
}

async function showBatch(batch: RecordBatch): Promise<string> {
  if (isControl(batch.attributes) || !readBatch(batch.bytes, batch.start).ok) return "?";
  const opened = await tryOpenBatch(batch);
  if (!opened.ok) return "?";
  const words = Array.from({ length: batch.lastOffsetDelta + 1 }, () => "_");
  for (const { offset, key, value } of records(opened.batch)) words[offset - batch.baseOffset] = wordOf(key, value);
  return words.join(" ");
}

function wordOf(key: Uint8Array | null, value: Uint8Array | null): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  return (key === null ? "." : text(key)) + (value === null ? "-" : (text(value).split(" ")[0] ?? ""));
}

/** Every record that can be read, in order; throws where a batch is not sound. */
export async function readAll(log: MemoryLog): Promise<{ offset: number; key: string | null; word: string }[]> {
  const found: { offset: number; key: string | null; word: string }[] = [];
  for (const row of log.rows) {
    for (const batch of batches(row.bytes)) {
      const opened = await tryOpenBatch(batch);
      if (!opened.ok || isControl(batch.attributes)) continue;
      const damage = checkRecords(opened.batch);
      if (damage !== null) throw new Error(damage.reason);
      for (const { offset, key, value } of records(opened.batch)) {
        found.push({ offset, key: key === null ? null : Buffer.from(key).toString(), word: wordOf(key, value) });
      }
    }
  }
  return found;
}

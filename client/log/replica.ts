/** What was committed, as far as this device holds it. Fetched again at any time, so nothing here waits for the disk. */
import type { Offset } from "../../shared/brands.ts";
import { readBounded } from "./bounded-read.ts";
import { dropBatchesBelow } from "./batch-codec.ts";
import type { FetchedRun, GroupOffset, PartitionRef, ReadResult, Replica } from "./device-log.ts";
import {
  ALL_GROUPS,
  entriesBetween,
  firstOf,
  groupOf,
  offsetKey,
  offsetsOfGroup,
  partitionKey,
  placeOf,
} from "./keys.ts";
import { offsetRow } from "./group-state.ts";
import { heldFromOf } from "./held-rows.ts";
import { NEW_PARTITION, plus } from "./partition-row.ts";
import { storeRun, storesOfRuns } from "./replica-store.ts";
import type { LogRow, OffsetRow, PartitionRow } from "./rows.ts";
import type { Entry, Store, StoreTransaction } from "./store.ts";
import { recordForTime, rowForTime, timeOfFirst } from "./time-index.ts";
import { nextTurn, turnOf } from "./turn-over.ts";

/** Small local batches are many; a read takes at most so many of them. */
const ROWS_PER_READ_MAX = 4_096;

const TIME_READ_BYTES = 1024 * 1024;
const ALL_AT_ONCE = 2 ** 31;

export class StoredReplica implements Replica {
  readonly #store: Store;

  constructor(options: { readonly store: Store }) {
    this.#store = options.store;
  }

  async rows(refs: readonly PartitionRef[]): Promise<(PartitionRow | undefined)[]> {
    if (refs.length === 0) return [];
    return await this.#store.transact(["partitions"], { mode: "readonly" }, (transaction) =>
      Promise.all(refs.map((ref) => transaction.get<PartitionRow>("partitions", partitionKey(ref)))),
    );
  }

  async store(runs: readonly FetchedRun[]): Promise<PartitionRef[]> {
    if (runs.length === 0) return [];
    return await this.#store.transact(
      storesOfRuns(runs),
      { mode: "readwrite", durability: "relaxed" },
      async (transaction) => {
        const news: PartitionRef[] = [];
        for (const run of runs) if (await storeRun(transaction, run)) news.push(run.ref);
        return news;
      },
    );
  }

  async read(ref: PartitionRef, offset: Offset, bytesMax: number): Promise<ReadResult> {
    return await this.#store.transact(["partitions", "log"], { mode: "readonly" }, async (transaction) => {
      // Asked for together: most reads are of a row that is there.
      const [row = NEW_PARTITION, containing] = await Promise.all([
        transaction.get<PartitionRow>("partitions", partitionKey(ref)),
        transaction.last<LogRow>("log", entriesBetween(ref, 0, offset + 1)),
      ]);
      const { replicatedTo, logStartOffset, highWatermark } = row;
      const cut = row.cutTo === undefined ? {} : { cutTo: row.cutTo };
      const bounds = { replicatedTo, logStartOffset, heldFrom: heldFromOf(row), highWatermark, ...cut };
      const range = { from: offset, to: replicatedTo, bytesMax, containing };
      const entries = offset < replicatedTo ? await readLog(transaction, ref, range) : [];
      return { ...bounds, ...runsOf(entries, offset, replicatedTo) };
    });
  }

  async offsetForTime(ref: PartitionRef, timestamp: number): Promise<Offset | null> {
    const start = await this.#store.transact(["partitions", "log"], { mode: "readonly" }, async (transaction) => {
      const row = await transaction.get<PartitionRow>("partitions", partitionKey(ref));
      if (row === undefined) return null;
      const first = await rowForTime(transaction, ref, row, timestamp);
      return first === null || first > row.logStartOffset ? first : row.logStartOffset;
    });
    for (let from = start; from !== null;) {
      const { runs, nextOffset } = await this.read(ref, from, TIME_READ_BYTES);
      for (const run of runs) {
        const found = await recordForTime(run, from, timestamp);
        if (found !== null) return found < nextOffset ? found : null;
      }
      from = nextOffset > from ? nextOffset : null;
    }
    return null;
  }

  async timeAt(ref: PartitionRef, offset: Offset): Promise<number | null> {
    const { runs } = await this.read(ref, offset, 1);
    for (const run of runs) {
      const time = await timeOfFirst(run, offset);
      if (time !== null) return time;
    }
    return null;
  }

  async committedBy(group: string): Promise<{ readonly ref: PartitionRef; readonly offset: Offset }[]> {
    const entries = await this.#store.transact(["offsets"], { mode: "readonly" }, (transaction) =>
      transaction.entries<OffsetRow>("offsets", offsetsOfGroup(group), ALL_AT_ONCE),
    );
    return entries.map(({ key, value: { offset } }) => ({ ref: placeOf(key), offset }));
  }

  async groups(): Promise<string[]> {
    const entries = await this.#store.transact(["offsets"], { mode: "readonly" }, (transaction) =>
      transaction.entries<OffsetRow>("offsets", ALL_GROUPS, ALL_AT_ONCE),
    );
    return [...new Set(entries.map(({ key }) => groupOf(key)))];
  }

  async committed(group: string, ref: PartitionRef): Promise<Offset | null> {
    return (await this.#offsetRow(group, ref))?.offset ?? null;
  }

  async cutFrom(group: string, ref: PartitionRef): Promise<Offset | null> {
    return (await this.#offsetRow(group, ref))?.cutFrom ?? null;
  }

  async readFrom(group: string, ref: PartitionRef): Promise<Offset | null> {
    return (await this.#offsetRow(group, ref))?.readFrom ?? null;
  }

  async #offsetRow(group: string, ref: PartitionRef): Promise<OffsetRow | undefined> {
    return await this.#store.transact(["offsets"], { mode: "readonly" }, (transaction) =>
      transaction.get<OffsetRow>("offsets", offsetKey(group, ref)),
    );
  }

  /** Relaxed: a machine that ends has no tab left whose turn it could still be. */
  async beginTurns(group: string, refs: readonly PartitionRef[]): Promise<number[]> {
    return await this.#store.transact(["offsets"], { mode: "readwrite", durability: "relaxed" }, (transaction) =>
      Promise.all(refs.map((ref) => nextTurn(transaction, group, ref))),
    );
  }

  async turns(group: string, refs: readonly PartitionRef[]): Promise<number[]> {
    return await this.#store.transact(["offsets"], { mode: "readonly" }, (transaction) =>
      Promise.all(refs.map((ref) => turnOf(transaction, group, ref))),
    );
  }

  /** Relaxed: a commit that the machine's end undoes makes records come again, which a consumer must bear anyway. */
  async commit(group: string, offsets: readonly GroupOffset[]): Promise<PartitionRef[]> {
    if (offsets.length === 0) return [];
    return await this.#store.transact(
      ["offsets"],
      { mode: "readwrite", durability: "relaxed" },
      async (transaction) => {
        const write = async ({ ref, offset, readFrom, turn }: GroupOffset): Promise<boolean> => {
          if (turn === undefined) await nextTurn(transaction, group, ref);
          else if ((await turnOf(transaction, group, ref)) !== turn) return false;
          void transaction.put("offsets", offsetKey(group, ref), offsetRow(offset, readFrom));
          return true;
        };
        const written = await Promise.all(offsets.map(write));
        return offsets.flatMap(({ ref }, index) => (written[index] === true ? [] : [ref]));
      },
    );
  }
}

interface LogRange {
  readonly from: Offset;
  readonly to: Offset;
  readonly bytesMax: number;
  /** The last row that begins at or below `from`. */
  readonly containing: Entry<LogRow> | undefined;
}

/** Rows from the one that contains the offset, or from the next where retention took that one. */
async function readLog(
  transaction: StoreTransaction,
  ref: PartitionRef,
  { from, to, bytesMax, containing }: LogRange,
): Promise<Entry<LogRow>[]> {
  const begins = containing !== undefined && containing.value.lastOffset >= from ? [containing] : [];
  const bytes = begins[0]?.value.bytes.byteLength ?? 0;
  // An empty range is a DataError to IndexedDB.
  if (bytes >= bytesMax || from + 1 >= to) return begins;
  const rest = await readBounded<LogRow>(transaction, "log", entriesBetween(ref, from + 1, to), {
    bytesMax: bytesMax - bytes,
    countMax: ROWS_PER_READ_MAX,
  });
  const [next] = rest;
  const tooMuch = begins.length > 0 && next !== undefined && bytes + next.value.bytes.byteLength > bytesMax;
  return tooMuch ? begins : [...begins, ...rest];
}

function runsOf(
  entries: readonly Entry<LogRow>[],
  offset: Offset,
  replicatedTo: Offset,
): Pick<ReadResult, "runs" | "nextOffset"> {
  // Nothing is held between here and there, nor will it be: retention or a truncation took it.
  if (entries.length === 0) return { runs: [], nextOffset: offset < replicatedTo ? replicatedTo : offset };
  const runs: Uint8Array<ArrayBuffer>[] = [];
  let nextOffset = offset;
  for (const { key, value } of entries) {
    if (value.lastOffset < nextOffset) continue;
    // Only the first may begin before the asked offset: what an overlap holds twice is given once.
    const overlaps = runs.length > 0 && firstOf(key) < nextOffset;
    runs.push(overlaps ? dropBatchesBelow(value.bytes, nextOffset) : value.bytes);
    nextOffset = plus(value.lastOffset, 1);
  }
  return { runs, nextOffset: Math.max(offset, Math.min(nextOffset, replicatedTo)) as Offset };
}

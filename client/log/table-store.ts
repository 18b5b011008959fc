/**
 * The latest record of each key of a topic, kept beside the log, and how far into it that goes. What is new is put behind
 * what is there; once that is as much again, the whole is written anew without what was overtaken. Whoever keeps it (one
 * tab at a time) says from where it read: what was read before the log began anew is refused.
 */
import type { Offset, Partition, TopicKey } from "../../shared/brands.ts";
import { segmentKey, segmentsAfter, tableKey } from "./keys.ts";
import type { TablePositionRow, TableSegmentRow } from "./rows.ts";
import type { Store, StoreTransaction } from "./store.ts";
import { foldSegments, segmentsOf, type TableRecord } from "./table-segments.ts";

export interface TableProgress {
  readonly topicKey: TopicKey;
  readonly partition: Partition;
  /** Where reading began, and what the table said of restarts then. */
  readonly from: Offset;
  readonly restarts: number;
  readonly to: Offset;
  readonly latest: Iterable<TableRecord>;
}

export interface TablePart {
  readonly segments: readonly TableSegmentRow[];
  /** Behind which to go on; null: that was all. */
  readonly last: number | null;
  /** Another than before: what was read before is not of one piece with this. */
  readonly rewrites: number;
}

const NEW_TABLE: TablePositionRow = {
  positions: [],
  restarts: 0,
  rewrites: 0,
  next: 0,
  settledBytes: 0,
  freshBytes: 0,
};
/** Below, a rewrite gains nothing. */
const FRESH_BYTES_MIN = 1024 * 1024;
const SEGMENTS_AT_ONCE = 4;
/** `getAll` takes a count below 2^32. */
const ALL = 2 ** 31;

export class StoredTables {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async has(topicKey: TopicKey): Promise<boolean> {
    return (await this.#known(topicKey)) !== undefined;
  }

  /** Made where there is none. */
  async position(topicKey: TopicKey): Promise<TablePositionRow> {
    const known = await this.#known(topicKey);
    if (known !== undefined) return known;
    return await this.#change(async (transaction) => {
      const row = (await transaction.get<TablePositionRow>("tables", tableKey(topicKey))) ?? NEW_TABLE;
      putPosition(transaction, topicKey, row);
      return row;
    });
  }

  /** In their order, behind `after`; null: from the first. */
  async read(topicKey: TopicKey, after: number | null): Promise<TablePart> {
    return await this.#store.transact(["tables"], { mode: "readonly" }, async (transaction) => {
      const [row, entries] = await Promise.all([
        transaction.get<TablePositionRow>("tables", tableKey(topicKey)),
        transaction.entries<TableSegmentRow>("tables", segmentsAfter(topicKey, after), SEGMENTS_AT_ONCE),
      ]);
      const key = entries.at(-1)?.key as readonly [number, number] | undefined;
      const last = entries.length < SEGMENTS_AT_ONCE || key === undefined ? null : key[1];
      return { segments: entries.map(({ value }) => value), last, rewrites: row?.rewrites ?? 0 };
    });
  }

  /** False: the table is elsewhere by now, nothing was changed. */
  async advance({ topicKey, partition, from, to, restarts, latest }: TableProgress): Promise<boolean> {
    const segments = segmentsOf(latest);
    return await this.#change(async (transaction) => {
      const row = await transaction.get<TablePositionRow>("tables", tableKey(topicKey));
      if (row === undefined || row.restarts !== restarts || (row.positions[partition] ?? 0) !== from) return false;
      const positions = [...row.positions];
      while (positions.length < partition) positions.push(0 as Offset);
      positions[partition] = to;
      const { next, bytes } = add(transaction, topicKey, row.next, segments);
      const after = { ...row, positions, next, freshBytes: row.freshBytes + bytes };
      const rewrites = after.freshBytes >= Math.max(FRESH_BYTES_MIN, after.settledBytes);
      putPosition(transaction, topicKey, rewrites ? await rewrite(transaction, topicKey, after) : after);
      return true;
    });
  }

  async drop(topicKey: TopicKey): Promise<void> {
    await this.#change(async (transaction) => {
      void transaction.delete("tables", tableKey(topicKey));
      void transaction.delete("tables", segmentsAfter(topicKey, null));
    });
  }

  #known(topicKey: TopicKey): Promise<TablePositionRow | undefined> {
    return this.#store.transact(["tables"], { mode: "readonly" }, (transaction) =>
      transaction.get<TablePositionRow>("tables", tableKey(topicKey)),
    );
  }

  /** What is lost is read from the log again. */
  #change<Result>(body: (transaction: StoreTransaction) => Promise<Result>): Promise<Result> {
    return this.#store.transact(["tables"], { mode: "readwrite", durability: "relaxed" }, body);
  }
}

function putPosition(transaction: StoreTransaction, topicKey: TopicKey, row: TablePositionRow): void {
  void transaction.put("tables", tableKey(topicKey), row);
}

function add(
  transaction: StoreTransaction,
  topicKey: TopicKey,
  from: number,
  segments: readonly TableSegmentRow[],
): { readonly next: number; readonly bytes: number } {
  let [next, bytes] = [from, 0];
  for (const segment of segments) {
    void transaction.put("tables", segmentKey(topicKey, next), segment);
    next += 1;
    bytes += segment.bytes.byteLength;
  }
  return { next, bytes };
}

async function rewrite(
  transaction: StoreTransaction,
  topicKey: TopicKey,
  row: TablePositionRow,
): Promise<TablePositionRow> {
  const all = await transaction.entries<TableSegmentRow>("tables", segmentsAfter(topicKey, null), ALL);
  void transaction.delete("tables", segmentsAfter(topicKey, null));
  const segments = segmentsOf(foldSegments(all.map(({ value }) => value)));
  const { next, bytes } = add(transaction, topicKey, row.next, segments);
  return { ...row, next, settledBytes: bytes, freshBytes: 0, rewrites: row.rewrites + 1 };
}

/** Within the transaction in which a partition's log begins anew: what it held may never have been. */
export async function restartTable(transaction: StoreTransaction, topicKey: TopicKey): Promise<void> {
  const row = await transaction.get<TablePositionRow>("tables", tableKey(topicKey));
  if (row === undefined) return;
  void transaction.delete("tables", segmentsAfter(topicKey, null));
  const { next, rewrites, restarts } = row;
  putPosition(transaction, topicKey, { ...NEW_TABLE, next, rewrites: rewrites + 1, restarts: restarts + 1 });
}

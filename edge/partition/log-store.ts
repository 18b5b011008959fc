/** All SQL of the partition's log. Cursors are read to their end, or dropped, before anything else happens. */
import type { LeaderEpoch, ProducerId } from "../../shared/brands.ts";
import { createTables, hasTables } from "./schema.ts";

export interface PartitionMeta {
  readonly topic: string;
  readonly leaderEpoch: LeaderEpoch;
}

export interface RunRow {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly appendedAt: number;
  /** Running maximum over the log. */
  readonly maxTimestamp: number;
  readonly lastCrc: number;
  readonly producer: RunRowProducer | null;
  readonly bytes: Uint8Array;
}

export interface RunRowProducer {
  readonly id: ProducerId;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly nextSequence: number;
  /** Of a device producer. */
  readonly chainAfter: number | null;
}

export interface ProducerRun extends RunRowProducer {
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** `[from, end)`. */
export interface SequenceRange {
  readonly from: number;
  readonly end: number;
}

export interface LogEnd {
  readonly nextOffset: number;
  readonly appendedAt: number;
  readonly maxTimestamp: number;
  readonly lastCrc: number | null;
}

export interface ShardRow {
  readonly shard: number;
  readonly covers: number;
  readonly states: string;
}

type Columns = Record<string, SqlStorageValue>;

export class LogStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** Rows written by this instance, as they are billed. */
  rowsWritten = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /** Either all of the body's writes are there afterwards, or none: a throw alone undoes nothing outside of this. */
  transaction<Result>(body: () => Result): Result {
    return this.#storage.transactionSync(body);
  }

  meta(): PartitionMeta | null {
    if (!hasTables(this.#sql)) return null;
    const row = this.#sql.exec<{ value: string }>("SELECT value FROM meta WHERE id = 1").toArray()[0];
    return row === undefined ? null : (JSON.parse(row.value) as PartitionMeta);
  }

  create(meta: PartitionMeta): void {
    this.transaction(() => {
      createTables(this.#sql);
      this.#write("INSERT INTO meta (id, value) VALUES (1, ?)", JSON.stringify(meta));
    });
  }

  insertRun(row: RunRow): void {
    const { producer } = row;
    this.#write(
      `INSERT INTO runs (base_offset, last_offset, appended_at, max_timestamp, last_crc, size, producer_id,
        producer_epoch, first_sequence, next_sequence, chain_after, received_crcs, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)`,
      row.baseOffset,
      row.lastOffset,
      row.appendedAt,
      row.maxTimestamp,
      row.lastCrc,
      row.bytes.byteLength,
      producer?.id ?? null,
      producer?.epoch ?? null,
      producer?.firstSequence ?? null,
      producer?.nextSequence ?? null,
      producer?.chainAfter ?? null,
      row.bytes,
    );
  }

  writeShard(row: ShardRow): void {
    this.#write(
      "INSERT OR REPLACE INTO producer_shards (shard, covers, states) VALUES (?, ?, ?)",
      row.shard,
      row.covers,
      row.states,
    );
  }

  shards(): ShardRow[] {
    return this.#sql
      .exec<Columns>("SELECT shard, covers, states FROM producer_shards ORDER BY shard")
      .toArray()
      .map((row) => ({
        shard: Number(row["shard"]),
        covers: Number(row["covers"]),
        states: text(row["states"]),
      }));
  }

  end(): LogEnd {
    const row = this.#sql
      .exec<Columns>(
        "SELECT last_offset, appended_at, max_timestamp, last_crc FROM runs ORDER BY base_offset DESC LIMIT 1",
      )
      .toArray()[0];
    if (row === undefined) return { nextOffset: 0, appendedAt: 0, maxTimestamp: -1, lastCrc: null };
    return {
      nextOffset: Number(row["last_offset"]) + 1,
      appendedAt: Number(row["appended_at"]),
      maxTimestamp: Number(row["max_timestamp"]),
      lastCrc: Number(row["last_crc"]),
    };
  }

  startOffset(): number {
    const row = this.#sql.exec<Columns>("SELECT base_offset FROM runs ORDER BY base_offset LIMIT 1").toArray()[0];
    return row === undefined ? 0 : Number(row["base_offset"]);
  }

  /** Columns alone, in offset order. */
  *producerRunsFrom(offset: number): Generator<ProducerRun> {
    const cursor = this.#sql.exec<Columns>(
      `SELECT base_offset, last_offset, producer_id, producer_epoch, first_sequence, next_sequence, chain_after
       FROM runs WHERE base_offset >= ? AND producer_id IS NOT NULL ORDER BY base_offset`,
      offset,
    );
    for (const row of cursor) yield producerRunOf(row);
  }

  /** The runs of this producer with any of these sequences. Goes through all rows: what is long past is rarely asked for. */
  producerRunsWithin(id: ProducerId, { from, end }: SequenceRange): ProducerRun[] {
    return this.#sql
      .exec<Columns>(
        `SELECT base_offset, last_offset, producer_id, producer_epoch, first_sequence, next_sequence, chain_after
         FROM runs WHERE producer_id = ? AND next_sequence > ? AND first_sequence < ? ORDER BY base_offset`,
        id,
        from,
        end,
      )
      .toArray()
      .map(producerRunOf);
  }

  /** The runs from the one that contains the offset, while `more` asks for them. */
  *runsFrom(offset: number): Generator<{ readonly baseOffset: number; readonly bytes: Uint8Array }> {
    const cursor = this.#sql.exec<Columns>(
      `SELECT base_offset, bytes FROM runs
       WHERE base_offset >= (SELECT MAX(base_offset) FROM runs WHERE base_offset <= ?) ORDER BY base_offset`,
      offset,
    );
    for (const row of cursor) yield { baseOffset: Number(row["base_offset"]), bytes: blob(row["bytes"]) };
  }

  /** The bounds of the run that contains the offset. */
  runAround(offset: number): {
    readonly baseOffset: number;
    readonly lastOffset: number;
    readonly maxTimestamp: number;
    readonly lastCrc: number;
  } | null {
    const row = this.#sql
      .exec<Columns>(
        "SELECT base_offset, last_offset, max_timestamp, last_crc FROM runs WHERE base_offset <= ? ORDER BY base_offset DESC LIMIT 1",
        offset,
      )
      .toArray()[0];
    if (row === undefined) return null;
    return {
      baseOffset: Number(row["base_offset"]),
      lastOffset: Number(row["last_offset"]),
      maxTimestamp: Number(row["max_timestamp"]),
      lastCrc: Number(row["last_crc"]),
    };
  }

  runBytes(baseOffset: number): Uint8Array | null {
    const row = this.#sql.exec<Columns>("SELECT bytes FROM runs WHERE base_offset = ?", baseOffset).toArray()[0];
    return row === undefined ? null : blob(row["bytes"]);
  }

  #write(query: string, ...values: SqlStorageValue[] | (SqlStorageValue | Uint8Array)[]): void {
    const cursor = this.#sql.exec(query, ...(values as SqlStorageValue[]));
    this.rowsWritten += cursor.rowsWritten;
  }
}

function producerRunOf(row: Columns): ProducerRun {
  const chainAfter = row["chain_after"];
  return {
    id: text(row["producer_id"]) as ProducerId,
    epoch: Number(row["producer_epoch"]),
    firstSequence: Number(row["first_sequence"]),
    nextSequence: Number(row["next_sequence"]),
    chainAfter: chainAfter === null ? null : Number(chainAfter),
    baseOffset: Number(row["base_offset"]),
    lastOffset: Number(row["last_offset"]),
  };
}

function text(value: SqlStorageValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function blob(value: SqlStorageValue | undefined): Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array();
}

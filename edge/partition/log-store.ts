/** The SQL of the partition's log. Cursors are read to their end, or dropped, before anything else happens. */
import type { ProducerId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionMeta } from "./partition-meta.ts";
import type {
  CompactedRun,
  LogState,
  ProducerRun,
  RunColumns,
  RunRow,
  SequenceRange,
  ShardRow,
  StoredRun,
} from "./log-rows.ts";
import { blob, number, text, type Columns } from "./columns.ts";
import { Erasures } from "./compaction/erasures.ts";
import { KEPT_COLUMNS, PRODUCER_COLUMNS, producerRunOf, RUN_COLUMNS, runOf } from "./run-columns.ts";
import { RunScan } from "./run-scan.ts";
import { CountedSql } from "./counted-sql.ts";
import { GroupStore } from "./group-store.ts";
import { createTables, hasTables, SCHEMA_BEFORE_GROUPS, SCHEMA_VERSION } from "./schema.ts";

export class LogStore {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #counted: CountedSql;
  readonly #scan: RunScan;
  /** Of the log, among those written. */
  rowsDeleted = 0;
  bytesRewritten = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#counted = new CountedSql(storage.sql);
    this.#scan = new RunScan(this.#counted);
  }

  erasures(): Erasures {
    return new Erasures(this.#counted);
  }

  groups(): GroupStore {
    return new GroupStore(this.#counted);
  }

  /** Rows written by this instance, as they are billed. */
  get rowsWritten(): number {
    return this.#counted.rowsWritten;
  }

  /** Rows read by this instance, as they are billed. */
  get rowsRead(): number {
    return this.#counted.rowsRead;
  }

  /** Of the whole object, on disk. */
  get databaseBytes(): number {
    return this.#sql.databaseSize;
  }

  /** Either all of the body's writes are there afterwards, or none: a throw alone undoes nothing outside of this. */
  transaction<Result>(body: () => Result): Result {
    return this.#storage.transactionSync(body);
  }

  /** Throws `KAFKA_STORAGE_ERROR` where a version wrote it that is not known here. */
  meta(): PartitionMeta | null {
    if (!hasTables(this.#sql)) return null;
    const row = this.#one("SELECT * FROM meta WHERE id = 1");
    if (row === null) return null;
    const isOlder = row["version"] === SCHEMA_BEFORE_GROUPS;
    if (!isOlder && row["version"] !== SCHEMA_VERSION)
      throw new StrandlineError("KAFKA_STORAGE_ERROR", "the partition was written by another version of Strandline");
    const meta = JSON.parse(text(row["value"])) as PartitionMeta;
    if (isOlder) this.create(meta);
    return meta;
  }

  /** Of tables that are there already it makes those that are missing. */
  create(meta: PartitionMeta): void {
    this.transaction(() => {
      createTables(this.#sql);
      this.writeMeta(meta);
    });
  }

  writeMeta(meta: PartitionMeta): void {
    const value = JSON.stringify(meta);
    this.#counted.write("INSERT OR REPLACE INTO meta (id, version, value) VALUES (1, ?, ?)", SCHEMA_VERSION, value);
  }

  state(): LogState | null {
    const row = this.#one("SELECT value FROM log_state WHERE id = 1");
    return row === null ? null : (JSON.parse(text(row["value"])) as LogState);
  }

  writeState(state: LogState): void {
    this.#counted.write("INSERT OR REPLACE INTO log_state (id, value) VALUES (1, ?)", JSON.stringify(state));
  }

  insertRun(row: RunRow): void {
    const { producer } = row;
    this.#counted.write(
      `INSERT INTO runs (base_offset, last_offset, appended_at, max_timestamp, last_crc, size, size_before, producer_id,
        producer_epoch, first_sequence, next_sequence, chain_after, tombstones_since, received, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)`,
      row.baseOffset,
      row.lastOffset,
      row.appendedAt,
      row.maxTimestamp,
      row.lastCrc,
      row.bytes.byteLength,
      row.sizeBefore,
      producer?.id ?? null,
      producer?.epoch ?? null,
      producer?.firstSequence ?? null,
      producer?.nextSequence ?? null,
      producer?.chainAfter ?? null,
      row.received,
      row.bytes,
    );
  }

  /**
   * Taken out and put in again, which is billed as two rows: SQLite gives back pages that a smaller row leaves half empty
   * only where rows are deleted, and a compacted log would fill its disk with them.
   */
  rewriteRun(baseOffset: number, { received, tombstonesSince, bytes }: CompactedRun): void {
    this.transaction(() => {
      const row = this.#one(`SELECT ${KEPT_COLUMNS} FROM runs WHERE base_offset = ?`, baseOffset);
      if (row === null) return;
      this.deleteRun(baseOffset);
      const kept = KEPT_COLUMNS.split(", ");
      const places = Array.from({ length: kept.length + 4 }, () => "?").join(", ");
      this.#counted.write(
        `INSERT INTO runs (${KEPT_COLUMNS}, size, tombstones_since, received, bytes) VALUES (${places})`,
        ...kept.map((name) => row[name] ?? null),
        bytes.byteLength,
        tombstonesSince,
        received,
        bytes,
      );
    });
  }

  /** Rows that end below the offset. Each is billed. */
  deleteRunsBelow(offset: number): void {
    this.#scan.forget();
    this.rowsDeleted += this.#counted.write(
      "DELETE FROM runs WHERE base_offset < ? AND last_offset < ?",
      offset,
      offset,
    );
  }

  deleteRun(baseOffset: number): void {
    this.#scan.forget();
    this.rowsDeleted += this.#counted.write("DELETE FROM runs WHERE base_offset = ?", baseOffset);
  }

  writeShard(row: ShardRow): void {
    this.#counted.write(
      "INSERT OR REPLACE INTO producer_shards (shard, covers, clock_ms, directory, states) VALUES (?, ?, ?, ?, ?)",
      row.shard,
      row.covers,
      row.clockMs,
      row.directory,
      row.states,
    );
  }

  /** Columns alone: the states are read when one of them is asked for. */
  shards(): Omit<ShardRow, "states">[] {
    return this.#all("SELECT shard, covers, clock_ms, directory FROM producer_shards ORDER BY shard").map((row) => ({
      shard: number(row["shard"]),
      covers: number(row["covers"]),
      clockMs: number(row["clock_ms"]),
      directory: blob(row["directory"]),
    }));
  }

  shardStates(shard: number): Uint8Array | null {
    const row = this.#one("SELECT states FROM producer_shards WHERE shard = ?", shard);
    return row === null ? null : blob(row["states"]);
  }

  /** Bytes `[from, from + length)` of the shard's states: SQLite goes through the others, but they never come here. */
  shardPage(shard: number, from: number, length: number): Uint8Array | null {
    const query = "SELECT substr(states, ?, ?) AS page FROM producer_shards WHERE shard = ?";
    const row = this.#one(query, from + 1, length, shard);
    return row === null ? null : blob(row["page"]);
  }

  /** Null: no row is left. */
  lastRun(): RunColumns | null {
    return this.#run(`SELECT ${RUN_COLUMNS} FROM runs ORDER BY base_offset DESC LIMIT 1`);
  }

  firstRun(): RunColumns | null {
    return this.#run(`SELECT ${RUN_COLUMNS} FROM runs ORDER BY base_offset LIMIT 1`);
  }

  /** The last run that begins at the offset or before: the one that contains it, unless that one is gone. */
  runAround(offset: number): RunColumns | null {
    return this.#run(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE base_offset <= ? ORDER BY base_offset DESC LIMIT 1`,
      offset,
    );
  }

  /** From the first that begins at the offset or behind it. */
  runsBehind(offset: number, limit: number): RunColumns[] {
    return this.#all(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE base_offset >= ? ORDER BY base_offset LIMIT ?`,
      offset,
      limit,
    ).map(runOf);
  }

  /** Bytes of all runs as they are now. Goes through all rows. */
  sumOfSizes(): number {
    return number(this.#one("SELECT SUM(size) AS bytes FROM runs")?.["bytes"] ?? 0);
  }

  /** Columns alone, in offset order. */
  *producerRunsFrom(offset: number): Generator<ProducerRun> {
    const cursor = this.#counted.exec(
      `SELECT ${PRODUCER_COLUMNS} FROM runs WHERE base_offset >= ? AND producer_id IS NOT NULL ORDER BY base_offset`,
      offset,
    );
    for (const values of cursor.raw()) yield producerRunOf(values);
  }

  /** The runs of this producer with any of these sequences. Goes through all rows: what is long past is rarely asked for. */
  producerRunsWithin(id: ProducerId, { from, end }: SequenceRange): ProducerRun[] {
    const cursor = this.#counted.exec(
      `SELECT ${PRODUCER_COLUMNS} FROM runs
       WHERE producer_id = ? AND next_sequence > ? AND first_sequence < ? ORDER BY base_offset`,
      id,
      from,
      end,
    );
    return Array.from(cursor.raw(), producerRunOf);
  }

  /** The bytes of runs from the last one that begins at the offset or before, in order (`run-scan.ts`). */
  runsFrom(offset: number, bytesMax: number): Generator<StoredRun> {
    return this.#scan.runsFrom(this.runAround(offset)?.baseOffset ?? offset, bytesMax);
  }

  runBytes(baseOffset: number): Uint8Array | null {
    const row = this.#one("SELECT bytes FROM runs WHERE base_offset = ?", baseOffset);
    return row === null ? null : blob(row["bytes"]);
  }

  received(baseOffset: number): Uint8Array | null {
    const row = this.#one("SELECT received FROM runs WHERE base_offset = ?", baseOffset);
    return row === null || row["received"] === null ? null : blob(row["received"]);
  }

  #run(query: string, ...values: SqlStorageValue[]): RunColumns | null {
    const row = this.#one(query, ...values);
    return row === null ? null : runOf(row);
  }

  #one(query: string, ...values: SqlStorageValue[]): Columns | null {
    return this.#all(query, ...values)[0] ?? null;
  }

  #all(query: string, ...values: SqlStorageValue[]): Columns[] {
    return this.#counted.exec<Columns>(query, ...values).toArray();
  }
}

/**
 * The tables of a partition.
 *
 * `meta`: one row, written when the controller has confirmed the partition; without it there are no tables.
 * `runs`: one row a run, never changed. Its key is SQLite's own rowid and there is no index beside it, since each
 *   index update is billed as a row. The blob stands last, so that the columns are read without it.
 *   `received_crcs` is null where the stored batches carry the CRCs they were received with.
 * `producer_shards`: the producers' states, one row for each shard of the ids, true up to the offset `covers`.
 */
export function createTables(sql: SqlStorage): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY, value TEXT NOT NULL)`);
  sql.exec(`CREATE TABLE IF NOT EXISTS runs (
    base_offset INTEGER PRIMARY KEY,
    last_offset INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    max_timestamp INTEGER NOT NULL,
    last_crc INTEGER NOT NULL,
    size INTEGER NOT NULL,
    producer_id TEXT,
    producer_epoch INTEGER,
    first_sequence INTEGER,
    next_sequence INTEGER,
    chain_after INTEGER,
    received_crcs BLOB,
    bytes BLOB NOT NULL
  )`);
  sql.exec(`CREATE TABLE IF NOT EXISTS producer_shards (
    shard INTEGER PRIMARY KEY,
    covers INTEGER NOT NULL,
    states TEXT NOT NULL
  )`);
}

export function hasTables(sql: SqlStorage): boolean {
  return sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'").toArray().length > 0;
}

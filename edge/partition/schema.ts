/**
 * The tables of a partition.
 *
 * `meta`: one row, written when the controller has confirmed the partition; without it there are no tables.
 * `log_state`: one row, written when rows of the log are dropped or compacted: where the log begins, and where it ends
 *   in case no row is left to say so. Absent: the log begins at 0 and its last row says where it ends.
 * `runs`: one row a run. Its key is SQLite's own rowid and there is no index beside it, since each index update is
 *   billed as a row. The blob stands last, so that the columns are read without it. Only compaction changes a row:
 *   `size` and `bytes`, and once `received` and `tombstones_since`. `size_before` sums what was appended before it,
 *   so that the size of a log is a subtraction. `received` (`received-batches.ts`) is null where the stored batches
 *   carry the CRCs they were received with. `tombstones_since`: when compaction first left tombstones alone in it.
 * `producer_shards`: the producers' states, one row for each shard of the ids, true up to the offset `covers`. `states`
 *   are its pages one after the other (`producer-snapshot.ts`); `directory` says where each of them ends
 *   (`shard-directory.ts`), and stands before them, so that it is read without them.
 * `erasures`: one row for each key whose values are still to be taken out of the log, by the offset of its tombstone.
 * `groups`: one row for each consumer group, by its name: who owns the partition in it and since which fence, what it has
 *   committed, and its last commits, by which its lag is judged (`group-row.ts`). Without a rowid, so that a fence and a
 *   commit are billed as one row each. They go with the group, and are no part of what retention drops.
 */
export const SCHEMA_VERSION = 5;
/** A partition of that version gets the table that it is without, and is of this one then. */
export const SCHEMA_BEFORE_GROUPS = 4;

const TABLES = [
  `CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS log_state (id INTEGER PRIMARY KEY, value TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS runs (
    base_offset INTEGER PRIMARY KEY,
    last_offset INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    max_timestamp INTEGER NOT NULL,
    last_crc INTEGER NOT NULL,
    size INTEGER NOT NULL,
    size_before INTEGER NOT NULL,
    producer_id TEXT,
    producer_epoch INTEGER,
    first_sequence INTEGER,
    next_sequence INTEGER,
    chain_after INTEGER,
    tombstones_since INTEGER,
    received BLOB,
    bytes BLOB NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS producer_shards (
    shard INTEGER PRIMARY KEY,
    covers INTEGER NOT NULL,
    clock_ms INTEGER NOT NULL,
    directory BLOB NOT NULL,
    states BLOB NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS erasures (tombstone_offset INTEGER PRIMARY KEY, key BLOB NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS groups (group_id TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
];

export function createTables(sql: SqlStorage): void {
  for (const table of TABLES) sql.exec(table);
}

export function hasTables(sql: SqlStorage): boolean {
  return sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'").toArray().length > 0;
}

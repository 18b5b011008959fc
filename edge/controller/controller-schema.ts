/**
 * The tables of a controller.
 *
 * `topics`: one row a topic. `revision` grows with each change that partitions must hear of. `growths` are the partition
 *   counts before each growth (JSON), that to `growing_to` among them before it is published; `growing_to` is null
 *   where none is under way. `unsettled`: 1 while a partition may not have heard of the revision. `token`: of the
 *   request that made it.
 * `births`: one row for each partition that was confirmed, written before the confirmation is answered: only these can
 *   have storage. `told`: the revision it has heard of.
 * `ingest_keys`: one row a key. `terms`: what may be done with it (JSON), secrets of webhooks among them.
 * `freeing`: partitions of deleted topics whose storage may still be there.
 * `revocations`: credentials that are ended before their time, one row for each principal and each credential.
 *   `until`: when it may be forgotten; null: never.
 * `acls`: one row an ACL; all of it is the key, so that none is there twice.
 * `groups`: one row a consumer group.
 * `counters`: `incarnation`: the last one that a group was given. `listing`: grows with each change of which topics there
 *   are and how many partitions they have, whoever makes it: triggers count, in the statement of the change itself; `acls` the
 *   same of the ACLs. Neither stays below what was told before this storage was restored from an older copy.
 * `controller`: one row: the namespace, which partitions' addresses begin with and an alarm is not told; and the rounds
 *   in a row in which something failed.
 */
const countIn = (name: string): string => `
  INSERT INTO counters (name, value) VALUES ('${name}', CAST(unixepoch('subsec') * 1000 AS INTEGER))
  ON CONFLICT (name) DO UPDATE SET value = MAX(value + 1, excluded.value);`;

const TABLES = [
  `CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY,
    topic_id TEXT NOT NULL UNIQUE,
    partition_count INTEGER NOT NULL,
    config TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    token TEXT,
    revision INTEGER NOT NULL,
    growths TEXT NOT NULL,
    growing_to INTEGER,
    unsettled INTEGER NOT NULL
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS births (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (topic_id, partition)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS freeing (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    jurisdiction TEXT,
    PRIMARY KEY (topic_id, partition)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS revocations (
    id TEXT PRIMARY KEY,
    principal TEXT UNIQUE,
    credential_id TEXT UNIQUE,
    before INTEGER,
    until INTEGER
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS acls (
    resource_type TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    pattern_type TEXT NOT NULL,
    principal TEXT NOT NULL,
    operation TEXT NOT NULL,
    permission_type TEXT NOT NULL,
    PRIMARY KEY (resource_type, resource_name, pattern_type, principal, operation, permission_type)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS ingest_keys (
    id TEXT PRIMARY KEY,
    topic_id TEXT NOT NULL,
    terms TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS groups (name TEXT PRIMARY KEY, incarnation INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
  // Those of storage that is older: they counted one by one.
  ...["listing_0", "listing_1", "listing_2", "acls_0", "acls_1"].map((name) => `DROP TRIGGER IF EXISTS ${name}`),
  ...["INSERT", "DELETE", "UPDATE OF partition_count"].map(
    (change, index) =>
      `CREATE TRIGGER IF NOT EXISTS count_listing_${index} AFTER ${change} ON topics BEGIN ${countIn("listing")} END`,
  ),
  ...["INSERT", "DELETE"].map(
    (change, index) =>
      `CREATE TRIGGER IF NOT EXISTS count_acls_${index} AFTER ${change} ON acls BEGIN ${countIn("acls")} END`,
  ),
  `CREATE TABLE IF NOT EXISTS controller (id INTEGER PRIMARY KEY, namespace TEXT, failures INTEGER NOT NULL)`,
];

export function createTables(sql: SqlStorage): void {
  for (const table of TABLES) sql.exec(table);
}

/** The files in which Chromium keeps IndexedDB, a LevelDB for each origin. Of browsers that do not run. */
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * LevelDB writes the seven bytes before a record (CRC, length, type) by themselves: here are those of a whole record of
 * 500 bytes, of which nothing came.
 */
const HEADER_ALONE = Uint8Array.of(1, 2, 3, 4, 500 & 0xff, 500 >> 8, 1);

/** Leaves the write-ahead logs as a kill within a write does; false: this browser has none. */
export function tearLogs(userDataDir: string): boolean {
  const logs = levelDbs(userDataDir).flatMap(lastLog);
  for (const log of logs) appendFileSync(log, HEADER_ALONE);
  return logs.length > 0;
}

/** Whether the browser that ran last began with nothing: it had found nothing, or what it had found was corrupt. */
export function beganEmpty(userDataDir: string): boolean {
  return levelDbs(userDataDir).some((folder) => readFileSync(join(folder, "LOG"), "utf8").includes("Creating DB"));
}

function levelDbs(userDataDir: string): string[] {
  const folder = join(userDataDir, "Default", "IndexedDB");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => name.endsWith(".leveldb")).map((name) => join(folder, name));
}

/** Numbers of six digits: the last by name is the last by age. */
function lastLog(levelDb: string): string[] {
  const logs = readdirSync(levelDb).filter((name) => name.endsWith(".log"));
  const last = logs.toSorted().at(-1);
  return last === undefined ? [] : [join(levelDb, last)];
}

/**
 * Chromium keeps an origin's databases in one LevelDB and goes on with its write-ahead log after a crash. Was it killed
 * within a write, the log ends in a part of a record, and what is written next stands behind that part; whoever opens
 * the log after another kill finds it corrupt, and Chromium then deletes all databases of the origin
 * (https://github.com/google/leveldb/issues/1287). So nothing is acked behind what a crash left: the log is rolled first.
 */
import { deleteDB, openDB } from "idb";
import type { Clock } from "../shared/clock.ts";

/** One for the origin, as the log is; there for some milliseconds. */
const ROLLING = "strandline:rolling";
/** It takes 5 ms. A frozen tab that is at it as well must not keep this one from starting. */
const ROLL_MS_MAX = 500;

/** Never rejects: a log that is not rolled is as safe as the browser makes it. */
export async function rollBrowserLog(clock: Clock): Promise<void> {
  // Chromium alone has this, and it alone has such a log.
  if (!("userAgentData" in navigator)) return;
  const timer = new AbortController();
  await Promise.race([roll().catch(() => undefined), clock.sleep(ROLL_MS_MAX, timer.signal)]);
  timer.abort();
}

/** A database that is deleted is compacted, and LevelDB begins every compaction with a new log. */
async function roll(): Promise<void> {
  const database = await openDB(ROLLING);
  database.close();
  await deleteDB(ROLLING);
}

/**
 * All processes that a step started, whoever their parent or their group is now: browsers and servers lead groups of
 * their own, and outlive the one that started them when it is killed. They are known by a mark in their environment.
 */
import { readdirSync, readFileSync } from "node:fs";

const MARK = "STRANDLINE_STEP";

/** For the environment of the first of them. */
export function markedWith(mark: string): Readonly<Record<string, string>> {
  return { [MARK]: mark };
}

/** None where there is no /proc. Synchronous, so that a process that exits can still do it. */
export function endMarked(mark: string): number[] {
  const entry = `${MARK}=${mark}`;
  const found = entriesOf("/proc").filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(entry));
  const pids = found.map(Number).filter((pid) => pid !== process.pid);
  for (const pid of pids) kill(pid);
  return pids;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty where it has ended, or is not ours. */
function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

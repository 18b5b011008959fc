/** Child processes that lead a group of their own (`detached`), so that all of their children can be ended with them. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const GONE_MS_MAX = 10_000;
const POLL_MS = 10;

const children = new Set<number>();

/** Ends the group when this process exits, so that a test that failed leaves nothing running. */
export function endOnExit(pid: number): void {
  if (children.size === 0) process.once("exit", endAll);
  children.add(pid);
}

function endAll(): void {
  for (const pid of children) signalGroup(pid, "SIGKILL");
}

/** Sends the signal to every process of the group. A group that is gone already is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Resolves when no process of the group runs any more. */
export async function groupGone(pid: number, withinMs: number = GONE_MS_MAX): Promise<void> {
  const until = performance.now() + withinMs;
  while (isGroupAlive(pid)) {
    if (performance.now() > until) throw new Error(`process group ${pid} still runs after ${withinMs} ms`);
    await sleep(POLL_MS);
  }
  if (children.delete(pid) && children.size === 0) process.off("exit", endAll);
}

function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
  } catch {
    return false;
  }
  // A container whose first process reaps nobody keeps the dead as zombies, and they answer to signal 0.
  return process.platform === "linux" ? readdirSync("/proc").some((entry) => runsInGroup(entry, pid)) : true;
}

function runsInGroup(entry: string, group: number): boolean {
  if (!/^\d+$/.test(entry)) return false;
  try {
    const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
    // "pid (name) state ppid pgrp ...", and the name may hold spaces and parentheses.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(pgrp) === group && state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}

/** Runs that came as many small frames, as few: each is a row of the store, and rows are what a reader pays for. */
import type { FetchedRun } from "../log/device-log.ts";
import { nameOf } from "./followed.ts";

const ROW_BYTES = 262_144;

/** Of each partition in its order. */
export function joined(runs: readonly FetchedRun[]): FetchedRun[] {
  const done: FetchedRun[] = [];
  const open = new Map<string, FetchedRun[]>();
  for (const run of runs) {
    const name = nameOf(run.ref);
    const before = open.get(name) ?? [];
    if (before.length > 0 && !continues(before, run)) done.push(asOne(before.splice(0)));
    before.push(run);
    open.set(name, before);
  }
  for (const rest of open.values()) done.push(asOne(rest));
  return done;
}

function continues(before: readonly FetchedRun[], run: FetchedRun): boolean {
  const bytes = before.reduce((sum, one) => sum + one.bytes.byteLength, run.bytes.byteLength);
  return bytes <= ROW_BYTES && before.at(-1)?.nextOffset === run.from;
}

function asOne(runs: readonly FetchedRun[]): FetchedRun {
  const [first] = runs;
  const last = runs.at(-1);
  if (first === undefined || last === undefined) throw new TypeError("no runs");
  if (first === last) return first;
  const bytes = new Uint8Array(runs.reduce((sum, one) => sum + one.bytes.byteLength, 0));
  let at = 0;
  for (const run of runs) {
    bytes.set(run.bytes, at);
    at += run.bytes.byteLength;
  }
  const firstOffset = runs.find((run) => run.bytes.byteLength > 0)?.firstOffset ?? first.firstOffset;
  return { ...last, from: first.from, bytes, firstOffset };
}

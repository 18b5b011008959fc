/**
 * `npm run bench -- [suites] [--auth] [--json]`: all suites where none is named, one after the other. A table; with --json
 * the last line is one JSON object. `edge --auth`: in place of the edge beside the bare platform, the locked edge beside
 * the open one.
 */
import { codecSuite } from "./codec/codec-suite.ts";
import { authSuite } from "./edge/auth-suite.ts";
import { edgeSuite } from "./edge/edge-suite.ts";
import type { Figure, Suite } from "./figure.ts";
import { groupsSuite } from "./groups/groups-suite.ts";
import { localSuite } from "./local/local-suite.ts";
import { sizeSuite } from "./size/size-suite.ts";
import { syncSuite } from "./sync/sync-suite.ts";
import { tailSuite } from "./tail/tail-suite.ts";
import { tableOf } from "./table.ts";

const SUITES: ReadonlyMap<string, Suite> = new Map([
  ["local", localSuite],
  ["sync", syncSuite],
  ["size", sizeSuite],
  ["edge", edgeSuite],
  ["tail", tailSuite],
  ["codec", codecSuite],
  ["groups", groupsSuite],
]);

const OPTIONS: readonly string[] = ["--auth", "--json"];

function chosen(words: readonly string[], withAuth: boolean): ReadonlyMap<string, Suite> {
  const unknown = words.find((word) => !SUITES.has(word));
  if (unknown !== undefined) throw new Error(`no suite "${unknown}"; there are ${[...SUITES.keys()].join(", ")}`);
  if (withAuth && (words.length !== 1 || words[0] !== "edge")) throw new Error("--auth goes with the suite edge alone");
  if (withAuth) return new Map([["edge --auth", authSuite]]);
  return words.length === 0 ? SUITES : new Map([...SUITES].filter(([name]) => words.includes(name)));
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const options = new Set(words.filter((word) => word.startsWith("--")));
  for (const option of options)
    if (!OPTIONS.includes(option)) throw new Error(`no option "${option}"; there are ${OPTIONS.join(", ")}`);
  const suites = chosen(
    words.filter((word) => !options.has(word)),
    options.has("--auth"),
  );
  const results: Record<string, readonly Omit<Figure, "note">[]> = {};
  for (const [name, suite] of suites) {
    const figures = await suite();
    console.log(tableOf(name, figures));
    results[name] = figures.map(({ note: _note, ...figure }) => figure);
  }
  if (options.has("--json")) console.log(JSON.stringify(results));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
await main();

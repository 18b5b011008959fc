/**
 * `npm run bench -- [suites] [--json]`: all suites where none is named, one after the other. A table; with --json the
 * last line is one JSON object.
 */
import { codecSuite } from "./codec/codec-suite.ts";
import { edgeSuite } from "./edge/edge-suite.ts";
import type { Figure, Suite } from "./figure.ts";
import { localSuite } from "./local/local-suite.ts";
import { tailSuite } from "./tail/tail-suite.ts";
import { tableOf } from "./table.ts";

const SUITES: ReadonlyMap<string, Suite> = new Map([
  ["local", localSuite],
  ["edge", edgeSuite],
  ["tail", tailSuite],
  ["codec", codecSuite],
]);

function chosen(words: readonly string[]): readonly string[] {
  const unknown = words.find((word) => !SUITES.has(word));
  if (unknown !== undefined) throw new Error(`no suite "${unknown}"; there are ${[...SUITES.keys()].join(", ")}`);
  return words.length === 0 ? [...SUITES.keys()] : words;
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const results: Record<string, readonly Omit<Figure, "note">[]> = {};
  for (const name of chosen(words.filter((word) => word !== "--json"))) {
    const suite = SUITES.get(name);
    if (suite === undefined) continue;
    const figures = await suite();
    console.log(tableOf(name, figures));
    results[name] = figures.map(({ note: _note, ...figure }) => figure);
  }
  if (words.includes("--json")) console.log(JSON.stringify(results));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
await main();

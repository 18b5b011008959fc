/** `npm run demo [-- --json]`: the main job on real input, with the plug pulled twice. Exits non-zero where a promise broke. */
import { parseArgs } from "node:util";
import { failures, table } from "./report.ts";
import { runDemo } from "./scenario.ts";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });

const start = performance.now();
const report = await runDemo((line) => {
  console.log(`${((performance.now() - start) / 1_000).toFixed(1).padStart(5)} s  ${line}`);
});
console.log(`\n${table(report)}\n`);
const wrong = failures(report);
for (const sentence of wrong) console.error(`FAILED: ${sentence}`);
if (wrong.length === 0) console.log("Nothing lost, nothing doubled, everything in order.");
if (values.json) console.log(JSON.stringify(report));
process.exitCode = wrong.length === 0 ? 0 : 1;

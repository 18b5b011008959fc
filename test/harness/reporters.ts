/** What a run of Vitest says, and to whom: to people, to `test/run.ts` where it asks, and to the watch over browsers. */
import type { Reporter } from "vitest/node";
import { HangWatch } from "./hang-watch.ts";

type JsonReporter = ["json", { outputFile: string }];

export function reporters(): (Reporter | "default" | JsonReporter)[] {
  const outputFile = process.env["STRANDLINE_REPORT"];
  const json: JsonReporter[] = outputFile === undefined ? [] : [["json", { outputFile }]];
  return ["default", ...json, new HangWatch()];
}

/** Records as lines of JSON, a report a line (`shared/api/send-records.ts`). */
import type { LineReport } from "../../shared/api/send-records.ts";
import { LineSplitter } from "../intake/line-splitter.ts";
import { parseRecord } from "../intake/record-json.ts";
import type { StreamGrammar } from "./record-stream.ts";

export function lineGrammar(): StreamGrammar {
  return {
    splitter: new LineSplitter(),
    parse: (text) => (isBlank(text) ? null : parseRecord(text)),
    report: (line, outcome) =>
      outcome.error === null
        ? `{"line":${line},"partition":${outcome.partition},"offset":${outcome.offset}}\n`
        : lineOf({ line, error: outcome.error.toBody() }),
    broken: (error) => lineOf({ error: error.toBody() }),
  };
}

function lineOf(report: LineReport): string {
  return `${JSON.stringify(report)}\n`;
}

/** Most lines begin with a brace, and are looked at no further. */
function isBlank(text: string): boolean {
  return !text.startsWith("{") && text.trim() === "";
}

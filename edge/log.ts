/**
 * What operators read: one JSON object a line. What is not on the list of fields is never written, so nothing of a
 * record, a header or a token can be, whoever calls this; and no text can end its line and begin a forged one.
 *
 * error: a promise may be at risk, somebody must look. warn: refused or to be retried, look if it repeats.
 * info: rare changes of state (a topic made, a leader epoch bumped, a partition freed). debug: each request.
 */
import { StrandlineError } from "../shared/strandline-error.ts";

const LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LEVELS)[number];

/** In the order in which they are written. */
const FIELDS = [
  "code",
  "method",
  /** The pattern; never the path, which is the caller's text. */
  "route",
  "status",
  "ms",
  "namespace",
  "topic",
  "topicId",
  "partition",
  "leaderEpoch",
  "bytes",
  "rows",
  "count",
  /** Class of what was thrown. */
  "error",
  "reason",
  "stack",
] as const;
export type LogFields = { readonly [Field in (typeof FIELDS)[number]]?: string | number | boolean | null };

const TEXT_CHARS_MAX = 200;
const STACK_CHARS_MAX = 4_000;
/** What JSON leaves as it is and a terminal or a line reader does not: C1, line separators, directions of writing. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

let threshold: LogLevel = "info";

/** One for all that runs in an isolate, since its objects have the settings of its Worker. Unknown levels mean `info`. */
export function setLogLevel(stated: string | undefined): void {
  threshold = LEVELS.find((level) => level === stated) ?? "info";
}

type Write = (event: string, fields?: LogFields) => void;

export const log: { readonly [Level in LogLevel]: Write } = {
  error: (event, fields) => write("error", event, fields),
  warn: (event, fields) => write("warn", event, fields),
  info: (event, fields) => write("info", event, fields),
  debug: (event, fields) => write("debug", event, fields),
};

function write(level: LogLevel, event: string, fields: LogFields = {}): void {
  if (LEVELS.indexOf(level) <= LEVELS.indexOf(threshold)) console[level](lineOf(level, event, fields));
}

function lineOf(level: LogLevel, event: string, fields: LogFields): string {
  const line: Record<string, string | number | boolean | null> = { level, event: event.slice(0, TEXT_CHARS_MAX) };
  for (const name of FIELDS) {
    const value: unknown = fields[name];
    if (typeof value === "string") line[name] = value.slice(0, name === "stack" ? STACK_CHARS_MAX : TEXT_CHARS_MAX);
    else if (typeof value === "number" || typeof value === "boolean" || value === null) line[name] = value;
  }
  return JSON.stringify(line).replaceAll(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/**
 * What was thrown, as fields. Messages of parsers quote what they could not parse, which may be a record, so only those
 * of the platform's plain errors and of our own are told; of the stack only the frames are.
 */
export function thrownFields(thrown: unknown): LogFields {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const { name: error, message } = thrown;
  const stack = (thrown.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join("\n");
  if (thrown instanceof StrandlineError) return { error, code: thrown.code, reason: message, stack };
  return error === "Error" ? { error, reason: message, stack } : { error, stack };
}

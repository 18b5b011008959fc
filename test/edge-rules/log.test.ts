/** Lines of the log: what is on the list, at the level that is set, and no line inside a line. */
import { afterEach, expect, test, vi } from "vitest";
import { log, setLogLevel, thrownFields, type LogFields, type LogLevel } from "../../edge/log.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

afterEach(() => {
  vi.restoreAllMocks();
  setLogLevel(undefined);
});

function written(act: () => void): readonly (readonly [LogLevel, string])[] {
  const lines: [LogLevel, string][] = [];
  for (const level of LEVELS)
    vi.spyOn(console, level).mockImplementation((line: string) => void lines.push([level, line]));
  act();
  return lines;
}

function lineOf(fields: LogFields): string {
  return written(() => log.error("event", fields))[0]?.[1] ?? "";
}

test("a line is JSON with its level, its event and the fields that are on the list", () => {
  expect(written(() => log.info("topic created", { topic: "orders", count: 3 }))).toEqual([
    ["info", '{"level":"info","event":"topic created","topic":"orders","count":3}'],
  ]);
});

test.each([
  ["error", 1],
  ["warn", 2],
  ["info", 3],
  ["debug", 4],
  [undefined, 3],
  ["nonsense", 3],
])("at the level %s there are %i levels", (level, count) => {
  setLogLevel(level);
  const lines = written(() => LEVELS.forEach((one) => log[one]("event")));
  expect(lines.map(([one]) => one)).toEqual(LEVELS.slice(0, count));
});

test("what is not on the list is dropped, whatever the types were told", () => {
  const fields = { key: "secret", value: "secret", authorization: "secret", path: "secret", code: { secret: 1 } };
  expect(lineOf(fields as unknown as LogFields)).toBe('{"level":"error","event":"event"}');
});

test("no text ends its line, turns the writing round or is longer than it may be", () => {
  const forged = lineOf({ topic: 'a\n{"level":"info"}\r\u2028\u0085\u202e\u001b[2J' });
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(forged).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
  expect(JSON.parse(forged)).toMatchObject({ topic: 'a\n{"level":"info"}\r\u2028\u0085\u202e\u001b[2J' });
  expect(JSON.parse(lineOf({ reason: "x".repeat(10_000) }))).toMatchObject({ reason: "x".repeat(200) });
});

test("of what was thrown the class and the frames are told; no message that may quote a record", () => {
  const parsing = (): unknown => JSON.parse("secret");
  let thrown: unknown;
  try {
    parsing();
  } catch (error) {
    thrown = error;
  }
  const line = lineOf(thrownFields(thrown));
  expect(line).not.toContain("secret");
  expect(JSON.parse(line)).toMatchObject({ error: "SyntaxError", stack: expect.stringContaining("log.test.ts") });
  expect(thrownFields(new Error("disk full"))).toMatchObject({ error: "Error", reason: "disk full" });
  expect(thrownFields(new StrandlineError("STORAGE_FULL", ""))).toMatchObject({ code: "STORAGE_FULL" });
  expect(thrownFields("secret")).toEqual({ error: "string" });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import * as brands from "../../shared/brands.ts";
import { ERRORS, isErrorCode, type ErrorCode } from "../../shared/error-table.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";

const codes = Object.keys(ERRORS).filter(isErrorCode);
const OURS_FROM = 10_001;

test("numbers are told apart, and ours stand above Kafka's", () => {
  const numbers = codes.map((code) => ERRORS[code].errno);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect([...numbers].toSorted((a, b) => a - b)).toEqual(numbers);
  expect(ERRORS.SEQUENCE_CONFLICT.errno).toBe(OURS_FROM);
});

test.each(codes)("%s has a sentence for a person, and comes back from the wire as it went", (code) => {
  expect(ERRORS[code].sentence).toMatch(/^[A-Za-z].*\.$/);
  const error = new StrandlineError(code, 'topic "t"', { topic: "t", partition: 3, offset: null, compacted: true });
  const back = StrandlineError.fromBody(JSON.parse(JSON.stringify(error.toBody())));
  expect(back).toMatchObject({
    code,
    errno: error.errno,
    retriable: error.retriable,
    message: error.message,
    details: error.details,
  });
});

test("details cannot pass for the code, and nothing internal is told", () => {
  const error = new StrandlineError("NOT_FOUND", "", { code: "CLOSED", stack: "x" } as never, new Error("secret path"));
  expect(error.toBody().code).toBe("NOT_FOUND");
  expect(JSON.stringify(error.toBody())).not.toContain("secret");
});

test.each([
  null,
  undefined,
  7,
  "text",
  [],
  {},
  { code: "FROM_A_NEWER_EDGE" },
  { code: "__proto__" },
  { code: "toString" },
])("%j is an unknown error of the server", (body) => {
  expect(StrandlineError.fromBody(body)).toMatchObject({ code: "UNKNOWN_SERVER_ERROR", retriable: true });
});

function codeOf(run: () => unknown): ErrorCode | "legal" {
  try {
    run();
    return "legal";
  } catch (error) {
    if (error instanceof StrandlineError) return error.code;
    throw error;
  }
}

test("topic names: Kafka's rule", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/), (name) => {
      fc.pre(name !== "." && name !== "..");
      expect(checkTopicName(name)).toBe(name);
    }),
  );
  for (const name of ["", ".", "..", "a/b", "a b", "é", "a\n", "a\0", "a".repeat(250), null, undefined, 7, {}, ["a"]]) {
    expect(
      codeOf(() => checkTopicName(name)),
      JSON.stringify(name),
    ).toBe("INVALID_TOPIC_EXCEPTION");
  }
});

const INT32_MAX = 2 ** 31 - 1;

test.each([
  ["offset", brands.offset, [0, Number.MAX_SAFE_INTEGER], [-1, 0.5, Number.NaN, Infinity, 2 ** 53]],
  ["local sequence", brands.localSequence, [0, Number.MAX_SAFE_INTEGER], [-1, 0.5, Number.NaN, 2 ** 53]],
  ["sequence", brands.sequence, [0, INT32_MAX], [-1, 0.5, Number.NaN, INT32_MAX + 1]],
  ["partition", brands.partition, [-1, 0, INT32_MAX], [-2, 0.5, Number.NaN, INT32_MAX + 1]],
])("the gate of %s", (_name, gate, legal, illegal) => {
  for (const value of legal) expect(gate(value)).toBe(value);
  for (const value of illegal)
    expect(
      codeOf(() => gate(value)),
      String(value),
    ).toBe("INVALID_ARGUMENT");
});

test("the gate of a topic id", () => {
  const id = "0190b4f5-7e7a-7c3e-8f00-0123456789ab";
  expect(brands.topicId(id)).toBe(id);
  for (const value of ["", id.toUpperCase(), `${id} `, `${id}\n`, id.replaceAll("-", "")]) {
    expect(
      codeOf(() => brands.topicId(value)),
      value,
    ).toBe("INVALID_REQUEST");
  }
});

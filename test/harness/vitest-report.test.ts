import { describe, expect, test } from "vitest";
import { add, countsOf, NONE, ONE_FAILED, summaryLine } from "./vitest-report.ts";

const GREEN = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 2 };

describe("counts of a vitest run", () => {
  test("adds up what ran", () => {
    expect(countsOf(GREEN, 0)).toEqual({ passed: 5, failed: 0, skipped: 3 });
    expect(countsOf({ ...GREEN, numFailedTests: 2 }, 1)).toEqual({ passed: 5, failed: 2, skipped: 3 });
  });

  test.each([
    ["an error outside of any test", GREEN, 1],
    ["a run that was killed", GREEN, null],
    ["no report", null, 0],
    ["no test", { ...GREEN, numPassedTests: 0 }, 0],
  ])("%s is a failure", (_why, report, exitCode) => {
    expect(countsOf(report, exitCode).failed).toBe(1);
  });

  test("says it in one line", () => {
    expect(summaryLine(add(add(NONE, ONE_FAILED), countsOf(GREEN, 0)))).toBe("Tests: 5 passed, 1 failed, 3 skipped");
  });
});

/** What Vitest's JSON reporter says, reduced to three numbers that add up. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };
export const ONE_FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };

/**
 * A run that did not succeed counts as one failure at least: a file that cannot be imported, an error outside of any
 * test, no report, no test at all.
 */
export function countsOf(report: unknown, exitCode: number | null): Counts {
  const passed = numberAt(report, "numPassedTests");
  const failed = numberAt(report, "numFailedTests");
  const skipped = numberAt(report, "numPendingTests") + numberAt(report, "numTodoTests");
  const isGreen = exitCode === 0 && passed > 0;
  return { passed, failed: isGreen ? failed : Math.max(failed, 1), skipped };
}

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function summaryLine(counts: Counts): string {
  return `Tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

function numberAt(report: unknown, field: string): number {
  if (typeof report !== "object" || report === null) return 0;
  const value: unknown = (report as Readonly<Record<string, unknown>>)[field];
  return typeof value === "number" ? value : 0;
}

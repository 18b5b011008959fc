import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TestCase, TestSpecification } from "vitest/node";
import { HangWatch } from "./hang-watch.ts";

const LIMIT_MS = 30_000 + 2 * 10_000 + 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(enabled: boolean) {
  const said: string[] = [];
  const end = vi.fn<() => void>();
  const watch = new HangWatch({ say: (sentence) => void said.push(sentence), end });
  const config = { browser: { enabled }, testTimeout: 30_000, hookTimeout: 10_000 };
  watch.onTestRunStart([{ project: { config } } as unknown as TestSpecification]);
  return { watch, said, end };
}

const TEST = { fullName: "a > b", module: { relativeModuleId: "test/browser/a.test.ts" } } as unknown as TestCase;

test("a run of which nothing is heard ends with the sentence that says where it stood", () => {
  const { watch, said, end } = watched(true);
  vi.advanceTimersByTime(LIMIT_MS - 1);
  watch.onTestCaseReady(TEST);
  vi.advanceTimersByTime(LIMIT_MS - 1);
  expect(end).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(end).toHaveBeenCalledOnce();
  expect(said).toEqual([
    'The browser hangs: nothing for 110 s since the start of "a > b" in test/browser/a.test.ts. The run ends here, and its browser with it.',
  ]);
});

test("a run that ended is watched no more, and one without a browser never was", () => {
  const one = watched(true);
  one.watch.onTestCaseReady(TEST);
  one.watch.onTestRunEnd();
  one.watch.onTestCaseResult(TEST);
  const other = watched(false);
  other.watch.onTestCaseReady(TEST);
  vi.advanceTimersByTime(10 * LIMIT_MS);
  expect([one.end.mock.calls, other.end.mock.calls]).toEqual([[], []]);
});

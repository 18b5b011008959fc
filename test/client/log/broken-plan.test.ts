import { afterEach, expect, test, vi } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { Tab } from "./log-fixture.ts";

afterEach(() => void vi.restoreAllMocks());

test("a failure while batches are merged reaches its callers, and those behind them go on", async () => {
  const tab = await Tab.open(new MemoryStore());
  await tab.learn("t", 1);
  vi.spyOn(RecordBatchEncoder.prototype, "appendEncoded").mockImplementation(() => {
    throw new TypeError("planted");
  });
  const merged = await Promise.allSettled([tab.appended("t-0: a"), tab.appended("t-0: b"), tab.appended("t-0: c")]);
  expect(merged.some(({ status }) => status === "rejected")).toBe(true);
  vi.restoreAllMocks();
  await tab.appended("t-0: d");
  expect(await tab.pending("t-0")).toContain("d");
});

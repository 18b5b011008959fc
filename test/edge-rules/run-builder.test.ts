/** Runs as they are built of lone records: every one would pass the checks that runs of strangers have to. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { RunBuilder, type BuiltRun } from "../../edge/intake/run-builder.ts";
import { checkRun } from "../../edge/operations/run-check.ts";
import { NO_CHAIN } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { batches, records } from "../../shared/record-batch-decode.ts";
import type { RecordInput } from "../../shared/record.ts";
import { record } from "../shared/record-arbitraries.ts";

/** What stands in the runs, and that each is as it describes itself. */
async function checked(
  runs: readonly BuiltRun[],
  batchBytesMax: number,
): Promise<[index: number, timestamp: number][]> {
  const found: [number, number][] = [];
  for (const { bytes, batches: described, indexes } of runs) {
    expect(bytes.byteLength).toBeLessThanOrEqual(LIMITS.runBytesMax);
    expect(await checkRun(bytes, NO_CHAIN, { batchBytesMax })).toEqual({
      batches: described,
      producer: { kind: "none" },
    });
    const timestamps = Array.from(batches(bytes)).flatMap((batch) =>
      Array.from(records(batch), (one) => one.timestamp),
    );
    expect(timestamps.length).toBe(indexes.length);
    for (const [at, index] of indexes.entries()) found.push([index, timestamps[at] ?? -1]);
  }
  return found;
}

test("any records and any limit: sound runs of all that is not refused, in order", async () => {
  const limit = fc.constantFrom(70, 100, 200, 1_000, LIMITS.batchBytesMax);
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 40 }), limit, async (inputs, batchBytesMax) => {
      const builder = new RunBuilder(batchBytesMax);
      const taken: [number, number][] = [];
      for (const [index, input] of inputs.entries()) {
        try {
          builder.add(input, index);
          taken.push([index, input.timestamp]);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: expect.stringMatching(/^(MESSAGE_TOO_LARGE|INVALID_TIMESTAMP)$/) });
        }
      }
      expect(await checked(builder.finish(), batchBytesMax)).toEqual(taken);
    }),
    { numRuns: 300 },
  );
});

const of = (bytes: number): RecordInput => ({ key: null, value: new Uint8Array(bytes), timestamp: 1_000 });

test("batches are as large as the topic allows, runs as large as a row", async () => {
  const builder = new RunBuilder(10_000);
  for (let index = 0; index < 3_000; index += 1) builder.add(of(1_000), index);
  const runs = builder.finish();
  expect(runs.map((run) => run.bytes.byteLength > 0.98 * LIMITS.runBytesMax)).toEqual([true, true, false]);
  expect(runs[0]?.batches[0]?.count).toBe(9);
  expect((await checked(runs, 10_000)).map(([index]) => index)).toEqual(Array.from({ length: 3_000 }, (_, at) => at));
});

test("one that fits no batch is refused alone, with its size and the limit", async () => {
  const builder = new RunBuilder(10_000);
  builder.add(of(10), 0);
  expect(() => builder.add(of(10_000), 1)).toThrow(
    expect.objectContaining({ code: "MESSAGE_TOO_LARGE", details: expect.objectContaining({ limit: 10_000 }) }),
  );
  builder.add(of(10), 2);
  expect((await checked(builder.finish(), 10_000)).map(([index]) => index)).toEqual([0, 2]);
});

test("no records: no runs", () => {
  expect(new RunBuilder(10_000).finish()).toEqual([]);
});

/** How much gzip may become: of one run, and of all that are checked at once. */
import { describe, expect, test } from "vitest";
import { InflationRoom, RunInflation } from "../../edge/operations/inflation.ts";
import { checkRun } from "../../edge/operations/run-check.ts";
import { NO_CHAIN } from "../../shared/brands.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";

async function packed(bytes: number): Promise<Uint8Array> {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: null, value: "0".repeat(bytes), timestamp: 1 });
  return await gzipBatch(encoder.finish());
}

async function refusalOf(...batches: readonly Uint8Array[]): Promise<unknown> {
  const run = new Uint8Array(await new Blob(batches as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  const limits = { batchBytesMax: LIMITS.batchBytesMax };
  return await checkRun(run, NO_CHAIN, limits).then(
    () => null,
    (thrown: unknown) => (thrown as StrandlineError).toBody(),
  );
}

describe("S05 a run", () => {
  test("of one batch as large as a device makes them is taken, however small it was packed", async () => {
    const largest = await packed(LIMITS.batchBytesMax - 100);
    expect(largest.length * LIMITS.inflationRatioMax).toBeLessThan(LIMITS.batchBytesMax);
    expect(await refusalOf(largest)).toBeNull();
  });

  test("of several that are too much together names the first that is, which is taken alone", async () => {
    const half = await packed(600_000);
    expect(await refusalOf(half, half)).toMatchObject({ code: "RECORD_LIST_TOO_LARGE", position: half.length + 61 });
    expect(await refusalOf(half)).toBeNull();
    const small = await packed(300_000);
    expect(await refusalOf(small, small, small)).toBeNull();
  });

  test("may inflate to a hundred times its bytes, and to a MiB always", () => {
    expect(new RunInflation(10).left).toBe(LIMITS.batchBytesMax);
    const large = new RunInflation(1_000_000);
    expect(large.left).toBe(100_000_000);
    large.spend(100_000_001);
    expect(large.left).toBe(0);
  });
});

describe("S05 the room of an isolate", () => {
  test("is never more than full, is given in order and given back by who fails", async () => {
    const room = new InflationRoom(100);
    let held = 0;
    let most = 0;
    const order: number[] = [];
    const work = async (index: number, bytes: number): Promise<void> => {
      await room.within(bytes, async () => {
        order.push(index);
        held += bytes;
        most = Math.max(most, held);
        await Promise.resolve();
        await Promise.resolve();
        held -= bytes;
        if (index % 3 === 0) throw new Error("damaged");
      });
    };
    const sizes = Array.from({ length: 60 }, (_, index) => 1 + ((index * 37) % 100));
    await Promise.allSettled(sizes.map(async (bytes, index) => await work(index, bytes)));
    expect(order).toEqual(sizes.map((_, index) => index));
    expect([most <= 100, most > 50, held]).toEqual([true, true, 0]);
  });

  test("is had alone by what is larger than it", async () => {
    const room = new InflationRoom(10);
    expect(await room.within(1_000, () => Promise.resolve("done"))).toBe("done");
    expect(await room.within(10, () => Promise.resolve("again"))).toBe("again");
  });
});

import { expect, test } from "vitest";
import type { Partition } from "../../../shared/brands.ts";
import { gzipBatch } from "../../../shared/gzip.ts";
import { RecordBatchEncoder, writeCrc } from "../../../shared/record-batch-encode.ts";
import type { StoreTransaction } from "../../../client/log/store.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { Tab } from "./log-fixture.ts";

const TOPIC = "orders";

function timed(...times: number[]): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  for (const timestamp of times) encoder.append({ key: null, value: `at ${timestamp}`, timestamp });
  return encoder.finish();
}

async function logOf(...batches: Uint8Array[]): Promise<{
  readonly find: (timestamp: number) => Promise<number | null>;
  readonly tab: Tab;
}> {
  const tab = await Tab.open(undefined, { localPartitionCount: 1 });
  const partition = 0 as Partition;
  for (const batch of batches) await tab.log.localLog.append([{ topic: TOPIC, partition, batch }]);
  const ref = await tab.ref("orders-0");
  return { tab, find: (timestamp) => tab.log.replica.offsetForTime(ref, timestamp) };
}

test("the first record of that time or later, whatever order the times are in", async () => {
  const { find } = await logOf(timed(10, 30), timed(20), timed(25, 15), timed(50), timed(40, 60));
  expect(await Promise.all([0, 10, 11, 30, 31, 50, 51, 60, 61].map(find))).toEqual([0, 0, 1, 1, 5, 5, 7, 7, null]);
});

test("it agrees with a look at every record, over random times", async () => {
  let state = 7;
  const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  const all = Array.from({ length: 40 }, () => Array.from({ length: 1 + random(3) }, () => random(100)));
  const { find } = await logOf(...all.map((times) => timed(...times)));
  for (let at = 0; at <= 100; at += 1) {
    const first = all.flat().findIndex((time) => time >= at);
    expect(await find(at), `time ${at}`).toBe(first < 0 ? null : first);
  }
});

test("compressed records are looked into", async () => {
  const packed = new Uint8Array(await gzipBatch(timed(...Array.from({ length: 100 }, (_, index) => index))));
  writeCrc(packed, 0);
  const { find } = await logOf(timed(1), packed);
  expect(await find(57)).toBe(58);
});

test("a long log is not read through", async () => {
  const store = new MemoryStore();
  const tab = await Tab.open(store, { localPartitionCount: 1 });
  const partition = 0 as Partition;
  await Promise.all(
    Array.from({ length: 2_000 }, (_, at) =>
      tab.log.localLog.append([
        { topic: TOPIC, partition, batch: timed(...Array.from({ length: 5 }, (_, i) => at * 5 + i)) },
      ]),
    ),
  );
  const ref = await tab.ref("orders-0");
  let reads = 0;
  const transact = store.transact.bind(store);
  store.transact = (stores, options, body) =>
    transact(stores, options, (transaction) => body(counting(transaction, () => (reads += 1))));
  expect(await tab.log.replica.offsetForTime(ref, 7_777)).toBe(7_777);
  expect(reads).toBeLessThan(40);
});

function counting(transaction: StoreTransaction, count: () => void): StoreTransaction {
  return new Proxy(transaction, {
    get(target, name) {
      const found = Reflect.get(target, name) as unknown;
      if (typeof found !== "function") return found;
      count();
      return (found as (...args: unknown[]) => unknown).bind(target);
    },
  });
}

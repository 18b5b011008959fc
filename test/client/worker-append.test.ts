/** Compression in the worker: before the transaction, in the order of the calls. */
import { expect, test } from "vitest";
import { PackAppender } from "../../client/worker/append.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { codecOf, batchAttributes } from "../../shared/record-batch.ts";
import type { Pack } from "../../client/calls/append-calls.ts";
import type { BatchAppend, LocalLog } from "../../client/log/device-log.ts";
import type { LocalSequence } from "../../shared/brands.ts";
import { batchOf, Tab, TOPIC_ID } from "./log/log-fixture.ts";

const LONG = Array.from({ length: 200 }, (_, index) => `k${index % 30}=${"word".repeat(20)}-${index}`).join(" ");

function packOf(records: string, partition: number, compression: Pack["compression"]): Pack {
  const { buffer, byteLength } = batchOf(records);
  return {
    buffer,
    durability: "strict",
    compression,
    parts: [{ topic: "orders", partition, partitionCount: 0, start: 0, end: byteLength }],
  };
}

/** What happens, in order. */
function watched(tab: Tab): { appender: PackAppender; seen: string[] } {
  const seen: string[] = [];
  const log: LocalLog = {
    append: async (appends: readonly BatchAppend[], options) => {
      seen.push(`append ${codecOf(batchAttributes(appends[0]?.batch ?? new Uint8Array(), 0))}`);
      return await tab.log.localLog.append(appends, options);
    },
  };
  const compress = async (batch: Uint8Array): Promise<Uint8Array> => {
    seen.push("compress");
    const compressed = await gzipBatch(batch);
    seen.push("compressed");
    return compressed;
  };
  return { appender: new PackAppender(log, compress), seen };
}

test("a batch is compressed before its transaction begins, and what comes after it does not overtake", async () => {
  const tab = await Tab.known();
  const { appender, seen } = watched(tab);
  const answers = await Promise.all([
    appender.append(packOf(LONG, 0, "gzip")),
    appender.append(packOf("plain", 0, "none")),
  ]);
  expect(seen).toEqual(["compress", "compressed", "append gzip", "append none"]);
  expect(answers.map(([one]) => one?.localSequence)).toEqual([0, 200]);
  const [first] = await tab.log.outbox.read(await tab.ref("orders-0"), 0 as LocalSequence, {
    bytesMax: 1e9,
    countMax: 9,
  });
  expect(codecOf(batchAttributes(first?.bytes ?? new Uint8Array(), 0))).toBe("gzip");
  expect(first?.bytes.byteLength).toBeLessThan(batchOf(LONG).byteLength / 2);
});

test("records without a partition wait as they are, and go to their partitions by key once it is known", async () => {
  const tab = await Tab.open();
  const { appender, seen } = watched(tab);
  await appender.append(packOf(LONG, -1, "gzip"));
  expect(seen).toEqual(["append none"]);
  await tab.learn("orders", 4, TOPIC_ID);
  const refs = (await tab.log.outbox.waiting()).map(({ records }) => records);
  expect(refs.reduce((sum, records) => sum + records, 0)).toBe(200);
  expect(refs.length).toBeGreaterThan(1);
});

/** What is measured on the page, alternating with the raw figures of the same bytes in the same run. */
import { Strandline } from "../../../client/index.ts";
import { measureLoneSends, measurePageAppend, measureSendsAtOnce, texts } from "./page-append.ts";
import { measureLonePuts, measurePutsAtOnce, measureRawPuts, RawPuts } from "./raw-puts.ts";

const RECORD_CHARS = 100;
const RECORDS = 80_000;
const PER_SEND = 2_000;
const LONE_COUNT = 40;
const AT_ONCE = 1_000;
const MIB = 1024 * 1024;
/** What a record of 100 characters takes in a batch: attributes, deltas, lengths and the value. */
const LONE_BATCH_BYTES = 61 + 8 + RECORD_CHARS;

/** Milliseconds; of each round, or of each single send. */
export interface PageBench {
  readonly bulkBytes: number;
  readonly bulk: readonly number[];
  readonly rawBulkBytes: number;
  readonly rawBulk: readonly number[];
  readonly lone: readonly number[];
  readonly rawLone: readonly number[];
  readonly atOnce: readonly number[];
  readonly rawAtOnce: readonly number[];
}

export async function runPageBench(options: { readonly rounds: number }): Promise<PageBench> {
  const database = `bench-${crypto.randomUUID()}`;
  const client = new Strandline({ database });
  const producer = client.producer();
  const raw = new RawPuts(new Worker("/raw-worker.js", { type: "module" }));
  const values = texts(RECORDS, RECORD_CHARS);
  const rawBulkBytes = 8 * MIB;
  const result = {
    bulkBytes: RECORDS * RECORD_CHARS,
    rawBulkBytes,
    bulk: [] as number[],
    rawBulk: [] as number[],
    lone: [] as number[],
    rawLone: [] as number[],
    atOnce: [] as number[],
    rawAtOnce: [] as number[],
  };
  try {
    await measurePageAppend(producer, { topic: "bulk", values, perSend: PER_SEND });
    await measureRawPuts(raw, { totalBytes: rawBulkBytes, valueBytes: MIB });
    for (let round = 0; round < options.rounds; round += 1) {
      result.bulk.push(await measurePageAppend(producer, { topic: "bulk", values, perSend: PER_SEND }));
      result.rawBulk.push(await measureRawPuts(raw, { totalBytes: rawBulkBytes, valueBytes: MIB }));
      result.lone.push(...(await measureLoneSends(producer, { topic: "lone", values: values.slice(0, LONE_COUNT) })));
      result.rawLone.push(...(await measureLonePuts(raw, { count: LONE_COUNT, valueBytes: LONE_BATCH_BYTES })));
      result.atOnce.push(await measureSendsAtOnce(producer, { topic: "once", values: values.slice(0, AT_ONCE) }));
      result.rawAtOnce.push(await measurePutsAtOnce(raw, { count: AT_ONCE, valueBytes: LONE_BATCH_BYTES }));
    }
  } finally {
    await client.close();
    raw.close();
    indexedDB.deleteDatabase(database);
  }
  return result;
}

Object.assign(globalThis, { runPageBench });

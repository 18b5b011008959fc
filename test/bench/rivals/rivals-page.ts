/** Ours and theirs, in turns on one page: many records at once, and one by one all asked for at once. */
import { Strandline } from "../../../client/index.ts";
import { measurePageAppend, texts } from "../page/page-append.ts";
import { openDexie } from "./dexie.ts";
import { openPouchDb } from "./pouchdb.ts";
import type { Rival } from "./rival.ts";
import { openRxDb } from "./rxdb.ts";
import { longestTaskWhile } from "./longest-task.ts";

const RECORD_CHARS = 100;
/** So that each takes about as long; theirs is no faster with more. */
const BULK = 80_000;
const BULK_PER_SEND = 2_000;
const BULK_OF_RIVALS = 5_000;
const AT_ONCE = 10_000;
const AT_ONCE_OF_RIVALS = 500;
const TASK_AT_ONCE = 1_000;

export interface RivalRates {
  readonly name: string;
  /** Records a second, one figure a round. */
  readonly bulk: number[];
  readonly atOnce: number[];
}

export interface RivalBench {
  readonly ours: RivalRates;
  readonly rivals: readonly RivalRates[];
  /** The longest task of the main thread, in milliseconds, during so many sends at once; one figure a round. */
  readonly taskMs: { readonly of1000: number[]; readonly of10000: number[] };
}

export async function runRivalBench({ rounds }: { readonly rounds: number }): Promise<RivalBench> {
  const name = `bench-${crypto.randomUUID()}`;
  const rivals = [openDexie(`${name}-dexie`), await openRxDb(`${name}-rxdb`), openPouchDb(`${name}-pouchdb`)];
  const client = new Strandline({ database: name });
  const ours = oursOf(client);
  const bench: RivalBench = {
    ours: ratesOf("ours"),
    rivals: rivals.map((one) => ratesOf(one.name)),
    taskMs: { of1000: [], of10000: [] },
  };
  const many = texts(BULK, RECORD_CHARS);
  const once = many.slice(0, AT_ONCE);
  try {
    await ours.bulk(many);
    for (let round = 0; round < rounds; round += 1) {
      await measure(ours, bench.ours, { bulk: many, atOnce: once });
      for (const [index, rival] of rivals.entries()) {
        const rates = bench.rivals[index];
        if (rates === undefined) continue;
        await measure(rival, rates, { bulk: many.slice(0, BULK_OF_RIVALS), atOnce: many.slice(0, AT_ONCE_OF_RIVALS) });
      }
      bench.taskMs.of1000.push(await longestTaskWhile(() => atOnce(ours, many.slice(0, TASK_AT_ONCE))));
      bench.taskMs.of10000.push(await longestTaskWhile(() => atOnce(ours, once)));
    }
  } finally {
    await client.close();
    for (const rival of rivals) await rival.remove();
    indexedDB.deleteDatabase(name);
  }
  return bench;
}

function ratesOf(name: string): RivalRates {
  return { name, bulk: [], atOnce: [] };
}

function oursOf(client: Strandline): Rival {
  const producer = client.producer();
  return {
    name: "ours",
    bulk: async (values) => void (await measurePageAppend(producer, { topic: "bulk", values, perSend: BULK_PER_SEND })),
    add: async (value) => void (await producer.send({ topic: "once", messages: [{ value }] })),
    remove: () => client.close(),
  };
}

async function measure(
  rival: Rival,
  rates: RivalRates,
  load: { readonly bulk: readonly string[]; readonly atOnce: readonly string[] },
): Promise<void> {
  rates.bulk.push(load.bulk.length / (await secondsOf(() => rival.bulk(load.bulk))));
  rates.atOnce.push(load.atOnce.length / (await secondsOf(() => atOnce(rival, load.atOnce))));
}

async function atOnce(rival: Rival, values: readonly string[]): Promise<void> {
  await Promise.all(values.map((value) => rival.add(value)));
}

async function secondsOf(body: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await body();
  return (performance.now() - began) / 1_000;
}

Object.assign(globalThis, { runRivalBench });

/** Reading on the page: throughput, the first record of a long log, and a seek. */
import { call, withBrowser } from "../bench-browser.ts";
import { absolute, relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import type { ConsumeBench } from "./consume-page.ts";

const ROUNDS = 5;
const RECORDS = 200_000;

export async function consumeFigures(): Promise<readonly Figure[]> {
  const bench = await withBrowser(
    { entry: "test/bench/consume/consume-page.ts" },
    async (browser) =>
      await call<ConsumeBench>(await browser.open(), "runConsumeBench", { rounds: ROUNDS, records: RECORDS }),
  );
  return [
    absolute(
      {
        name: "eachBatch, records of 100 (page)",
        unit: "M records/s",
        ours: median(bench.eachBatch) / 1e6,
        note: `${RECORDS.toLocaleString("en")} records of one partition, each value looked at`,
      },
      { atLeast: 1 },
    ),
    relative(
      {
        name: "the first record of a log of 100,000 (page)",
        unit: "ms",
        ours: median(bench.firstOfMany),
        raw: median(bench.firstOfFew),
        note: "raw: the first record of a log of 100, in batches of the same size",
      },
      { atMost: 1.2 },
    ),
    absolute(
      {
        name: "from seek to the record (page)",
        unit: "ms",
        ours: median(bench.seek),
        peers: { slowest: Math.max(...bench.seek) },
        note: "an offset anywhere in 200,000 records",
      },
      { atMost: 8 },
    ),
  ];
}

/** Ours beside Dexie, RxDB and PouchDB in one page. */
import { call, withBrowser } from "../bench-browser.ts";
import { absolute, relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import type { RivalBench, RivalRates } from "./rivals-page.ts";

const ROUNDS = 5;

export async function rivalFigures(): Promise<readonly Figure[]> {
  const bench = await withBrowser(
    { entry: "test/bench/rivals/rivals-page.ts" },
    async (browser) => await call<RivalBench>(await browser.open(), "runRivalBench", { rounds: ROUNDS }),
  );
  const [dexie, ...others] = bench.rivals;
  if (dexie === undefined) throw new Error("there are no rivals");
  return [...rateFigures(bench, dexie, others), ...taskFigures(bench)];
}

function rateFigures({ ours }: RivalBench, dexie: RivalRates, others: readonly RivalRates[]): Figure[] {
  const figure = (name: string, of: "bulk" | "atOnce", note: string, atLeast: number): Figure =>
    relative(
      {
        name,
        unit: "records/s",
        ours: median(ours[of]),
        raw: median(dexie[of]),
        ratio: median(ours[of].map((rate, round) => rate / (dexie[of][round] ?? Number.NaN))),
        peers: Object.fromEntries(others.map((one) => [one.name, median(one[of])])),
        note,
      },
      { atLeast },
    );
  return [
    figure(
      "strings of 100 in bulk (page)",
      "bulk",
      "ratio to Dexie's bulkAdd, strict as ours; the others bulkInsert, bulkDocs",
      60,
    ),
    figure(
      "10,000 sends at once (page)",
      "atOnce",
      "ratio to Dexie's add, strict as ours, all asked for at once; the others insert, put",
      50,
    ),
  ];
}

function taskFigures({ taskMs }: RivalBench): Figure[] {
  const figure = (count: string, ms: readonly number[], atMost: number): Figure =>
    absolute(
      {
        name: `longest task of the main thread, ${count} sends at once (page)`,
        unit: "ms",
        ours: median(ms),
        peers: { worst: Math.max(...ms) },
        note: "the longest gap between ticks of a message channel",
      },
      { atMost },
    );
  return [figure("1,000", taskMs.of1000, 10), figure("10,000", taskMs.of10000, 50)];
}

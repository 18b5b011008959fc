/** The device: from the page through the client, and the log alone in a worker, against IndexedDB with nothing around it. */
import { bundlePage } from "../../harness/bundle-page.ts";
import { call, withBrowser } from "../bench-browser.ts";
import { relative, type Figure } from "../figure.ts";
import type { PageBench } from "../page/page-bench.ts";
import type { LocalFigures } from "./local-worker.ts";
import { consumeFigures } from "../consume/consume-suite.ts";
import { rivalFigures } from "../rivals/rivals-suite.ts";
import { median } from "./median.ts";

const ROUNDS = 7;
const MIB = 1024 * 1024;

export async function localSuite(): Promise<readonly Figure[]> {
  const inWorker = await withBrowser(
    { entry: "test/bench/bench-page.ts", worker: "test/bench/local/local-worker.ts" },
    async (browser) => await call<LocalFigures>(await browser.open(), "askWorker", null),
  );
  const more = new Map(
    [...(await bundlePage({ entry: "test/bench/page/raw-worker.ts" }))].filter(([path]) => path === "raw-worker.js"),
  );
  const onPage = await withBrowser(
    { entry: "test/bench/page/page-bench.ts", more },
    async (browser) => await call<PageBench>(await browser.open(), "runPageBench", { rounds: ROUNDS }),
  );
  return [...pageFigures(onPage), ...workerFigures(inWorker), ...(await rivalFigures()), ...(await consumeFigures())];
}

function pageFigures(page: PageBench): Figure[] {
  const speed = (bytes: number, ms: readonly number[]): number => bytes / MIB / (median(ms) / 1000);
  const bytesRatio = page.rawBulkBytes / page.bulkBytes;
  const ratio = (ours: readonly number[], raw: readonly number[]): number =>
    median(ours.map((one, round) => (raw[round] ?? Number.NaN) / one));
  return [
    relative(
      {
        name: "80,000 strings of 100 to strict on disk (page)",
        unit: "MiB/s",
        ours: speed(page.bulkBytes, page.bulk),
        raw: speed(page.rawBulkBytes, page.rawBulk),
        ratio: ratio(page.bulk, page.rawBulk) / bytesRatio,
        note: "raw: 1 MiB values through one hop to a worker, a strict transaction each",
      },
      { atLeast: 0.55 },
    ),
    relative(
      {
        name: "one lone send (page)",
        unit: "ms",
        ours: median(page.lone),
        raw: median(page.rawLone),
        note: "raw: one strict put of the same size through one hop to a worker",
      },
      { atMost: 1.35 },
    ),
    relative(
      {
        name: "1,000 sends at once (page)",
        unit: "ms",
        ours: median(page.atOnce),
        raw: median(page.rawAtOnce),
        ratio: ratio(page.atOnce, page.rawAtOnce),
        note: "ratio: times faster; raw: 1,000 strict transactions of one record, asked for at once through one hop",
      },
      { atLeast: 20 },
    ),
  ];
}

function workerFigures({ bulk, lone, crowd }: LocalFigures): Figure[] {
  return [
    relative(
      {
        name: "ready 1 MiB batches through LocalLog, strict (worker)",
        unit: "MiB/s",
        ours: bulk.logMiBPerSecond,
        raw: bulk.rawPipelinedMiBPerSecond,
        ratio: bulk.logShareOfRaw,
        peers: { "raw, one after the other": bulk.rawSequentialMiBPerSecond },
        note: "raw: the same bytes as bare puts, handed over in the same way",
      },
      { atLeast: 0.85 },
    ),
    relative(
      {
        name: "one lone append through LocalLog, strict (worker)",
        unit: "ms",
        ours: lone.logMs,
        raw: lone.rawMs,
        ratio: lone.ratio,
        note: "raw: one strict put of the same record",
      },
      { atMost: 1.35 },
    ),
    relative(
      {
        name: "1,000 appends at once through LocalLog (worker)",
        unit: "ms",
        ours: crowd.logMs,
        raw: crowd.rawMs,
        ratio: crowd.timesFaster,
        note: "ratio: times faster; raw: 1,000 strict transactions of one record",
      },
      { atLeast: 20 },
    ),
  ];
}

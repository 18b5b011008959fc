/** Several fresh pages, so that a second mode of a JIT compiler would show; Node's figures beside them. */
import { call, withBrowser } from "../bench-browser.ts";
import { absolute, type Bound, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { benchCodec, type CodecFigures } from "./codec-bench.ts";

const PAGES = 7;
/** Fresh pages of one machine that differ by more than this are two modes, not noise. */
const MODES_APART = 3;

const TARGETS: readonly (readonly [keyof CodecFigures, string, number])[] = [
  ["encodeTexts", "encode from strings with CRC", 1.2],
  ["encodeBytes", "encode from bytes with CRC", 1.5],
  ["decode", "decode to views with CRC", 2],
];

export async function codecSuite(): Promise<readonly Figure[]> {
  const pages = await withBrowser(
    { entry: "test/bench/bench-page.ts", worker: "test/bench/codec/codec-worker.ts" },
    async (browser) => {
      const figures: CodecFigures[] = [];
      for (let index = 0; index < PAGES; index += 1) {
        const page = await browser.open();
        figures.push(await call<CodecFigures>(page, "askWorker", null));
        await page.close();
      }
      return figures;
    },
  );
  const node = benchCodec();
  const speeds = TARGETS.map(([key, name, atLeast]) =>
    figure({ name, pages: pages.map((one) => one[key] / 1e6), node: node[key] / 1e6 }, "M records/s of 100 bytes", {
      atLeast,
    }),
  );
  const crc = pages.map((one) => one.crc);
  const peers = { "slowest MB/s": Math.min(...crc), "fastest MB/s": Math.max(...crc), "in Node MB/s": node.crc };
  const ours = Math.max(...crc) / Math.min(...crc);
  const note = `more would be a second mode; ${PAGES} fresh pages`;
  return [
    ...speeds,
    absolute(
      { name: "CRC-32C: fastest page over slowest (worker)", unit: "x", ours, peers, note },
      { atMost: MODES_APART },
    ),
  ];
}

function figure(
  measured: { readonly name: string; readonly pages: readonly number[]; readonly node: number },
  unit: string,
  bound: Bound,
): Figure {
  const { name, pages, node } = measured;
  const peers = { "slowest page": Math.min(...pages), "fastest page": Math.max(...pages), "the same in Node": node };
  return absolute(
    { name: `${name} (worker)`, unit, ours: median(pages), peers, note: `median of ${pages.length} fresh pages` },
    bound,
  );
}

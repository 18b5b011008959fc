/** What members of a group process, in a real browser against the edge: beside a consumer without one, and six beside one. */
import type { Page } from "puppeteer-core";
import { startBroker } from "../../harness/workerd-broker.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { call, withBrowser } from "../bench-browser.ts";
import { relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import type { Handler, Kind, Throughput } from "./group-page.ts";

const RECORDS = 1_000_000;
const ROUNDS = 21;
const KINDS: readonly Kind[] = ["none", "device", "edge"];

const CONSUMERS = 6;
const AWAIT_MS = 20;
const PER_PARTITION = 60;
const AWAITING_ROUNDS = 3;

export async function memberBench(): Promise<Figure[]> {
  const dir = await tempDir("bench-members");
  const edge = await startBroker({ dir: dir.path });
  try {
    return await withBrowser({ entry: "test/bench/groups/group-page.ts" }, async (browser) => {
      const page = await browser.open();
      await call(page, "openBench", { edge: edge.url, records: RECORDS });
      const throughput = [...(await throughputs(page, "eachBatch")), ...(await throughputs(page, "eachMessage"))];
      return [...throughput, await awaitingFigure(page, "device"), await awaitingFigure(page, "edge")];
    });
  } finally {
    await edge.kill();
    await dir.remove();
  }
}

/** In turns, each kind once first in every three rounds; the first round warms up and is left out. */
async function throughputs(page: Page, handler: Handler): Promise<Figure[]> {
  const rounds: ReadonlyMap<Kind, Throughput>[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const of = new Map<Kind, Throughput>();
    for (let at = 0; at < KINDS.length; at += 1) {
      const kind = KINDS[(at + round) % KINDS.length] ?? "none";
      of.set(kind, await call<Throughput>(page, "readAll", { kind, records: RECORDS, handler }));
    }
    if (round > 0) rounds.push(of);
  }
  const each = (kind: Kind, pick: (one: Throughput) => number): number[] =>
    rounds.flatMap((of) => of.get(kind) ?? []).map(pick);
  const speed = ({ recordsPerSecond }: Throughput): number => recordsPerSecond / 1e6;
  const without = each("none", speed);
  return (["device", "edge"] as const).map((kind) => {
    const ours = each(kind, speed);
    const ratios = ours.map((figure, round) => figure / (without[round] ?? Number.NaN));
    return relative(
      {
        name: `${handler} in a group of the ${kind}, records of 100 (page)`,
        unit: "M records/s",
        ours: median(ours),
        raw: median(without),
        ratio: median(ratios),
        peers: {
          "worst round's ratio": Math.min(...ratios),
          "best round's": Math.max(...ratios),
          commits: median(each(kind, ({ commits }) => commits)),
          "from run to the first batch, ms": median(each(kind, ({ firstMs }) => firstMs)),
          "without a group, ms": median(each("none", ({ firstMs }) => firstMs)),
        },
        note: `raw: without a group; ${RECORDS.toLocaleString("en")} records of 6 partitions, from the first batch to the last`,
      },
      { atLeast: 0.9 },
    );
  });
}

async function awaitingFigure(page: Page, kind: Kind): Promise<Figure> {
  const took = { one: [] as number[], six: [] as number[] };
  const read = async (consumers: number): Promise<number> =>
    await call<number>(page, "readAwaiting", { kind, consumers, perPartition: PER_PARTITION, awaitMs: AWAIT_MS });
  for (let round = 0; round < AWAITING_ROUNDS; round += 1) {
    took.six.push(await read(CONSUMERS));
    took.one.push(await read(1));
  }
  const records = CONSUMERS * PER_PARTITION;
  const ratios = took.one.map((seconds, round) => seconds / (took.six[round] ?? Number.NaN));
  return relative(
    {
      name: `${CONSUMERS} consumers on ${CONSUMERS} partitions, handlers await ${AWAIT_MS} ms, a group of the ${kind} (page)`,
      unit: "records/s",
      ours: records / median(took.six),
      raw: records / median(took.one),
      ratio: median(ratios),
      peers: { "worst round's ratio": Math.min(...ratios), "best round's": Math.max(...ratios) },
      note: `raw: one consumer on all of them; ${records} records, sent once all have joined`,
    },
    { atLeast: 5.5 },
  );
}

/** Bare workerd against bare workerd, the same bytes, in turns; and what the size of a log costs. */
import type { Figure } from "../figure.ts";
import { fetchBench } from "./fetch-bench.ts";
import { memoryBench } from "./memory-bench.ts";
import { ndjsonBench } from "./ndjson-bench.ts";
import { produceBench, type ProduceLoad } from "./produce-bench.ts";
import { scaleBench } from "./scale-bench.ts";
import { withServers } from "./servers.ts";

const LOADS: readonly ProduceLoad[] = [
  { name: "produce, one batch of 200 B", bytes: 200, each: 100, atLeast: 0.9 },
  { name: "produce, one batch of 16 KB", bytes: 16_000, each: 60, atLeast: 0.9 },
  { name: "produce, one batch of 100 KB", bytes: 100_000, each: 30, atLeast: 0.75 },
  { name: "produce, one batch of 1 MB", bytes: 1_000_000, each: 5, atLeast: 0.75 },
  { name: "produce, 64 at once, 200 B", bytes: 200, each: 30, connections: 64, atLeast: 1.8 },
  { name: "produce, 64 at once, runs of 10", bytes: 200, each: 10, connections: 64, batchesPerRun: 10, atLeast: 5 },
];

export async function edgeSuite(): Promise<readonly Figure[]> {
  const figures = await withServers(async (servers) => {
    const measured: Figure[] = [];
    for (const load of LOADS) measured.push(await produceBench(servers, load));
    return [...measured, ...(await fetchBench(servers)), await ndjsonBench(servers.edge)];
  });
  return [...figures, ...(await scaleBench()), await memoryBench()];
}

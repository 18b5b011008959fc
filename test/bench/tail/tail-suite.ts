/** Tails against a bare object that sends the same bytes over a socket of its own, in turns. */
import { withServers } from "../edge/servers.ts";
import type { Figure } from "../figure.ts";
import { catchUpBench } from "./catch-up-bench.ts";
import { liveBench } from "./live-bench.ts";

export async function tailSuite(): Promise<readonly Figure[]> {
  return await withServers(async (servers) => [
    await catchUpBench(servers, { name: "runs of 1 MB", count: 32, bytes: 1_000_000 }),
    await catchUpBench(servers, { name: "runs of 16 KB", count: 1_000, bytes: 16_000 }),
    ...(await liveBench(servers)),
  ]);
}

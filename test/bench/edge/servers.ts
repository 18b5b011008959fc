/** Bare workerd with the edge, and bare workerd with the comparator, side by side. */
import { startBroker } from "../../harness/workerd-broker.ts";
import { startWorkerd, type Workerd } from "../../harness/workerd.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { BARE_OBJECT, BARE_WORKER } from "./bare-worker.ts";

export interface Servers {
  readonly edge: Workerd;
  readonly bare: Workerd;
}

export async function withServers<Result>(body: (servers: Servers) => Promise<Result>): Promise<Result> {
  const dirs = [await tempDir("bench-edge"), await tempDir("bench-bare")] as const;
  const edge = await startBroker({ dir: dirs[0].path });
  const bare = await startWorkerd({ code: BARE_WORKER, objects: [BARE_OBJECT], dir: dirs[1].path });
  try {
    return await body({ edge, bare });
  } finally {
    await Promise.all([edge.kill(), bare.kill()]);
    for (const dir of dirs) await dir.remove();
  }
}

/** Seconds that each of the two took, round by round, in turns; the first round warms both up and is left out. */
export async function inTurns(
  rounds: number,
  ours: (round: number) => Promise<number>,
  raw: (round: number) => Promise<number>,
): Promise<{ readonly ours: readonly number[]; readonly raw: readonly number[] }> {
  const took = { ours: [] as number[], raw: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    if (round % 2 === 0) took.raw.push(await raw(round));
    took.ours.push(await ours(round));
    if (round % 2 === 1) took.raw.push(await raw(round));
  }
  return { ours: took.ours.slice(1), raw: took.raw.slice(1) };
}

/** How many times as fast as raw, in each round. */
export function ratiosOf({
  ours,
  raw,
}: {
  readonly ours: readonly number[];
  readonly raw: readonly number[];
}): number[] {
  return ours.map((seconds, round) => (raw[round] ?? Number.NaN) / seconds);
}

export async function timed(body: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await body();
  return (performance.now() - began) / 1000;
}

/** What a million producers take in the memory of a real process. */
import { readFile } from "node:fs/promises";
import type { TopicId } from "../../../shared/brands.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { absolute, type Figure } from "../figure.ts";
import { bench, latest, startFilled } from "./scale-bench.ts";
import { createTopic } from "./topics.ts";

const MILLION = 1_000_000;
const MIB = 1_048_576;
const STEPS = 400;
const LOOK_UPS_PER_STEP = 50;

/** Of the process, between 1,000 producers and a million, after as many look-ups. */
export async function memoryBench(): Promise<Figure> {
  const dir = await tempDir("bench-memory");
  let edge = await startFilled(dir.path);
  const topics: TopicId[] = [];
  for (const producers of [1_000, MILLION]) {
    const topicId = await createTopic(edge, `producers-${producers}`);
    await latest(edge, `producers-${producers}`);
    await bench(edge, `seed?topicId=${topicId}&producers=${producers}`);
    topics.push(topicId);
  }
  const used: number[] = [];
  for (const [index, producers] of [1_000, MILLION].entries()) {
    await edge.kill();
    edge = await startFilled(dir.path);
    for (let step = 0; step < STEPS; step += 1) {
      const query = `topicId=${topics[index] ?? ""}&producers=${producers}&lookUps=${LOOK_UPS_PER_STEP}`;
      const known = await bench(edge, `look-up?${query}`);
      if (known !== LOOK_UPS_PER_STEP) throw new Error(`${known} of ${LOOK_UPS_PER_STEP} producers are known`);
    }
    used.push(await residentBytes(edge.pid));
  }
  await edge.kill();
  await dir.remove();
  const [few = 0, many = 0] = used;
  return absolute(
    {
      name: "memory of 1,000,000 producers on one partition",
      unit: "MiB",
      ours: (many - few) / MIB,
      peers: { "process with 1,000": few / MIB, "with 1,000,000": many / MIB },
      note: "resident memory of workerd after 20,000 look-ups, above the same with 1,000 producers",
    },
    { atMost: 32 },
  );
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1_024;
}

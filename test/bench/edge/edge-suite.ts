/** Bare workerd against bare workerd, the same bodies, in turns. */
import type { TopicId } from "../../../shared/brands.ts";
import { startBroker } from "../../harness/workerd-broker.ts";
import { startWorkerd, type Workerd } from "../../harness/workerd.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { BARE_OBJECT, BARE_WORKER } from "./bare-worker.ts";
import { CONNECTIONS, demandStored, Device, send } from "./produce-load.ts";

const ROUNDS = 7;

const LOADS = [
  { size: "200 B", bytes: 200, each: 100, atLeast: 0.9 },
  { size: "16 KB", bytes: 16_000, each: 60, atLeast: 0.9 },
  { size: "100 KB", bytes: 100_000, each: 30, atLeast: 0.75 },
  { size: "1 MB", bytes: 1_000_000, each: 5, atLeast: 0.75 },
] as const;

type Load = (typeof LOADS)[number];

interface Servers {
  readonly edge: Workerd;
  readonly bare: Workerd;
}

export async function edgeSuite(): Promise<readonly Figure[]> {
  const dirs = [await tempDir("bench-edge"), await tempDir("bench-bare")] as const;
  const edge = await startBroker({ dir: dirs[0].path });
  const bare = await startWorkerd({ code: BARE_WORKER, objects: [BARE_OBJECT], dir: dirs[1].path });
  try {
    const figures: Figure[] = [];
    for (const load of LOADS) figures.push(await measure({ edge, bare }, load));
    return figures;
  } finally {
    await Promise.all([edge.kill(), bare.kill()]);
    for (const dir of dirs) await dir.remove();
  }
}

async function measure(servers: Servers, load: Load): Promise<Figure> {
  const topicId = await createTopic(servers.edge, `bench-${load.bytes}`);
  const devices = await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => Device.of(topicId, index)));
  const ours: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const bodies = devices.map((device) => Array.from({ length: load.each }, () => device.request(load.bytes)));
    const bareTurn = async (): Promise<void> => void raw.push((await send(servers.bare.url, bodies)).seconds);
    if (round % 2 === 0) await bareTurn();
    const { seconds, answers } = await send(`${servers.edge.url}/v1/produce`, bodies);
    ours.push(seconds);
    if (round % 2 === 1) await bareTurn();
    demandStored(answers);
  }
  return figureOf(load, ours.slice(1), raw.slice(1));
}

/** The first round warmed both up. */
function figureOf(load: Load, ours: readonly number[], raw: readonly number[]): Figure {
  const requests = CONNECTIONS * load.each;
  const ratios = ours.map((seconds, round) => (raw[round] ?? Number.NaN) / seconds);
  return relative(
    {
      name: `produce, one batch of ${load.size} (workerd, ${CONNECTIONS} connections)`,
      unit: "requests/s",
      ours: requests / median(ours),
      raw: requests / median(raw),
      ratio: median(ratios),
      peers: { "worst round's ratio": Math.min(...ratios), "best round's": Math.max(...ratios) },
      note: "raw: a bare Worker and object that store the same body as one row",
    },
    { atLeast: load.atLeast },
  );
}

async function createTopic(edge: Workerd, name: string): Promise<TopicId> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ name, partitionCount: 1 });
  const answer = await fetch(`${edge.url}/v1/topics`, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { readonly topicId: TopicId }).topicId;
}

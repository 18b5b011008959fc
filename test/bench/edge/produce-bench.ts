/** Produce, the same bodies on both sides, in turns. */
import { relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { CONNECTIONS, demandStored, Device, send } from "./produce-load.ts";
import { inTurns, ratiosOf, type Servers } from "./servers.ts";
import { createTopic } from "./topics.ts";

const ROUNDS = 7;

export interface ProduceLoad {
  readonly name: string;
  readonly bytes: number;
  /** Requests of one connection in one round. */
  readonly each: number;
  readonly atLeast: number;
  readonly connections?: number;
  /** Batches in one request of ours; raw gets each in a request of its own. */
  readonly batchesPerRun?: number;
}

export async function produceBench({ edge, bare }: Servers, load: ProduceLoad): Promise<Figure> {
  const { bytes, each, atLeast, connections = CONNECTIONS, batchesPerRun = 1 } = load;
  const topicId = await createTopic(edge, load.name.replaceAll(/\W/g, "-"));
  const devices = await Promise.all(Array.from({ length: connections }, (_, index) => Device.of(topicId, index)));
  const rawBody = (await Device.of(topicId, connections)).request(bytes);
  const took = await inTurns(
    ROUNDS,
    async () => {
      const bodies = devices.map((device) => Array.from({ length: each }, () => device.request(bytes, batchesPerRun)));
      const { seconds, answers } = await send(`${edge.url}/v1/produce`, bodies);
      demandStored(answers);
      return seconds;
    },
    // What raw stores need not follow anything, so it is one body again and again.
    async () =>
      (
        await send(
          bare.url,
          devices.map(() => Array.from({ length: each * batchesPerRun }, () => rawBody)),
        )
      ).seconds,
  );
  const ratios = ratiosOf(took);
  const noOp =
    connections > CONNECTIONS ? { "no-op requests/s": await noOpRate(bare, { bytes, each, connections }) } : {};
  const batches = connections * each * batchesPerRun;
  return relative(
    {
      name: `${load.name} (workerd, ${connections} connections)`,
      unit: "batches/s",
      ours: batches / median(took.ours),
      raw: batches / median(took.raw),
      ratio: median(ratios),
      peers: { "worst round's ratio": Math.min(...ratios), "best round's": Math.max(...ratios), ...noOp },
      note: "raw: a bare Worker and object that store the body of each request as one row",
    },
    { atLeast },
  );
}

/** What a Worker and an object answer that do nothing with the body: no more requests than that come through at all. */
async function noOpRate(
  bare: Servers["bare"],
  { bytes, each, connections }: { readonly bytes: number; readonly each: number; readonly connections: number },
): Promise<number> {
  const bodies = Array.from({ length: connections }, () => Array.from({ length: each }, () => new Uint8Array(bytes)));
  const took: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) took.push((await send(bare.url, bodies, { method: "PUT" })).seconds);
  return (connections * each) / median(took.slice(1));
}

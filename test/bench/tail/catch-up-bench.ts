/** From the start of a log to its end over a socket. */
import { inTurns, ratiosOf, timed, type Servers } from "../edge/servers.ts";
import { fill, type FilledLog } from "../edge/topics.ts";
import { relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { openBareTail, openTail } from "./tail-client.ts";

const ROUNDS = 9;

export interface CatchUp {
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
}

export async function catchUpBench({ edge, bare }: Servers, runs: CatchUp): Promise<Figure> {
  const log = await fill(edge, `catch-up-${runs.bytes}`, runs);
  for (const body of log.bodies) await store(bare.url, log.name, body);
  const took = await inTurns(
    ROUNDS,
    async () => await timed(async () => await readTail(edge.url, log)),
    async () => await timed(async () => await readBare(bare.url, log)),
  );
  const ratios = ratiosOf(took);
  // In rounds of its own, so that those of the two are what they always were; of the same raw socket in turns.
  const relayed = ratiosOf(
    await inTurns(
      ROUNDS,
      async () => await timed(async () => await readBare(bare.url, log, { relay: true })),
      async () => await timed(async () => await readBare(bare.url, log)),
    ),
  );
  const megabytes = (runs.count * runs.bytes) / 1e6;
  return relative(
    {
      name: `catch-up over a tail, ${runs.name} (workerd)`,
      unit: "MB/s",
      ours: megabytes / median(took.ours),
      raw: megabytes / median(took.raw),
      ratio: median(ratios),
      peers: {
        "worst round's ratio": Math.min(...ratios),
        "best round's": Math.max(...ratios),
        "ratio of raw through a Worker that passes each frame on": median(relayed),
      },
      note: "raw: a bare object's socket, to which it sends all of its rows at once, unasked and unacknowledged",
    },
    { atLeast: 0.8 },
  );
}

async function store(url: string, log: string, body: Uint8Array): Promise<void> {
  await fetch(url, { method: "POST", headers: { "x-log": log }, body: Uint8Array.from(body) });
}

async function readTail(url: string, { topicId, highWatermark }: FilledLog): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = await openTail(url, { topicId, offset: 0 }, (nextOffset) => {
    if (nextOffset >= highWatermark) resolve();
  });
  await promise;
  socket.close();
}

async function readBare(
  url: string,
  { name, bodies }: FilledLog,
  { relay = false }: { readonly relay?: boolean } = {},
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = bodies.length;
  const arrived = (): void => {
    left -= 1;
    if (left === 0) resolve();
  };
  const socket = await openBareTail(url, name, { arrived, relay });
  socket.send("all");
  await promise;
  socket.close();
}

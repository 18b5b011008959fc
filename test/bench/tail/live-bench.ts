/** From the beginning of an append to its receipt at a live tail, against a bare object that stores a row and forwards it. */
import { Device } from "../edge/produce-load.ts";
import type { Servers } from "../edge/servers.ts";
import { createTopic } from "../edge/topics.ts";
import { relative, type Figure } from "../figure.ts";
import { openBareTail, openTail } from "./tail-client.ts";

const APPENDS = 3_000;
const WARM_UP = 300;
const BYTES = 200;
const LOG = "live";

export async function liveBench({ edge, bare }: Servers): Promise<Figure[]> {
  const topicId = await createTopic(edge, LOG);
  const device = await Device.of(topicId, 0);
  let arrived = (): void => undefined;
  const sockets = [
    await openTail(edge.url, { topicId, offset: 0 }, () => arrived()),
    await openBareTail(bare.url, LOG, { arrived: () => arrived() }),
  ];
  const took = { ours: [] as number[], raw: [] as number[] };
  for (let at = 0; at < APPENDS; at += 1) {
    const body = device.request(BYTES);
    for (const side of at % 2 === 0 ? (["ours", "raw"] as const) : (["raw", "ours"] as const)) {
      const receipt = new Promise<void>((resolve) => (arrived = resolve));
      const began = performance.now();
      const answer = post(side === "ours" ? `${edge.url}/v1/produce` : bare.url, body);
      await receipt;
      took[side].push(performance.now() - began);
      await answer;
    }
  }
  for (const socket of sockets) socket.close();
  return [figureOf("p50", 0.5, took, 1.3), figureOf("p99", 0.99, took, 2)];
}

async function post(url: string, body: Uint8Array): Promise<void> {
  const answer = await fetch(url, { method: "POST", headers: { "x-log": LOG }, body: Uint8Array.from(body) });
  await answer.arrayBuffer();
}

function figureOf(
  name: string,
  quantile: number,
  took: { readonly ours: readonly number[]; readonly raw: readonly number[] },
  atMost: number,
): Figure {
  const at = (values: readonly number[]): number =>
    values.slice(WARM_UP).toSorted((one, other) => one - other)[Math.floor((values.length - WARM_UP) * quantile)] ??
    Number.NaN;
  return relative(
    {
      name: `append to receipt at a live tail, ${name} (workerd)`,
      unit: "ms",
      ours: at(took.ours),
      raw: at(took.raw),
      note: `raw: POST to a bare object, one row, forwarded to a socket; ${APPENDS - WARM_UP} appends of ${BYTES} B`,
    },
    { atMost },
  );
}

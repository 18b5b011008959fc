/** What locked doors cost: the same requests to an edge with tokens, ACLs and quotas and to an open one, in turns. */
import type { TopicId } from "../../../shared/brands.ts";
import { bytesOf } from "../../../shared/utf8.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { startBroker } from "../../harness/workerd-broker.ts";
import type { Workerd } from "../../harness/workerd.ts";
import { relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { startLockedBroker, type Headers } from "./locked-broker.ts";
import { CONNECTIONS, demandStored, Device, send, type Owner } from "./produce-load.ts";
import { inTurns, ratiosOf } from "./servers.ts";
import { createTopic } from "./topics.ts";

/** Many short rounds: what else the machine does falls on both sides. */
const ROUNDS = 25;
const EACH = 32;
const AT_LEAST = 0.9;

interface Side {
  readonly edge: Workerd;
  readonly owner: Owner | undefined;
  readonly headers: Headers;
  /** Of who makes topics. */
  readonly maker: Headers;
}

interface Sides {
  readonly locked: Side;
  readonly open: Side;
}

export async function authSuite(): Promise<readonly Figure[]> {
  return await withSides(async (sides) => [
    await produced(sides, "produce, one batch of 200 B", 200),
    await produced(sides, "produce, one batch of 16 KB", 16_000),
    await fetched(sides, "fetch, one batch of 16 KB", 16_000),
  ]);
}

async function withSides<Result>(body: (sides: Sides) => Promise<Result>): Promise<Result> {
  const dirs = [await tempDir("bench-locked"), await tempDir("bench-open")] as const;
  const started: Workerd[] = [];
  try {
    const { edge: lockedEdge, owner, device, admin } = await startLockedBroker(dirs[0].path);
    started.push(lockedEdge);
    const openEdge = await startBroker({ dir: dirs[1].path });
    started.push(openEdge);
    return await body({
      locked: { edge: lockedEdge, owner, headers: device, maker: admin },
      open: { edge: openEdge, owner: undefined, headers: {}, maker: {} },
    });
  } finally {
    await Promise.all(started.map(async (edge) => await edge.kill()));
    for (const dir of dirs) await dir.remove();
  }
}

/** One round: its seconds. */
type Round = () => Promise<number>;

async function produced(sides: Sides, name: string, bytes: number): Promise<Figure> {
  const rounds = async (side: Side): Promise<Round> => {
    const topicId = await createTopic(side.edge, name.replaceAll(/\W/g, "-"), side.maker);
    const devices = await Promise.all(
      Array.from({ length: CONNECTIONS }, async (_, index) => await Device.of(topicId, index, side.owner)),
    );
    return async () => {
      const bodies = devices.map((device) => Array.from({ length: EACH }, () => device.request(bytes)));
      const { seconds, answers } = await send(`${side.edge.url}/v1/produce`, bodies, side);
      demandStored(answers);
      return seconds;
    };
  };
  return await compared(name, await rounds(sides.locked), await rounds(sides.open));
}

async function fetched(sides: Sides, name: string, bytes: number): Promise<Figure> {
  const rounds = async (side: Side): Promise<Round> => {
    const topicId = await createTopic(side.edge, name.replaceAll(/\W/g, "-"), side.maker);
    const device = await Device.of(topicId, 0, side.owner);
    const { answers } = await send(`${side.edge.url}/v1/produce`, [[device.request(bytes)]], side);
    demandStored(answers);
    const bodies = Array.from({ length: CONNECTIONS }, () => Array.from({ length: EACH }, () => fetchBody(topicId)));
    return async () => {
      const { seconds, answers: read } = await send(`${side.edge.url}/v1/fetch`, bodies, side);
      // In characters, of which most here are a byte each.
      for (const text of read) if (text.length < bytes * 0.9) throw new Error(`${name}: ${text.slice(0, 500)}`);
      return seconds;
    };
  };
  return await compared(name, await rounds(sides.locked), await rounds(sides.open));
}

function fetchBody(topicId: TopicId): Uint8Array {
  const place = { topicId, partition: 0, offset: 0, leaderEpoch: null, previousCrc: null, maxBytes: 65_536 };
  const request = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 65_536, partitions: [place] };
  return bytesOf(JSON.stringify(request));
}

async function compared(name: string, locked: Round, open: Round): Promise<Figure> {
  const took = await inTurns(ROUNDS, locked, open);
  const ratios = ratiosOf(took);
  const requests = CONNECTIONS * EACH;
  return relative(
    {
      name: `${name}, locked (workerd, ${CONNECTIONS} connections)`,
      unit: "requests/s",
      ours: requests / median(took.ours),
      raw: requests / median(took.raw),
      ratio: median(ratios),
      peers: { "worst round's ratio": Math.min(...ratios), "best round's": Math.max(...ratios) },
      note: "raw: the same edge with open doors",
    },
    { atLeast: AT_LEAST },
  );
}

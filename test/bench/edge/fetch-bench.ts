/** Ranges of 1 MB, one row each, against the bare object that streams the same bytes from its rows. */
import { relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { inTurns, ratiosOf, timed, type Servers } from "./servers.ts";
import { fill, type FilledLog } from "./topics.ts";

const ROUNDS = 11;
const RUNS = 32;
const READERS = 4;
const RUN_BYTES = 1_000_000;
const MAX_BYTES = 1_048_576;

export async function fetchBench({ edge, bare }: Servers): Promise<Figure[]> {
  const log = await fill(edge, "fetch-1-MB", { count: RUNS, bytes: RUN_BYTES });
  for (const body of log.bodies) await store(bare.url, body);
  const raw = async (run: number): Promise<Response> => await fetch(`${bare.url}/${run + 1}`, { headers: LOG });
  const ways = [
    { name: "POST /v1/fetch", read: async (run: number) => await fetchRun(edge.url, log, run) },
    { name: "GET .../records as bytes", read: async (run: number) => await getRun(edge.url, log, run) },
  ];
  const figures: Figure[] = [];
  for (const { name, read } of ways) {
    const took = await inTurns(
      ROUNDS,
      () => timed(() => readAll(read)),
      () => timed(() => readAll(raw)),
    );
    const ratios = ratiosOf(took);
    const megabytes = (RUNS * RUN_BYTES) / 1e6;
    figures.push(
      relative(
        {
          name: `${name}, 1 MB (workerd, ${READERS} readers)`,
          unit: "MB/s",
          ours: megabytes / median(took.ours),
          raw: megabytes / median(took.raw),
          ratio: median(ratios),
          peers: { "worst round's ratio": Math.min(...ratios), "best round's": Math.max(...ratios) },
          note: "raw: GET of the same bytes from a bare object's row",
        },
        { atLeast: 0.85 },
      ),
    );
  }
  return figures;
}

const LOG = { "x-log": "fetch" };

async function store(url: string, body: Uint8Array): Promise<void> {
  await fetch(url, { method: "POST", headers: LOG, body: Uint8Array.from(body) });
}

async function readAll(read: (run: number) => Promise<Response>): Promise<void> {
  const readers = Array.from({ length: READERS }, async (_, reader) => {
    for (let run = reader; run < RUNS; run += READERS) {
      const { byteLength } = await (await read(run)).arrayBuffer();
      if (byteLength < RUN_BYTES * 0.9) throw new Error(`${byteLength} bytes`);
    }
  });
  await Promise.all(readers);
}

function offsetOf({ highWatermark }: FilledLog, run: number): number {
  return (highWatermark / RUNS) * run;
}

async function fetchRun(url: string, log: FilledLog, run: number): Promise<Response> {
  const place = { topicId: log.topicId, partition: 0, offset: offsetOf(log, run) };
  const partitions = [{ ...place, leaderEpoch: null, previousCrc: null, maxBytes: MAX_BYTES }];
  const request = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: MAX_BYTES, partitions };
  return await fetch(`${url}/v1/fetch`, { method: "POST", body: JSON.stringify(request) });
}

async function getRun(url: string, log: FilledLog, run: number): Promise<Response> {
  const path = `/v1/topics/${log.name}/partitions/0/records?offset=${offsetOf(log, run)}&maxBytes=${MAX_BYTES}`;
  return await fetch(`${url}${path}`, { headers: { accept: "application/vnd.strandline.v1" } });
}

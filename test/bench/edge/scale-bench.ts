/** What a long log and many producers cost: appends, reads, the first request after a restart, memory, rows written. */
import type { TopicId } from "../../../shared/brands.ts";
import { startBroker } from "../../harness/workerd-broker.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import type { Workerd } from "../../harness/workerd.ts";
import { absolute, relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { demandStored, Device, send } from "./produce-load.ts";
import { timed } from "./servers.ts";
import { createTopic } from "./topics.ts";

const ROWS = [10, 1_000, 100_000] as const;
const REQUESTS = 400;
const RESTARTS = 5;

interface Log {
  readonly name: string;
  readonly topicId: TopicId;
  readonly rows: number;
}

export async function scaleBench(): Promise<Figure[]> {
  const dir = await tempDir("bench-scale");
  let edge = await startFilled(dir.path);
  try {
    const logs: Log[] = [];
    for (const rows of ROWS) logs.push(await filledLog(edge, `rows-${rows}`, { rows, producers: rows }));
    const spent = await filledLog(edge, "spent", { rows: 10_000, producers: 100 });
    // What filled them stands in storage; the objects that serve begin with it.
    await edge.kill();
    edge = await startFilled(dir.path);
    const costs = await costFigures(edge, logs);
    const wakes: number[] = [];
    for (let round = 0; round < RESTARTS; round += 1) {
      await edge.kill();
      edge = await startFilled(dir.path);
      wakes.push(await wakeMs(edge, logs));
    }
    return [...costs, wakeFigure(wakes), rowsFigure(spent.rowsWritten)];
  } finally {
    await edge.kill();
    await dir.remove();
  }
}

export async function startFilled(dir: string): Promise<Workerd> {
  return await startBroker({ dir, entry: "test/edge/filled-worker.ts" });
}

async function filledLog(
  edge: Workerd,
  name: string,
  { rows, producers }: { readonly rows: number; readonly producers: number },
): Promise<Log & { readonly rowsWritten: number }> {
  const topicId = await createTopic(edge, name);
  await latest(edge, name);
  const rowsWritten = await bench(edge, `fill?topicId=${topicId}&runs=${rows}&producers=${producers}`);
  return { name, topicId, rows, rowsWritten };
}

export async function bench(edge: Workerd, query: string): Promise<number> {
  const answer = await fetch(`${edge.url}/bench/${query}`);
  if (!answer.ok) throw new Error(await answer.text());
  return Number(await answer.text());
}

export async function latest(edge: Workerd, name: string): Promise<void> {
  await (await fetch(`${edge.url}/v1/topics/${name}/partitions/0/offsets?at=latest`)).arrayBuffer();
}

/** Milliseconds of each, request by request in turns over the logs. */
async function costFigures(edge: Workerd, logs: readonly Log[]): Promise<Figure[]> {
  const appends = new Map<Log, number[]>();
  const reads = new Map<Log, number[]>();
  const devices = new Map(await Promise.all(logs.map(async (log) => [log, await Device.of(log.topicId, 1)] as const)));
  for (let at = 0; at < REQUESTS; at += 1) {
    for (const log of at % 2 === 0 ? logs : logs.toReversed()) {
      const body = devices.get(log)?.request(200) ?? new Uint8Array();
      const seconds = await timed(async () => demandStored((await send(`${edge.url}/v1/produce`, [[body]])).answers));
      put(appends, log, seconds * 1_000);
      const path = `/v1/topics/${log.name}/partitions/0/records?offset=${(at * 7919) % log.rows}&maxBytes=1`;
      put(reads, log, 1_000 * (await timed(async () => await (await fetch(`${edge.url}${path}`)).arrayBuffer())));
    }
  }
  return [costFigure("append", appends, logs), costFigure("read at an offset", reads, logs)];
}

function put(into: Map<Log, number[]>, log: Log, value: number): void {
  into.set(log, [...(into.get(log) ?? []), value]);
}

function costFigure(what: string, costs: ReadonlyMap<Log, readonly number[]>, logs: readonly Log[]): Figure {
  const medians = logs.map((log) => median((costs.get(log) ?? []).slice(REQUESTS / 10)));
  const [least, most] = [Math.min(...medians), Math.max(...medians)];
  return relative(
    {
      name: `${what}, at ${ROWS.map((rows) => rows.toLocaleString("en")).join(", ")} rows: dearest to cheapest`,
      unit: "ms",
      ours: most,
      raw: least,
      peers: Object.fromEntries(logs.map(({ rows }, index) => [`${rows} rows`, medians[index] ?? Number.NaN])),
      note: "raw: the cheapest of the three",
    },
    { atMost: 1.2 },
  );
}

/** The first request to the longest log, in a process that has just started and served the other two. */
async function wakeMs(edge: Workerd, logs: readonly Log[]): Promise<number> {
  const [, warm, long] = logs;
  await latest(edge, warm?.name ?? "");
  return 1_000 * (await timed(async () => await latest(edge, long?.name ?? "")));
}

function wakeFigure(wakes: readonly number[]): Figure {
  const note = `median of ${RESTARTS} restarts: the first request to it, network and all`;
  const peers = { slowest: Math.max(...wakes) };
  return absolute(
    { name: "waking with 100,000 rows and 100,000 producers", unit: "ms", ours: median(wakes), peers, note },
    { atMost: 50 },
  );
}

function rowsFigure(rowsWritten: number): Figure {
  const note = "as they are billed, snapshots and all, over 10,000 appends by 100 producers";
  return absolute({ name: "rows written for a run", unit: "rows", ours: rowsWritten / 10_000, note }, { atMost: 1.1 });
}

/**
 * The main job: 20,000 real flights are appended offline and synced through a proxy that holds answers back; the
 * browser is killed in the middle and started again on its profile, so is the broker; a second, fresh profile then
 * reads everything.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { ROOT } from "../harness/paths.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { answersTo, startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import type { Workerd } from "../harness/workerd.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import { compare, type Comparison } from "./compare.ts";
import type { Flight, ReadRecord } from "./demo-page.ts";
import { countStoredRows, readEdgeLog, type EdgeLog } from "./edge-log.ts";
import type { DemoReport } from "./report.ts";

const TOPIC = "flights";
const PARTITIONS = 6;
/** The package exports its loader alone, so the file is named by its place. */
const FLIGHTS = "node_modules/vega-datasets/data/flights-20k.json";
const STEP_MS = 60_000;
/** What a device has under way at most. Together they carry less than all flights, so the kill lands in the middle. */
const REQUESTS_IN_FLIGHT = 2;

type Say = (line: string) => void;

interface Stage {
  readonly dir: string;
  readonly files: StaticServer;
  readonly proxy: TcpProxy;
  broker: Workerd;
  browser: LaunchedBrowser;
  readonly flights: readonly Flight[];
  readonly say: Say;
}

export async function runDemo(say: Say): Promise<DemoReport> {
  const dir = await tempDir("demo");
  const ending: (() => Promise<void>)[] = [async () => await dir.remove()];
  try {
    const stage = await setUp(dir.path, say, ending);
    const { acked, ms: appendMs } = await appendOffline(stage);
    const kill = await killInTheMiddle(stage);
    const sync = await finishOverAKilledBroker(stage);
    const edge = await readEdgeLog(stage.broker.url, TOPIC, PARTITIONS);
    const read = await readInAFreshProfile(stage, edge, ending);
    // Not asked to end: what it acked has to be in its files as they are.
    await stage.broker.kill();
    return {
      appended: stage.flights.length,
      ackedOnDevice: acked,
      onEdge: edge.records.length,
      consumed: read.records.length,
      ...worst(compare(stage.flights, edge.records), compare(stage.flights, byOffset(read.records))),
      kills: 2,
      onEdgeAtKill: kill.onEdge,
      unansweredAtKill: kill.unanswered,
      resentAfterKill: kill.resent,
      ...countStoredRows(join(dir.path, "broker", "storage")),
      appendPerSecond: perSecond(acked, appendMs),
      syncPerSecond: perSecond(sync.records, sync.ms),
      readPerSecond: perSecond(read.records.length, read.ms),
    };
  } finally {
    for (const end of ending.reverse()) await end().catch(() => undefined);
  }
}

async function setUp(dir: string, say: Say, ending: (() => Promise<void>)[]): Promise<Stage> {
  say("starting the broker on workerd, a proxy in front of it, and Chromium");
  const broker = await startBroker({ dir: join(dir, "broker") });
  const proxy = await startTcpProxy({ upstreamPort: broker.port });
  const flightsText = await readFile(join(ROOT, FLIGHTS), "utf8");
  const page = await bundlePage({ entry: "test/demo/demo-page.ts" });
  const html = `<!doctype html><title>Strandline demo</title><script type="module" src="demo-page.js"></script>`;
  const files = await startStaticServer(new Map([...page, ["index.html", html], ["flights.json", flightsText]]));
  const browser = await launchBrowser({ userDataDir: join(dir, "profile") });
  const stage: Stage = { dir, files, proxy, broker, browser, flights: JSON.parse(flightsText) as Flight[], say };
  // Whatever runs at the end, which is not what ran at the beginning.
  ending.push(
    async () => await files.close(),
    async () => await proxy.close(),
    async () => await stage.broker.kill(),
    async () => await stage.browser.kill(),
  );
  await openPage(stage);
  await stage.browser.page.evaluate(
    async (topic, partitions) => await window.demo.createTopic(topic, partitions),
    TOPIC,
    PARTITIONS,
  );
  return stage;
}

async function openPage({ browser, files, proxy }: Stage): Promise<void> {
  await browser.page.goto(`${files.url}/?edge=${encodeURIComponent(proxy.url)}`);
  await browser.page.waitForFunction(() => "demo" in window, { timeout: STEP_MS });
}

async function appendOffline({ browser, proxy, flights, say }: Stage): Promise<{ acked: number; ms: number }> {
  say("cutting the network");
  proxy.cut();
  say(`appending ${flights.length.toLocaleString("en-US")} flights, in sends of 1 to 1,000`);
  const appended = await browser.page.evaluate(async (topic) => await window.demo.append(topic), TOPIC);
  say(`${appended.acked.toLocaleString("en-US")} are acked on the device, in ${Math.round(appended.ms)} ms`);
  return appended;
}

async function killInTheMiddle(stage: Stage): Promise<{ onEdge: number; unanswered: number; resent: number }> {
  const { proxy, say, flights } = stage;
  say("the network is back; the proxy lets one answer to a produce request through and holds back all others");
  let answers = 0;
  proxy.holdAnswers(({ method, path }) => method === "POST" && path === "/v1/produce" && (answers += 1) > 1);
  proxy.restore();
  await proxy.until(({ answersHeld }) => answersHeld >= REQUESTS_IN_FLIGHT, STEP_MS);
  const unanswered = proxy.held().length;
  const before = await pendingRecords(stage);
  say(`killing the browser with ${unanswered} ${unanswered === 1 ? "request" : "requests"} unanswered`);
  await stage.browser.kill();
  proxy.cut();
  const edge = await readEdgeLog(stage.broker.url, TOPIC, PARTITIONS);
  const onEdge = edge.records.length;
  say(
    `${onEdge.toLocaleString("en-US")} of ${flights.length.toLocaleString("en-US")} records are on the edge, ${(flights.length - before).toLocaleString("en-US")} of them acked to the device`,
  );
  stage.browser = await launchBrowser({ userDataDir: join(stage.dir, "profile") });
  await openPage(stage);
  const waiting = await pendingRecords(stage);
  say(`the browser is back on its profile: ${waiting.toLocaleString("en-US")} records wait`);
  return { onEdge, unanswered, resent: onEdge - (flights.length - waiting) };
}

/** All that still waits, from the moment the network is back to the last ack, less the time that answers were held. */
async function finishOverAKilledBroker(stage: Stage): Promise<{ records: number; ms: number }> {
  const { proxy, say } = stage;
  proxy.holdAnswers(answersTo("POST", "/v1/produce"));
  proxy.restore();
  await proxy.until(({ answersHeld }) => answersHeld > 0, STEP_MS);
  say("killing the broker, with its answers unheard, and starting it again on its storage");
  await stage.broker.kill();
  proxy.cut();
  stage.broker = await stage.broker.restart();
  proxy.retarget(stage.broker.port);
  const records = await pendingRecords(stage);
  proxy.releaseAnswers();
  const start = performance.now();
  proxy.restore();
  await stage.browser.page.evaluate(async () => await window.demo.drained());
  const ms = performance.now() - start;
  say(`all is acked by the edge, ${Math.round(ms)} ms after the network came back`);
  await stage.browser.close();
  return { records, ms };
}

async function readInAFreshProfile(
  stage: Stage,
  edge: EdgeLog,
  ending: (() => Promise<void>)[],
): Promise<{ records: ReadRecord[]; ms: number }> {
  stage.say("reading everything from the beginning in a second, fresh profile");
  stage.browser = await launchBrowser({ userDataDir: join(stage.dir, "second-profile") });
  ending.push(async () => await stage.browser.kill());
  await openPage(stage);
  return await stage.browser.page.evaluate(
    async (topic, ends) => await window.demo.readAll(topic, ends),
    TOPIC,
    edge.ends,
  );
}

async function pendingRecords({ browser }: Stage): Promise<number> {
  return (await browser.page.evaluate(async () => await window.demo.status())).pendingRecords;
}

function byOffset(records: readonly ReadRecord[]): ReadRecord[] {
  return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** What broke on the way to the edge or on the way back. */
function worst(a: Comparison, b: Comparison): Comparison {
  return {
    lost: Math.max(a.lost, b.lost),
    duplicated: Math.max(a.duplicated, b.duplicated),
    outOfOrder: Math.max(a.outOfOrder, b.outOfOrder),
  };
}

function perSecond(records: number, ms: number): number {
  return Math.round((records * 1_000) / ms);
}

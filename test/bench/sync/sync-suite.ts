/** The device with its edge: starting with a full outbox, memory while syncing, many partitions in many tabs. */
import type { Page } from "puppeteer-core";
import { bundlePage } from "../../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../../harness/launch-browser.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { withServers } from "../edge/servers.ts";
import { call } from "../bench-browser.ts";
import { absolute, relative, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { openGate, type Gate } from "./gate.ts";
import { peakBytes } from "./worker-memory.ts";

const ROUNDS = 5;
const UNSYNCED = 100_000;
const APPENDED = 200_000;
const PARTITIONS = 20;
const TABS = 3;
const MB = 1e6;
const MIB = 1024 * 1024;
/** What one of the bench's records takes within its batch: key, deltas and lengths beside 100 characters. */
const RECORD_BATCH_BYTES = 112;
const HTML = `<!doctype html><title>bench</title><script type="module" src="/sync-page.js"></script>`;

export async function syncSuite(): Promise<readonly Figure[]> {
  const profile = await tempDir("bench-profile");
  try {
    return await withServers(async ({ edge, bare }) => {
      const files = new Map([
        ...(await bundlePage({ entry: "test/bench/sync/sync-page.ts" })),
        ["index.html", HTML] as const,
      ]);
      const gate = await openGate({ edgePort: edge.port, barePort: bare.port }, files);
      const browser = await launchBrowser({ userDataDir: profile.path });
      try {
        for (const topic of ["start", "memory", "drain"]) await createTopic(edge.url, topic, 1);
        await createTopic(edge.url, "tabs", PARTITIONS);
        const lab = { gate, browser };
        return [
          ...(await startupFigures(lab)),
          await drainFigure(lab),
          await memoryFigure(lab),
          ...(await tabFigures(lab)),
        ];
      } finally {
        await browser.kill();
        await gate.close();
      }
    });
  } finally {
    await profile.remove();
  }
}

interface Lab {
  readonly gate: Gate;
  readonly browser: LaunchedBrowser;
}

interface Started {
  readonly ackedMs: number;
  readonly wireMs: number;
}

async function startupFigures(lab: Lab): Promise<Figure[]> {
  lab.gate.shut = true;
  await inTab(lab, (page) => call(page, "append", { database: "full", topic: "start", records: UNSYNCED }));
  await started(lab, "empty");
  const full: Started[] = [];
  const empty: Started[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    empty.push(await started(lab, "empty"));
    full.push(await started(lab, "full"));
  }
  lab.gate.shut = false;
  const figure = (name: string, of: (one: Started) => number): Figure =>
    relative(
      {
        name: `from new Strandline to ${name}, ${UNSYNCED.toLocaleString("en")} unsynced (page)`,
        unit: "ms",
        ours: median(full.map(of)),
        raw: median(empty.map(of)),
        note: "raw: the same with nothing unsynced but what was sent in the rounds before",
      },
      { atMost: 1.2 },
    );
  return [
    figure("the first acked send", ({ ackedMs }) => ackedMs),
    figure("the first byte of the outbox on the wire", ({ wireMs }) => wireMs),
  ];
}

async function started(lab: Lab, database: string): Promise<Started> {
  return await inTab(lab, async (page) => {
    const onWire = lab.gate.nextProduce();
    const { startedAt, ackedMs } = await call<{ startedAt: number; ackedMs: number }>(page, "start", {
      database,
      topic: "start",
    });
    return { ackedMs, wireMs: (await onWire) - startedAt };
  });
}

async function drainFigure(lab: Lab): Promise<Figure> {
  const load = { database: "drain", topic: "drain", records: UNSYNCED };
  const raw = { bytes: UNSYNCED * RECORD_BATCH_BYTES, perRequest: MIB };
  const ours: number[] = [];
  const posted: number[] = [];
  await inTab(lab, async (page) => {
    await call(page, "drain", { ...load, records: 1_000 });
    await call(page, "post", raw);
    for (let round = 0; round < ROUNDS; round += 1) {
      posted.push(await call<number>(page, "post", raw));
      ours.push(await call<number>(page, "drain", load));
    }
  });
  const rate = (ms: readonly number[]): number => raw.bytes / MB / (median(ms) / 1_000);
  return relative(
    {
      name: `${UNSYNCED.toLocaleString("en")} records of 100 from offline to acked by the edge (page)`,
      unit: "MB/s",
      ours: rate(ours),
      raw: rate(posted),
      ratio: median(ours.map((ms, round) => (posted[round] ?? Number.NaN) / ms)),
      note: "raw: the same bytes by fetch in bodies of 1 MiB, two at once, to a bare object that stores each as a row",
    },
    { atLeast: 0.5 },
  );
}

async function memoryFigure(lab: Lab): Promise<Figure> {
  const peak = await inTab(lab, async (page) =>
    peakBytes(page, () => call(page, "appendAndSync", { database: "memory", topic: "memory", records: APPENDED })),
  );
  return absolute(
    {
      name: `worker's heap and buffers, ${APPENDED.toLocaleString("en")} records appended and synced (worker)`,
      unit: "MB",
      ours: peak.bytes / MB,
      peers: { "of it buffers": peak.buffers / MB, samples: peak.samples },
      note: "the greatest of the samples, one each 100 ms over the DevTools protocol",
    },
    { atMost: 48 },
  );
}

async function tabFigures(lab: Lab): Promise<Figure[]> {
  const where = { database: "tabs", topic: "tabs" };
  const tabs = await Promise.all(Array.from({ length: TABS }, () => newTab(lab)));
  const following = tabs.map((page) => call(page, "follow", where));
  const first = tabs[0] as Page;
  await call(first, "produce", where);
  await Promise.all(following);
  const produced: number[] = [];
  const loaded: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    produced.push(await call<number>(first, "produce", where));
    const began = performance.now();
    const fourth = await newTab(lab);
    loaded.push(performance.now() - began);
    await fourth.close();
  }
  for (const page of tabs) await page.close();
  const note = `${PARTITIONS} partitions followed in ${TABS} tabs over HTTP/1.1`;
  const figure = (name: string, times: readonly number[]): Figure =>
    absolute(
      { name, unit: "ms", ours: median(times), peers: { slowest: Math.max(...times) }, note },
      { atMost: 1_000 },
    );
  return [figure("a produce is acked by the edge (page)", produced), figure("a fourth tab loads (page)", loaded)];
}

async function newTab({ gate, browser }: Lab): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(gate.url, { waitUntil: "load" });
  return page;
}

async function inTab<Result>(lab: Lab, body: (page: Page) => Promise<Result>): Promise<Result> {
  const page = await newTab(lab);
  try {
    return await body(page);
  } finally {
    await page.close();
  }
}

async function createTopic(url: string, name: string, partitionCount: number): Promise<void> {
  const answer = await fetch(`${url}/v1/topics`, { method: "POST", body: JSON.stringify({ name, partitionCount }) });
  if (!answer.ok) throw new Error(await answer.text());
}

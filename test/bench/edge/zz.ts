import { startBroker } from "../../harness/workerd-broker.ts";
import { startWorkerd } from "../../harness/workerd.ts";
import { tempDir } from "../../harness/temp-dir.ts";
import { BARE_OBJECT, BARE_WORKER } from "./bare-worker.ts";
import { Device, send } from "./produce-load.ts";
import { openSocket, openTail } from "./tail-client.ts";
const d1 = await tempDir("a"), d2 = await tempDir("b");
const edge = await startBroker({ dir: d1.path });
const bare = await startWorkerd({ code: BARE_WORKER, objects: [BARE_OBJECT], dir: d2.path });
async function topic(name: string) {
  const a = await fetch(`${edge.url}/v1/topics`, { method: "POST", body: JSON.stringify({ name, partitionCount: 1 }) });
  return ((await a.json()) as any).topicId;
}
const q = (xs: number[], p: number) => xs.toSorted((a, b) => a - b)[Math.floor(xs.length * p)]!;
// fill
for (const [size, n] of [[1_000_000, 32], [16_000, 1000], [200, 5000]] as const) {
  const name = `t${size}`;
  const topicId = await topic(name);
  const device = await Device.of(topicId, 1);
  const bodies = Array.from({ length: n }, () => device.request(size));
  await send(`${edge.url}/v1/produce`, [bodies]);
  for (const b of bodies) await fetch(bare.url, { method: "POST", body: b, headers: { "x-log": name } });
  // catch up
  const ours: number[] = [], raw: number[] = [];
  for (let r = 0; r < 7; r++) {
    {
      let done!: () => void; const p = new Promise<void>((r) => (done = r)); let records = 0; let bytes = 0;
      const t0 = performance.now();
      const hw = (await (await fetch(`${edge.url}/v1/topics/${name}/partitions/0/offsets?at=latest`)).json() as any).offset;
      const t1 = performance.now();
      const s = await openTail(edge.url, { topicId, offset: 0 }, (next, b) => { bytes += b; if (next >= hw) done(); });
      await p; ours.push(bytes / (performance.now() - t1) / 1000); s.close(); void t0; void records;
    }
    {
      let done!: () => void; const p = new Promise<void>((r) => (done = r)); let frames = 0; let bytes = 0;
      const t1 = performance.now();
      const s = new WebSocket(bare.url.replace("http", "ws") + "/tail", { headers: { "x-log": name } } as any);
      s.binaryType = "arraybuffer";
      s.onopen = () => s.send("go");
      s.onmessage = ({ data }) => { frames++; bytes += data.byteLength; if (frames === n) done(); };
      await p; raw.push(bytes / (performance.now() - t1) / 1000); s.close();
    }
  }
  console.log("catch-up", size, "ours MB/s", q(ours, .5).toFixed(1), "raw", q(raw, .5).toFixed(1), (q(ours, .5) / q(raw, .5)).toFixed(2));
  const hwOf: number = (await (await fetch(`${edge.url}/v1/topics/${name}/partitions/0/offsets?at=latest`)).json() as any).offset;
  if (size === 1_000_000) {
    const fo: number[] = [], fr: number[] = [];
    for (let r = 0; r < 7; r++) {
      let t = performance.now();
      await Promise.all([0,1,2,3].map(async (c) => { for (let i = c; i < n; i += 4) {
        const per = (await device, 9260);
        const body = JSON.stringify({ sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1_048_576, partitions: [{ topicId, partition: 0, offset: i * cnt(), leaderEpoch: null, previousCrc: null, maxBytes: 1_048_576 }] });
        const a = await fetch(`${edge.url}/v1/fetch`, { method: "POST", body }); const b = await a.arrayBuffer(); if (b.byteLength < 900_000) throw new Error("short " + b.byteLength);
      } }));
      fo.push(performance.now() - t);
      t = performance.now();
      await Promise.all([0,1,2,3].map(async (c) => { for (let i = c; i < n; i += 4) {
        const a = await fetch(`${bare.url}/${i + 1}`, { headers: { "x-log": name } }); const b = await a.arrayBuffer(); if (b.byteLength < 900_000) throw new Error("short");
      } }));
      fr.push(performance.now() - t);
    }
    console.log("fetch 1MB ours ms", q(fo, .5).toFixed(1), "raw", q(fr, .5).toFixed(1), (q(fr, .5) / q(fo, .5)).toFixed(2));
  }
  function cnt() { return Math.floor(hwOf / n); }
}
// live latency
{
  const topicId = await topic("live");
  const device = await Device.of(topicId, 2);
  const bodies = Array.from({ length: 2000 }, () => device.request(200));
  let got: (() => void) | null = null;
  const tail = await openTail(edge.url, { topicId, offset: 0 }, () => got?.());
  const s = new WebSocket(bare.url.replace("http", "ws") + "/tail", { headers: { "x-log": "live" } } as any);
  s.binaryType = "arraybuffer"; await new Promise((r) => (s.onopen = r)); s.onmessage = () => got?.();
  const ours: number[] = [], raw: number[] = [];
  for (const [i, b] of bodies.entries()) {
    for (const which of i % 2 ? [0, 1] : [1, 0]) {
      const p = new Promise<void>((r) => (got = r)); const t = performance.now();
      const a = fetch(which === 0 ? `${edge.url}/v1/produce` : bare.url, { method: "POST", body: b, headers: { "x-log": "live" } });
      await p; (which === 0 ? ours : raw).push(performance.now() - t); await (await a).arrayBuffer();
    }
  }
  ours.splice(0, 200); raw.splice(0, 200);
  console.log("live p50", q(ours, .5).toFixed(2), q(raw, .5).toFixed(2), (q(ours, .5) / q(raw, .5)).toFixed(2), "p99", q(ours, .99).toFixed(2), q(raw, .99).toFixed(2), (q(ours, .99) / q(raw, .99)).toFixed(2));
  tail.close(); s.close();
}
console.log(edge.stderr().slice(0, 2000));
await Promise.all([edge.kill(), bare.kill()]); await d1.remove(); await d2.remove(); process.exit(0);

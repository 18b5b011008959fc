/** Rows written, told on demand; and the headers that every answer has. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { NO_CHAIN } from "../../shared/brands.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { plainBatch } from "./device.ts";
import { call, newPlace, stubOf, type Place } from "./edge.ts";

async function costOf(runs: number, headers: Readonly<Record<string, string>>): Promise<string | null> {
  const place = await newPlace({}, runs);
  return await costAt(
    Array.from({ length: runs }, (_, partition) => ({ ...place, partition })),
    headers,
  );
}

async function costAt(places: readonly Place[], headers: Readonly<Record<string, string>>): Promise<string | null> {
  const run = plainBatch(["a"]);
  const partitions = places.map(({ topicId, partition }) => {
    return { topicId, partition, leaderEpoch: null, producerKey: null, chain: NO_CHAIN, bytes: run.length };
  });
  const body = writeEnvelope(
    { partitions },
    partitions.map(() => run),
  );
  const response = await call("/v1/produce", { body, headers });
  return response.headers.get("x-strandline-cost");
}

test("is the sum over the partitions, where it is asked for", async () => {
  expect(await costOf(1, { "x-strandline-cost": "rows" })).toBe("rows-written=1");
  expect(await costOf(3, { "x-strandline-cost": "rows" })).toBe("rows-written=3");
  expect(await costOf(1, {})).toBeNull();
  expect(await costOf(1, { "x-strandline-cost": "money" })).toBeNull();
});

test("an alarm is billed as a row: the append that sets it tells of it, and so do the metrics", async () => {
  const place = await newPlace({ "retention.ms": "600000" });
  // Awake, and past its look at what alarm is set: none, since nothing is there that could be due.
  await call(`/v1/topics/${place.name}/partitions/0/offsets?at=latest`);
  await runInDurableObject(stubOf(place), async () => await new Promise((resolve) => setTimeout(resolve, 20)));
  const asked = { "x-strandline-cost": "rows" };
  const costs: (string | null)[] = [];
  for (let turn = 0; turn < 3; turn += 1) costs.push(await costAt([place], asked));
  expect(costs).toEqual(["rows-written=2", "rows-written=1", "rows-written=1"]);
  await vi.waitFor(async () => {
    const metrics = await (await call("/metrics")).text();
    expect(metrics).toContain(`strandline_rows_written_total{topic="${place.name}",partition="0"} 5`);
  });
});

test("a page may ask for it and read it", async () => {
  const origin = "http://localhost:5173";
  const preflight = await call("/v1/produce", { method: "OPTIONS", headers: { origin } });
  expect(preflight.headers.get("access-control-allow-headers")).toContain("x-strandline-cost");
  expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
  const answer = await call("/v1/topics", { headers: { origin } });
  expect(answer.headers.get("access-control-expose-headers")).toContain("x-strandline-cost");
});

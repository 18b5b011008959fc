/** Rows written, told on demand; and the headers that every answer has. */
import { expect, test } from "vitest";
import { NO_CHAIN } from "../../shared/brands.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { plainBatch } from "./device.ts";
import { call, newPlace } from "./edge.ts";

async function costOf(runs: number, headers: Readonly<Record<string, string>>): Promise<string | null> {
  const { topicId } = await newPlace({}, runs);
  const run = plainBatch(["a"]);
  const partitions = Array.from({ length: runs }, (_, partition) => {
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

test("a page may ask for it and read it", async () => {
  const origin = "http://localhost:5173";
  const preflight = await call("/v1/produce", { method: "OPTIONS", headers: { origin } });
  expect(preflight.headers.get("access-control-allow-headers")).toContain("x-strandline-cost");
  expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
  const answer = await call("/v1/topics", { headers: { origin } });
  expect(answer.headers.get("access-control-expose-headers")).toContain("x-strandline-cost");
});

test.each(["/healthz", "/v1/topics", "/nothing", "/metrics", "/openapi.json", "/v1/topics/nobody"])(
  "%s is not to be taken for another type",
  async (path) => {
    expect((await call(path)).headers.get("x-content-type-options")).toBe("nosniff");
  },
);

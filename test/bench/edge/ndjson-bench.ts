/** Lines of JSON over one connection to one partition: what somebody with a file and `curl -T -` gets. */
import { request as httpRequest } from "node:http";
import type { LineReport } from "../../../shared/api/send-records.ts";
import type { Workerd } from "../../harness/workerd.ts";
import { absolute, type Figure } from "../figure.ts";
import { median } from "../local/median.ts";
import { createTopic } from "./topics.ts";

const LINES = 300_000;
const LINES_PER_CHUNK = 500;
const ROUNDS = 5;
const NAME = "ndjson";

export async function ndjsonBench(edge: Workerd): Promise<Figure> {
  await createTopic(edge, NAME);
  const chunks = chunksOfLines();
  const rates: number[] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) rates.push(LINES / (await stream(edge.url, chunks, round * LINES)));
  const measured = rates.slice(1);
  return absolute(
    {
      name: "NDJSON, one connection, one partition (workerd)",
      unit: "records/s",
      ours: median(measured),
      peers: { "worst round": Math.min(...measured), "best round": Math.max(...measured) },
      note: `${LINES} lines with values of 100 characters, a report read for each`,
    },
    { atLeast: 100_000 },
  );
}

function chunksOfLines(): Buffer[] {
  const chunks: Buffer[] = [];
  for (let line = 0; line < LINES; line += LINES_PER_CHUNK) {
    const lines = Array.from({ length: LINES_PER_CHUNK }, (_, index) => {
      const value = `${line + index} `.padEnd(100, "drifting logs come ashore ");
      return `{"key":"k-${(line + index) % 1_000}","value":${JSON.stringify(value)}}\n`;
    });
    chunks.push(Buffer.from(lines.join("")));
  }
  return chunks;
}

/** Seconds until each line has its report, in order, and its offset. */
async function stream(url: string, chunks: readonly Buffer[], firstOffset: number): Promise<number> {
  const began = performance.now();
  const reports = await new Promise<string>((resolve, reject) => {
    const headers = { "content-type": "application/x-ndjson" };
    const sent = httpRequest(`${url}/v1/topics/${NAME}/records`, { method: "POST", headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject).on("end", () => resolve(Buffer.concat(parts).toString()));
    });
    sent.on("error", reject);
    void (async () => {
      for (const chunk of chunks) if (!sent.write(chunk)) await new Promise((drained) => sent.once("drain", drained));
      sent.end();
    })();
  });
  const seconds = (performance.now() - began) / 1_000;
  const lines = reports.trimEnd().split("\n");
  for (const at of [0, LINES - 1]) {
    const report = JSON.parse(lines[at] ?? "{}") as LineReport;
    if (!("offset" in report) || report.line !== at + 1 || report.offset !== firstOffset + at)
      throw new Error(`line ${at + 1}: ${lines[at] ?? "no report"}`);
  }
  return seconds;
}

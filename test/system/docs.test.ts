/** The pages of `docs/`: every block fenced `sh run` is typed into a shell, in order, against a broker of its own. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../harness/paths.ts";
import { shellBlocks } from "../harness/shell-blocks.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const DOCS = join(ROOT, "docs");
const BIN = join(ROOT, "node_modules", ".bin");
/** Where `npm start` serves. */
const SHOWN_URL = "localhost:8787";

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
beforeAll(async () => {
  dir = await tempDir("docs");
  broker = await startBroker({ dir: dir.path });
});
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

interface Ran {
  readonly exitCode: number | null;
  readonly output: string;
}

async function run(script: string): Promise<Ran> {
  const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}` };
  const shell = spawn("bash", ["-euo", "pipefail", "-c", script.replaceAll(SHOWN_URL, `localhost:${broker.port}`)], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const exitCode = await new Promise<number | null>((resolve) => shell.once("close", resolve));
  return { exitCode, output };
}

describe.each(readdirSync(DOCS).filter((name) => name.endsWith(".md")))("docs/%s", (name) => {
  const blocks = shellBlocks(readFileSync(join(DOCS, name), "utf8"));

  test("has something to type", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });

  test.each(blocks)("line $line: does what it says", async ({ code, shows }) => {
    const { exitCode, output } = await run(code);
    expect([exitCode, output]).toEqual([0, output]);
    for (const line of shows) expect(output).toMatch(line);
  });
});

test("a command that fails is caught, and so is what it does not say", async () => {
  expect((await run("false")).exitCode).toBe(1);
  const [block] = shellBlocks("```sh run\necho here\n```\n\n```text\nh…e\nthere\n```\n");
  const { output } = await run(block?.code ?? "");
  expect(block?.shows.map((line) => line.test(output))).toEqual([true, false]);
});

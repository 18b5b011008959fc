/**
 * The pages of `docs/`: every block fenced `sh run` is typed into a shell, in order, against a broker whose doors are
 * open. One fenced `sh serve` puts another in its place, with the settings that the page has put into `.dev.vars`.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../harness/paths.ts";
import { codeBlocks } from "../harness/readme-blocks.ts";
import { settingsIn, shellBlocks } from "../harness/shell-blocks.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const DOCS = join(ROOT, "docs");
const BIN = join(ROOT, "node_modules", ".bin");
/** Where `npm start` serves. */
const SHOWN_URL = "localhost:8787";
/** What a `serve` block says; a bare workerd does the same here. */
const SERVE = "npx wrangler dev --port 8787";
/** Files that a page makes. The project's own are not to be touched. */
const PAGES_FILES = [".dev.vars", ".token", ".ingest-key"];

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
/** What pages call at the moment. */
let called: Workerd;
beforeAll(async () => {
  dir = await tempDir("docs");
  broker = await startBroker({ dir: dir.path });
  called = broker;
});
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

interface Ran {
  readonly exitCode: number | null;
  readonly output: string;
}

async function serve(name: string): Promise<void> {
  const variables = settingsIn(readFileSync(join(dir.path, ".dev.vars"), "utf8"));
  const storage = join(dir.path, `${name}-storage`);
  mkdirSync(storage);
  called = await startBroker({ dir: storage, variables });
}

function asHere(script: string): string {
  const there = script.replaceAll(SHOWN_URL, `localhost:${called.port}`);
  return PAGES_FILES.reduce((text, file) => text.replaceAll(file, join(dir.path, file)), there);
}

async function run(script: string): Promise<Ran> {
  const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}` };
  const shell = spawn("bash", ["-euo", "pipefail", "-c", asHere(script)], {
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

/** Pages for app developers show programs, which `test/readme.test.ts` compiles, and nothing to type. */
const PROGRAMS_ONLY = ["chunking.md", "client.md", "storage.md", "tables.md", "transactions.md", "typed-topics.md"];

test.each(PROGRAMS_ONLY)("docs/%s shows programs", (name) => {
  expect(codeBlocks(readFileSync(join(DOCS, name), "utf8")).length).toBeGreaterThan(0);
});

const typed = readdirSync(DOCS).filter((name) => name.endsWith(".md") && !PROGRAMS_ONLY.includes(name));
describe.each(typed)("docs/%s", (name) => {
  const blocks = shellBlocks(readFileSync(join(DOCS, name), "utf8"));

  test("has something to type", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });

  afterAll(async () => {
    if (called !== broker) await called.kill();
    called = broker;
  });

  test.each(blocks)("line $line: does what it says", async ({ does, code, shows }) => {
    if (does === "serve") {
      expect(code.trim()).toBe(SERVE);
      await serve(name);
      return;
    }
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

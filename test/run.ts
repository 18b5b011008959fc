/**
 * `npm test`: everything that must hold, one step after the other on purpose (browsers, workerd and the compiler would
 * take each other's time). Every step runs whatever the others said; the last line of output has the sum, in which a
 * check that fails counts as one failed test.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { unanswered, UNPROVOKED } from "./harness/every-code.ts";
import { ensureChromium } from "./harness/find-chromium.ts";
import { ensureFirefox, ensureWebKit } from "./harness/find-engines.ts";
import { endMarked, markedWith } from "./harness/marked-processes.ts";
import { ROOT } from "./harness/paths.ts";
import { signalGroup } from "./harness/process-group.ts";
import { add, countsOf, NONE, ONE_FAILED, summaryLine, type Counts } from "./harness/vitest-report.ts";

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}
interface StepResult {
  readonly counts: Counts;
  /** Shown when something failed. */
  readonly output: string;
}

const STEP_MS_MAX = 20 * 60_000;
/** What a step started ends with it, or a little later. */
const LEFT_MS_MAX = 10_000;
const BIN = join(ROOT, "node_modules", ".bin");
const REPORTS = join(ROOT, ".build", "reports");

function run(command: string, args: readonly string[]): Promise<Ended> {
  const mark = crypto.randomUUID();
  const path = `${BIN}${delimiter}${process.env["PATH"] ?? ""}`;
  const env = { ...process.env, ...markedWith(mark), PATH: path, NO_COLOR: "1" };
  const child = spawn(command, args, { cwd: ROOT, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const note = (text: string): void => void (output += text);
  child.stdout.setEncoding("utf8").on("data", note);
  child.stderr.setEncoding("utf8").on("data", note);
  // Browsers and servers lead groups of their own.
  const end = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    endMarked(mark);
  };
  const timer = setTimeout(() => {
    note(`\nnot done after ${STEP_MS_MAX / 60_000} minutes: killed\n`);
    end();
  }, STEP_MS_MAX);
  process.once("exit", end);
  return new Promise((resolve) => {
    let left: NodeJS.Timeout | undefined;
    const done = (exitCode: number | null): void => {
      clearTimeout(timer);
      clearTimeout(left);
      process.off("exit", end);
      endMarked(mark);
      resolve({ exitCode, output });
    };
    child.once("error", (error) => {
      note(error.message);
      done(null);
    });
    // What outlives it holds its output open, and this run with it.
    child.once("exit", () => (left = setTimeout(end, LEFT_MS_MAX)));
    child.once("close", done);
  });
}

async function check(command: string, ...args: readonly string[]): Promise<StepResult> {
  const { exitCode, output } = await run(command, args);
  return { counts: exitCode === 0 ? NONE : ONE_FAILED, output };
}

async function vitest(project: string, ...args: readonly string[]): Promise<StepResult> {
  const report = join(REPORTS, `${project}.json`);
  rmSync(report, { force: true });
  // Its reporters stand in its configuration: the JSON one among them writes where it is told to.
  process.env["STRANDLINE_REPORT"] = report;
  const { exitCode, output } = await run("vitest", ["run", `--project=${project}`, ...args]);
  return { counts: countsOf(jsonAt(report), exitCode), output };
}

/** Of the whole run in workerd before: each answer that no test was given is a failure, by its name. */
async function everyCode(): Promise<StepResult> {
  const { ROUTES } = await import("../edge/app.ts");
  const { EVERY_ROUTE } = await import("../edge/openapi/document.ts");
  const routes = ROUTES.map(([method, path, { doc }]) => ({ method, path, doc }));
  const told = { routes, everyRoute: EVERY_ROUTE, unprovoked: UNPROVOKED };
  const lines = unanswered(jsonAt(join(REPORTS, "workerd.json")), told);
  return { counts: { ...NONE, failed: lines.length }, output: lines.join("\n") };
}

function jsonAt(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as unknown;
  } catch {
    return null;
  }
}

/** Found (or installed) once and handed on to every step. */
function findBrowser(): Promise<StepResult> {
  process.env["STRANDLINE_CHROMIUM"] = ensureChromium();
  return Promise.resolve({ counts: NONE, output: "" });
}

type Step = readonly [name: string, step: () => Promise<StepResult>];

const FIND_BROWSER: Step = ["browser found", findBrowser];
const BROWSER: Step = ["tests: browser", () => vitest("browser")];
/** What `npm test` runs: it needs Chromium alone. */
const STEPS: readonly Step[] = [
  FIND_BROWSER,
  ["format", () => check("oxfmt", "--check")],
  ["lint", () => check("oxlint")],
  ["types", () => check("tsc", "-b")],
  ["dead code", () => check("knip", "--no-progress", "--no-config-hints")],
  ["tests: node", () => vitest("node")],
  ["tests: workerd", () => vitest("workerd")],
  ["every code", everyCode],
  BROWSER,
  ["tests: system", () => vitest("system")],
];
/** The browser tests once more, in Firefox and WebKit. */
const OTHER_ENGINES: readonly Step[] = [
  ["tests: firefox", () => otherEngine("firefox", ensureFirefox)],
  ["tests: webkit", () => otherEngine("webkit", ensureWebKit)],
];

/** A missing browser is one failure, with the sentence that says what to install. */
function otherEngine(project: string, ensure: () => unknown): Promise<StepResult> {
  ensure();
  return vitest(project, "--config=vitest.engines.config.ts");
}

/** `--browsers`: the browser tests in all three engines, and nothing else. `--all`: everything. */
function stepsFor(args: readonly string[]): readonly Step[] {
  if (args.includes("--browsers")) return [FIND_BROWSER, BROWSER, ...OTHER_ENGINES];
  return args.includes("--all") ? [...STEPS, ...OTHER_ENGINES] : STEPS;
}

async function attempt(step: () => Promise<StepResult>): Promise<StepResult> {
  try {
    return await step();
  } catch (error) {
    return { counts: ONE_FAILED, output: error instanceof Error ? error.message : String(error) };
  }
}

function stepLine(name: string, counts: Counts, tookMs: number): string {
  const verdict = counts.failed > 0 ? "FAILED" : "ok";
  const tests = counts.passed > 0 ? `${counts.passed} passed` : "";
  return `${name.padEnd(16)} ${verdict.padEnd(7)} ${(tookMs / 1000).toFixed(1).padStart(6)} s  ${tests}`.trimEnd();
}

async function main(): Promise<void> {
  mkdirSync(REPORTS, { recursive: true });
  let total = NONE;
  for (const [name, step] of stepsFor(process.argv.slice(2))) {
    const startedAt = performance.now();
    const { counts, output } = await attempt(step);
    total = add(total, counts);
    if (counts.failed > 0) console.log(output.trimEnd());
    console.log(stepLine(name, counts, performance.now() - startedAt));
  }
  console.log(summaryLine(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
await main();

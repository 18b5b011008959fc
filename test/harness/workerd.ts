/**
 * A bare workerd: the runtime of Cloudflare Workers as one child process, without wrangler's proxy in front of it.
 * Its Durable Objects live in SQLite files below `dir` and are found again by the next one that is started there.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { endOnExit, groupGone, signalGroup } from "./process-group.ts";
import { workerdConfig, type DurableObjectClass } from "./workerd-config.ts";

export type { DurableObjectClass } from "./workerd-config.ts";

export interface WorkerdOptions {
  /** The bundled Worker (`bundleWorker`). */
  readonly code: string;
  readonly objects: readonly DurableObjectClass[];
  /** Text bindings. */
  readonly variables?: Readonly<Record<string, string>>;
  /** It may fetch from this machine. */
  readonly fetchesLocally?: boolean;
  /** That of wrangler.toml where absent. */
  readonly compatibilityDate?: string;
  /** Configuration, code and storage. Made where missing. */
  readonly dir: string;
  /** Absent or 0: any free one. */
  readonly port?: number;
  readonly readyWithinMs?: number;
}

export interface Workerd {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it wrote to stderr so far: uncaught exceptions of the Worker among it. */
  stderr(): string;
  /** SIGTERM, then waits; workerd stays for connections that are kept alive, so SIGKILL ends what is left after a second. */
  stop(): Promise<void>;
  /** SIGKILL, in the middle of whatever it does, then waits. */
  kill(): Promise<void>;
  /** A new process on the same storage and port. Only after `stop` or `kill`. */
  restart(): Promise<Workerd>;
}

export class WorkerdStartError extends Error {
  override readonly name = "WorkerdStartError";
  readonly stderr: string;

  constructor(reason: string, stderr: string) {
    super(`workerd did not start: ${reason}\n${stderr}`);
    this.stderr = stderr;
  }
}

/** The package is the path of its executable, untyped. */
const { default: workerdPath } = createRequire(import.meta.url)("workerd") as { readonly default: string };

const COMPATIBILITY_DATE = "2026-08-01";
const READY_MS_MAX = 20_000;
const POLL_MS = 20;
const STOP_GRACE_MS = 1_000;
/** The descriptor on which workerd says which port it got. */
const CONTROL_FD = 3;

export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const child = await spawnWorkerd(options);
  const stderr = collect(child.stderr);
  const pid = child.pid;
  if (pid === undefined) throw new WorkerdStartError(await spawnFailure(child), stderr());
  endOnExit(pid);
  const until = performance.now() + (options.readyWithinMs ?? READY_MS_MAX);
  try {
    const port = await listeningPort(child, until);
    const url = `http://localhost:${port}`;
    await answersAt(`http://127.0.0.1:${port}/`, child, until);
    return handleOf({ options, pid, port, url, stderr });
  } catch (error) {
    signalGroup(pid, "SIGKILL");
    await groupGone(pid);
    throw new WorkerdStartError(error instanceof Error ? error.message : String(error), stderr());
  }
}

async function spawnWorkerd(options: WorkerdOptions): Promise<ChildProcess> {
  const dir = resolve(options.dir);
  const storageDir = join(dir, "storage");
  await mkdir(storageDir, { recursive: true });
  const config = workerdConfig({
    port: options.port ?? 0,
    storageDir,
    moduleFile: "worker.js",
    compatibilityDate: options.compatibilityDate ?? COMPATIBILITY_DATE,
    objects: options.objects,
    variables: options.variables ?? {},
    fetchesLocally: options.fetchesLocally ?? false,
  });
  await writeFile(join(dir, "worker.js"), options.code);
  await writeFile(join(dir, "config.capnp"), config);
  const args = ["serve", join(dir, "config.capnp"), `--control-fd=${CONTROL_FD}`];
  return spawn(workerdPath, args, { detached: true, stdio: ["ignore", "ignore", "pipe", "pipe"] });
}

function handleOf(running: {
  readonly options: WorkerdOptions;
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly stderr: () => string;
}): Workerd {
  const { options, pid, port, url, stderr } = running;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    signalGroup(pid, signal);
    await groupGone(pid);
  };
  return {
    url,
    port,
    pid,
    stderr,
    stop: async () => {
      signalGroup(pid, "SIGTERM");
      await groupGone(pid, STOP_GRACE_MS).catch(() => end("SIGKILL"));
    },
    kill: () => end("SIGKILL"),
    restart: () => startWorkerd({ ...options, port }),
  };
}

/** workerd writes one JSON object a line: `{"event":"listen","socket":"http","port":4711}`. */
async function listeningPort(child: ChildProcess, until: number): Promise<number> {
  const said = collect(child.stdio[CONTROL_FD] as Readable);
  for (;;) {
    const match = /"event":"listen".*?"port":(\d+)/.exec(said());
    if (match !== null) return Number(match[1]);
    await nextPoll(child, until, "it does not listen");
  }
}

/** Any answer will do: a Worker that throws has started. */
async function answersAt(url: string, child: ChildProcess, until: number): Promise<void> {
  for (;;) {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(until - performance.now())));
    try {
      const answer = await fetch(url, { signal });
      await answer.arrayBuffer();
      return;
    } catch {
      await nextPoll(child, until, "it does not answer");
    }
  }
}

async function nextPoll(child: ChildProcess, until: number, why: string): Promise<void> {
  if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}`);
  if (child.signalCode !== null) throw new Error(`it was ended by ${child.signalCode}`);
  if (performance.now() > until) throw new Error(`${why} within the deadline`);
  await sleep(POLL_MS);
}

function spawnFailure(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.once("error", (error) => resolve(error.message)));
}

function collect(stream: Readable | null): () => string {
  let text = "";
  stream?.setEncoding("utf8").on("data", (part: string) => (text += part));
  return () => text;
}

/**
 * The worker's entry: it holds the life lock, opens the device, and lays out what the page may call.
 */
import { expose, transfer } from "comlink";
import { StrandlineError } from "../shared/strandline-error.ts";
import type { WorkerApi, WorkerCalls } from "./calls/worker-api.ts";
import type { WorkerEvent } from "./calls/worker-event.ts";
import type { WorkerOptions } from "./calls/worker-options.ts";
import { transferErrors } from "./comlink-errors.ts";
import { cryptoRandom, webLocks } from "./web-ports.ts";
import { WorkerCore } from "./worker/core.ts";
import { openWorkerDevice } from "./worker-graph.ts";
import { holdLife, lifeLockName } from "./worker-life.ts";

/** What the page may call: `open` alone, and everything else once that has answered. */
const api: Pick<WorkerApi, "open"> & Partial<WorkerCalls> = { open };
let opened = false;

async function open(
  options: WorkerOptions,
  tellPage: (event: WorkerEvent) => void,
  askToken: (() => Promise<string>) | null,
  onAlive: (lifeLock: string) => void,
): Promise<void> {
  if (opened) throw new StrandlineError("INVALID_ARGUMENT", "this worker is open already");
  opened = true;
  const locks = webLocks();
  const lifeLock = lifeLockName(
    Array.from(cryptoRandom.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join(""),
  );
  await holdLife(locks, lifeLock);
  onAlive(lifeLock);
  const { device, paused, begin } = await openWorkerDevice(options, { locks, askToken, tellPage });
  const core = new WorkerCore(device, { options, tellPage, paused });
  Object.assign(api, handingOver(core.calls));
  begin();
}

/** Buffers on their way to the page are handed over, not copied. */
function handingOver(calls: WorkerCalls): WorkerCalls {
  return {
    ...calls,
    poll: async (consumer, options) => {
      const answer = await calls.poll(consumer, options);
      return transfer(
        answer,
        answer.runs.map(({ buffer }) => buffer),
      );
    },
    pollTable: async (table, waitMs) => {
      const news = await calls.pollTable(table, waitMs);
      return transfer(
        news,
        [...news.kept, ...news.runs, ...news.pending].map(({ buffer }) => buffer),
      );
    },
    deadLetters: async (limit, topic) => withBuffers(await calls.deadLetters(limit, topic)),
  };
}

function withBuffers<Each extends { readonly buffer: ArrayBuffer }>(answers: Each[]): Each[] {
  return transfer(
    answers,
    answers.map(({ buffer }) => buffer),
  );
}

// Elsewhere there is no page to answer: importing this does nothing there.
if ("DedicatedWorkerGlobalScope" in globalThis) {
  transferErrors("convert");
  expose(api);
}
